"""Search as LlamaIndex components: a `BaseRetriever` and a node postprocessor that plain LlamaIndex code can use.

LlamaIndex is imported here and nowhere else in search.
"""

from typing import Any

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from appliance.access.grants import ReadableScope
from appliance.search.chunk import Chunk, Passage
from appliance.search.hybrid import Retriever
from appliance.search.reranking import FeatureReranker, Reranker

UNSEEN = ("document", "version", "pages", "features")
"""Metadata that no model sees."""


class ScopedRetriever(BaseRetriever):
    """Retrieves for one person and purpose: the scope is fixed when it is made (invariant I3).

    Nodes carry redacted text; `document`, `version`, `pages` are metadata that no model sees; `features` are what
    retrieval measured, for `PassageReranker`.
    """

    def __init__(
        self, retriever: Retriever, scope: ReadableScope, hidden: frozenset[str] = frozenset(), k: int = 8
    ) -> None:
        super().__init__()
        self._retriever = retriever
        self._scope = scope
        self._hidden = hidden
        self._k = k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._retriever.retrieve(query_bundle.query_str, (), self._scope, self._hidden, self._k)
        return [
            NodeWithScore(
                node=TextNode(
                    id_=passage.chunk.id,
                    text=passage.chunk.text,
                    metadata={
                        "document": passage.document,
                        "version": passage.version,
                        "title": passage.chunk.title,
                        "section": list(passage.chunk.section),
                        "pages": list(passage.chunk.pages),
                        "features": dict(passage.features),
                    },
                    excluded_embed_metadata_keys=list(UNSEEN),
                    excluded_llm_metadata_keys=list(UNSEEN),
                ),
                score=passage.score,
            )
            for passage in found
        ]


class PassageReranker(BaseNodePostprocessor):
    """The appliance's reranking as a node postprocessor: the default features, or a site's cross-encoder.

    Takes the nodes of `ScopedRetriever` and keeps the `top_n` best, with the new score. Other nodes have no features:
    a cross-encoder orders them by their text, the default leaves them in their order.
    """

    top_n: int = 8
    _reranker: Any = PrivateAttr()

    def __init__(self, reranker: Reranker | None = None, top_n: int = 8) -> None:
        super().__init__(top_n=top_n)  # type: ignore[call-arg]
        self._reranker = reranker or FeatureReranker()

    @classmethod
    def class_name(cls) -> str:
        """LlamaIndex's name of the class."""
        return "PassageReranker"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None:
            return nodes[: self.top_n]
        known = {node.node.node_id: node for node in nodes}
        passages = [_passage(node) for node in nodes]
        ranked = self._reranker.rerank(query_bundle.query_str, passages)[: self.top_n]
        return [NodeWithScore(node=known[each.chunk.id].node, score=each.score) for each in ranked]


def _passage(node: NodeWithScore) -> Passage:
    metadata = node.node.metadata
    section = tuple(str(part) for part in metadata.get("section", ()))
    chunk = Chunk(node.node.node_id, 0, node.node.get_content(), str(metadata.get("title", "")), section, ())
    features = {str(name): float(value) for name, value in dict(metadata.get("features", {})).items()}
    return Passage(
        chunk, str(metadata.get("document", "")), str(metadata.get("version", "")), "", "", node.score or 0.0, features
    )
