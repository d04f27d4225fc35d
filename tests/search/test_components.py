"""Search inside a plain LlamaIndex pipeline."""

from appliance.search.components import ScopedRetriever
from tests.search.conftest import Room, scope
from tests.search.test_hybrid import WARD


def test_a_llama_index_retriever_returns_nodes_of_the_scope_only(room: Room) -> None:
    room.add("v1", "open", "ward", *WARD)
    nodes = ScopedRetriever(room.retriever, scope("open"), k=3).retrieve("When can my family see me?")
    assert len(nodes) == 3
    assert "Visitors" in nodes[0].node.get_content()
    assert nodes[0].node.metadata["version"] == "v1"
    assert ScopedRetriever(room.retriever, scope("closed")).retrieve("When can my family see me?") == []
