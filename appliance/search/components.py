"""Search as a LlamaIndex component: a `BaseRetriever` that a plain LlamaIndex pipeline can use.

LlamaIndex is imported here and nowhere else in search.
"""

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from appliance.access.grants import ReadableScope
from appliance.search.hybrid import Retriever


class ScopedRetriever(BaseRetriever):
    """Retrieves for one person and purpose: the scope is fixed when it is made (invariant I3).

    Nodes carry redacted text; `document`, `version`, `pages` and `section` are metadata that no model sees.
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
                    },
                    excluded_embed_metadata_keys=["document", "version", "pages"],
                    excluded_llm_metadata_keys=["document", "version", "pages"],
                ),
                score=passage.score,
            )
            for passage in found
        ]
