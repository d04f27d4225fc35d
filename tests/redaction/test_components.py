"""The redactor in a plain LlamaIndex pipeline: nothing of an original is in what comes out."""

from pathlib import Path

import pytest
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document, ImageNode, NodeRelationship, RelatedNodeInfo, TextNode

from appliance.errors import Quarantined
from appliance.redaction.components import Redactor
from appliance.redaction.detection import Detector
from appliance.redaction.policy import load_profile
from appliance.redaction.surrogates import SURROGATE, EphemeralVault
from appliance.settings import SHIPPED_POLICIES

TEXT = (
    "Patient: Maria Okafor, MRN 00417735, born 3 May 1961. Maria Okafor was admitted with chest pain.\n\n"
    "Mrs Okafor can be reached at maria.okafor@example.org or (212) 555-0147. The dose was 5 mg twice a day."
)
LEFT = ("Okafor", "00417735", "example.org", "555-0147")


@pytest.fixture(scope="module")
def redactor(packs: Path) -> Redactor:
    return Redactor(Detector.open(packs), load_profile(SHIPPED_POLICIES, "strict"), EphemeralVault())


def test_a_pipeline_that_starts_with_the_redactor_gives_redacted_chunks(redactor: Redactor) -> None:
    source = Document(
        text=TEXT,
        id_="/scans/maria_okafor.txt",
        metadata={"file_name": "maria_okafor.txt", "author": "written by Maria Okafor", "pages": 2, "raw": [TEXT]},
    )
    pipeline = IngestionPipeline(transformations=[redactor, SentenceSplitter(chunk_size=64, chunk_overlap=0)])
    nodes = pipeline.run(documents=[source])
    assert len(nodes) > 1
    written = "".join(node.model_dump_json() for node in nodes)
    assert not [left for left in LEFT if left.lower() in written.lower()]
    assert "maria" not in written.lower()
    assert "chest pain" in written
    assert "5 mg" in written
    assert nodes[0].metadata["pages"] == 2
    assert "raw" not in nodes[0].metadata


def test_a_person_has_one_surrogate_in_all_nodes_of_a_document(redactor: Redactor) -> None:
    owner = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="okafor.txt")}
    nodes = [
        TextNode(text=text, relationships=dict(owner))
        for text in ("Maria Okafor was admitted to hospital.", "The patient, Mrs Okafor, was discharged.")
    ]
    made = redactor(nodes)
    found = {match[0] for node in made for match in SURROGATE.finditer(node.get_content()) if match[1] == "PERSON"}
    assert len(found) == 1
    assert len({node.ref_doc_id for node in made}) == 1
    assert made[0].ref_doc_id != "okafor.txt"


def test_the_nodes_given_are_not_changed(redactor: Redactor) -> None:
    node = TextNode(text=TEXT)
    redactor([node])
    assert node.text == TEXT


def test_a_node_that_is_no_text_stops_the_pipeline(redactor: Redactor) -> None:
    with pytest.raises(Quarantined):
        redactor([ImageNode(image="aGVsbG8=", text="a scan")])
