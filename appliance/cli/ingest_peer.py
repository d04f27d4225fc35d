"""The peer of `bench ingest`: a plain LlamaIndex pipeline, as its documentation shows one.

    python -m appliance.cli.ingest_peer FOLDER INDEX PACKS EMBEDDING SPACY

SimpleDirectoryReader, Presidio with the same spaCy model, SentenceSplitter at what the model reads, the same
embedding model by sentence-transformers, a Qdrant collection on disk. No sandbox, no vault, no encryption, no
record, nothing to resume by. Prints one JSON object.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

BATCH = 32
TOKENS = 256


def main(folder: str, index: str, packs: str, embedding: str, spacy_pack: str) -> None:
    """Ingest `folder`; report seconds from the first import to the last point on disk."""
    began = time.perf_counter()
    from llama_index.core import SimpleDirectoryReader
    from llama_index.core.node_parser import SentenceSplitter
    from qdrant_client import QdrantClient, models
    from sentence_transformers import SentenceTransformer

    analyzer = _analyzer(Path(packs) / spacy_pack)
    model = SentenceTransformer(str(Path(packs) / embedding), device="cpu", local_files_only=True)
    documents = SimpleDirectoryReader(folder).load_data()
    for document in documents:
        document.set_content(_without(document.text, analyzer.analyze(document.text, "en")))
    nodes = SentenceSplitter(chunk_size=TOKENS, chunk_overlap=20).get_nodes_from_documents(documents)
    vectors = model.encode([node.get_content() for node in nodes], batch_size=BATCH, show_progress_bar=False)
    client = QdrantClient(path=index)
    client.create_collection("notes", models.VectorParams(size=vectors.shape[1], distance=models.Distance.COSINE))
    for start in range(0, len(nodes), BATCH):
        points = [
            models.PointStruct(id=n, vector=vectors[n].tolist(), payload={"text": nodes[n].get_content()})
            for n in range(start, min(start + BATCH, len(nodes)))
        ]
        client.upsert("notes", points)
    client.close()
    print(json.dumps({"files": len(documents), "chunks": len(nodes), "seconds": time.perf_counter() - began}))


def _without(text: str, found: Any) -> str:
    """`text` with what Presidio found replaced by its type."""
    for each in sorted(found, key=lambda one: -one.start):
        text = f"{text[: each.start]}[{each.entity_type}]{text[each.end :]}"
    return text


def _analyzer(spacy_folder: Path) -> Any:
    """Presidio with its own recognizers over the same spaCy model; its list of top-level domains is not fetched."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    offline: Any = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.extract = tldextract.tldextract.TLD_EXTRACTOR = offline
    model = next(iter(sorted(spacy_folder.rglob("config.cfg")))).parent

    class Loaded(SpacyNlpEngine):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            loaded: Any = {"en": spacy.load(model)}
            self.nlp = loaded

        def load(self) -> None:
            """It is loaded: nothing is downloaded."""

    return AnalyzerEngine(nlp_engine=Loaded(), supported_languages=["en"])


if __name__ == "__main__":
    main(*sys.argv[1:6])
