"""What the styles of a DOCX mean: which are titles, headings, captions and lists."""

import re
from dataclasses import dataclass

from appliance.parser.archive import Element, Package, attribute, child

_HEADING = re.compile(r"heading\s*([1-9])$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Look:
    """What a paragraph is. `level` is 1 to 9 for a heading."""

    title: bool = False
    level: int | None = None
    caption: bool = False
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Styles:
    """Looks by style id, inheritance resolved."""

    by_id: dict[str, Look]

    @classmethod
    def of(cls, package: Package, related: dict[str, tuple[str, str]]) -> "Styles":
        """Read the styles part of a document, if it has one."""
        part = next((path for kind, path in related.values() if kind == "styles"), None)
        if part is None or part not in package:
            return cls({})
        raw: dict[str, tuple[Look, str | None]] = {}
        for style in package.xml(part).iter("{*}style"):
            identity = attribute(style, "styleId")
            if identity:
                based = child(style, "basedOn")
                raw[identity] = (_own(style), attribute(based, "val") if based is not None else None)
        return cls({identity: _resolved(identity, raw) for identity in raw})

    def look(self, paragraph: Element) -> Look:
        """What a paragraph is, by its own properties and those of its style."""
        properties = child(paragraph, "pPr")
        if properties is None:
            return Look()
        style = child(properties, "pStyle")
        identity = attribute(style, "val") if style is not None else None
        look = self.by_id.get(identity or "", Look())
        if look == Look() and identity and identity not in self.by_id:
            look = _named(identity)
        level = _outline(properties)
        if level is not None:
            return Look(level=level)
        if look.title or look.level is not None or look.caption:
            return look
        numbering = child(properties, "numPr", "numId")
        if numbering is not None:
            return Look(listed=attribute(numbering, "val") != "0")
        return look


def _own(style: Element) -> Look:
    name = child(style, "name")
    look = _named(attribute(name, "val") or "" if name is not None else "")
    properties = child(style, "pPr")
    if properties is None or look != Look():
        return look
    level = _outline(properties)
    listed = child(properties, "numPr") is not None
    return Look(level=level, listed=listed and level is None)


def _named(name: str) -> Look:
    heading = _HEADING.match(name.strip())
    if heading:
        return Look(level=int(heading.group(1)))
    plain = name.strip().casefold()
    return Look(title=plain == "title", caption=plain == "caption", listed=plain.startswith("list "))


def _outline(properties: Element) -> int | None:
    outline = child(properties, "outlineLvl")
    value = attribute(outline, "val") if outline is not None else None
    return int(value) + 1 if value and value.isdigit() and int(value) < 9 else None


def _resolved(identity: str, raw: dict[str, tuple[Look, str | None]]) -> Look:
    seen: set[str] = set()
    at: str | None = identity
    while at is not None and at in raw and at not in seen:
        look, based = raw[at]
        if look != Look():
            return look
        seen.add(at)
        at = based
    return Look()
