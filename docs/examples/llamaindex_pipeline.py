"""The appliance's parts in plain LlamaIndex code. Run: python docs/examples/llamaindex_pipeline.py HOME LOGIN

1. Redactor: a TransformComponent, first in any ingestion pipeline.
2. ScopedRetriever: a BaseRetriever that finds only what one person may read; PassageReranker: a node postprocessor.
3. AuditedQueryEngine: a BaseQueryEngine whose every answer is verified, cited and recorded.
"""

import sys
from pathlib import Path

from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document

from appliance.access.grants import Purpose
from appliance.assembly.parts import Appliance
from appliance.assembly.query_engine import AuditedQueryEngine
from appliance.redaction import EphemeralVault, Redactor, load_profile
from appliance.search.components import PassageReranker, ScopedRetriever
from appliance.settings import load

LETTER = "Dear Dr Lindqvist, thank you for seeing Mrs Maria Okafor (MRN 00482913) about her warfarin dose."


def main(home: Path, login: str, question: str = "When is the heparin infusion stopped?") -> dict[str, object]:
    appliance = Appliance.open(load(home))
    try:
        # 1. redaction in anybody's pipeline
        profile = load_profile(appliance.settings.policies, "strict")
        redactor = Redactor(appliance.detector, profile, EphemeralVault())
        nodes = IngestionPipeline(transformations=[redactor, SentenceSplitter()]).run(documents=[Document(text=LETTER)])
        print(nodes[0].get_content())

        # 2. retrieval inside what this person may read
        person = appliance.people.by_login(login)
        scope = appliance.access.readable(person, Purpose.TREATMENT)
        retriever = ScopedRetriever(appliance.retriever, scope, appliance.catalog.hidden_versions(), k=12)
        found = PassageReranker(appliance.reranker, top_n=3).postprocess_nodes(
            retriever.retrieve(question), query_str=question
        )
        for node in found:
            print(f"{node.score:.2f} {node.metadata['title']}, page {node.metadata['pages']}")

        # 3. the whole journey
        response = AuditedQueryEngine(appliance.asking, person, Purpose.TREATMENT).query(question)
        print(response.metadata["status"], response, response.metadata["receipt"]["record"])
        return {"redacted": nodes[0].get_content(), "passages": found, "response": response}
    finally:
        appliance.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
