"""Redaction as a LlamaIndex component: a `TransformComponent` for anyone's ingestion pipeline.

LlamaIndex is imported here and nowhere else in redaction. Put the redactor first, before anything that
splits, embeds or stores: what a pipeline's own docstore or persisted cache sees before it is not redacted.

    pipeline = IngestionPipeline(transformations=[Redactor(detector, profile, EphemeralVault()), splitter])
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.schema import BaseNode, NodeRelationship, RelatedNodeInfo, TextNode, TransformComponent
from llama_index.core.schema import Document as LlamaDocument
from pydantic import PrivateAttr

from appliance.errors import Quarantined
from appliance.redaction.policy import Profile
from appliance.redaction.redact import readable_name, redact_texts
from appliance.redaction.surrogates import SurrogateSource

if TYPE_CHECKING:
    from appliance.redaction.detection import Detector

_NAMES = frozenset({"file_name", "file_path", "filename", "filepath", "source", "path", "document_title"})


class Redactor(TransformComponent):
    """Replaces identifiers in the text and metadata of nodes; nodes of one document are read together.

    New nodes come out: text, metadata that is text (redacted), a number or a truth value, and the relation to
    their source. Everything else a node carried (images, embeddings, original digests, ids made of file
    names) is left behind. Raises Quarantined for a node that is not text, and what the detectors raise.
    """

    _detector: "Detector" = PrivateAttr()
    _profile: Profile = PrivateAttr()
    _surrogates: SurrogateSource = PrivateAttr()

    def __init__(self, detector: "Detector", profile: Profile, surrogates: SurrogateSource) -> None:
        super().__init__()
        self._detector = detector
        self._profile = profile
        self._surrogates = surrogates

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """The redacted nodes, in the order given."""
        by_document: dict[str, list[int]] = defaultdict(list)
        for number, node in enumerate(nodes):
            by_document[node.ref_doc_id or node.node_id].append(number)
        made: dict[int, BaseNode] = {}
        for numbers in by_document.values():
            made |= zip(numbers, self._document([nodes[number] for number in numbers]), strict=True)
        return [made[number] for number in range(len(nodes))]

    def _document(self, nodes: Sequence[BaseNode]) -> list[BaseNode]:
        texts: list[str] = []
        places: list[tuple[int, str]] = []
        for number, node in enumerate(nodes):
            if type(node) not in (TextNode, LlamaDocument):  # a subclass carries what is not read here
                raise Quarantined("only nodes of text can be redacted", "Leave images and other media out")
            texts.append(node.get_content())
            places.append((number, ""))
            for key, value in node.metadata.items():
                if isinstance(value, str):
                    texts.append(readable_name(value) if key in _NAMES else value)
                    places.append((number, key))
        findings = self._detector.find(texts, self._profile)
        redacted = redact_texts(texts, findings, self._profile, self._surrogates)
        by_place = dict(zip(places, (text for text, _ in redacted), strict=True))
        return [_rebuilt(node, number, by_place) for number, node in enumerate(nodes)]


def _rebuilt(node: BaseNode, number: int, redacted: dict[tuple[int, str], str]) -> BaseNode:
    metadata = {
        key: redacted[number, key] if isinstance(value, str) else value
        for key, value in node.metadata.items()
        if isinstance(value, str | int | float | bool)
    }
    kind = LlamaDocument if isinstance(node, LlamaDocument) else TextNode
    made = kind(id_=_safe_id(node.node_id), text=redacted[number, ""], metadata=metadata)
    if node.ref_doc_id:
        made.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id=_safe_id(node.ref_doc_id))
    return made


def _safe_id(identifier: str) -> str:
    """A UUID as it is; any other id, which may be made of a file's name, as a UUID that hides it for this run."""
    try:
        return str(uuid.UUID(identifier))
    except ValueError:
        return str(uuid.uuid5(_RUN, identifier))


_RUN = uuid.uuid4()
