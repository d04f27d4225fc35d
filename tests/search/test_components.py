"""Search inside a plain LlamaIndex pipeline."""

from llama_index.core.schema import MetadataMode

from appliance.search.components import PassageReranker, ScopedRetriever
from tests.search.conftest import Room, scope
from tests.search.test_hybrid import WARD


def test_a_llama_index_retriever_returns_nodes_of_the_scope_only(room: Room) -> None:
    room.add("v1", "open", "ward", *WARD)
    nodes = ScopedRetriever(room.retriever, scope("open"), k=3).retrieve("When can my family see me?")
    assert len(nodes) == 3
    assert "Visitors" in nodes[0].node.get_content()
    assert nodes[0].node.metadata["version"] == "v1"
    assert ScopedRetriever(room.retriever, scope("closed")).retrieve("When can my family see me?") == []


def test_a_node_postprocessor_orders_retrieved_nodes_as_the_appliance_does(room: Room) -> None:
    room.add("v1", "open", "ward", *WARD)
    question = "When can my family see me?"
    nodes = ScopedRetriever(room.retriever, scope("open"), k=3).retrieve(question)
    ranked = PassageReranker(top_n=2).postprocess_nodes(list(reversed(nodes)), query_str=question)
    assert len(ranked) == 2
    assert "Visitors" in ranked[0].node.get_content()
    assert (ranked[0].score or 0) >= (ranked[1].score or 0)
    assert "features" not in ranked[0].node.get_content(metadata_mode=MetadataMode.LLM)
    assert PassageReranker(top_n=2).postprocess_nodes([], query_str=question) == []
