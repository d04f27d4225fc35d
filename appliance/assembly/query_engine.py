"""The whole journey of a question as a LlamaIndex query engine: recorded, cited, verified.

LlamaIndex is imported here and in the rooms' own `components.py`, nowhere else.
"""

import asyncio
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from appliance import ask
from appliance.access.grants import Person, Purpose
from appliance.answering.answer import Citation, VerifiedAnswer
from appliance.answering.shown import Finished
from appliance.assembly import wire


class AuditedQueryEngine(BaseQueryEngine):
    """Asks as one person for one purpose. The response's text is the verified answer, or empty; its metadata is
    the result of the command-line contract (`status`, `citations`, `receipt` ...); its nodes are the quotations."""

    def __init__(self, rooms: ask.Rooms, person: Person, purpose: Purpose, collection: str | None = None) -> None:
        super().__init__(callback_manager=None)
        self._rooms = rooms
        self._person = person
        self._purpose = purpose
        self._collection = collection

    def _query(self, query_bundle: QueryBundle) -> Response:
        journey = ask.ask(self._rooms, self._person, self._purpose, query_bundle.query_str, collection=self._collection)
        *_, last = journey
        if not isinstance(last, Finished):
            raise RuntimeError("the journey ended without an outcome")
        text = last.answer.text if isinstance(last.answer, VerifiedAnswer) else ""
        return Response(text, [_node(each) for each in last.quotes], wire.finished(last))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def _node(citation: Citation) -> NodeWithScore:
    metadata: dict[str, Any] = {
        "document": citation.document, "version": citation.version, "title": citation.title, "page": citation.page,
    }  # fmt: skip
    return NodeWithScore(node=TextNode(id_=citation.chunk, text=citation.quote, metadata=metadata), score=1.0)
