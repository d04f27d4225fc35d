"""Zip containers and XML from strangers: sizes checked before anything is unpacked, entities never expanded.

Open Packaging Conventions (ECMA-376 part 2) are what DOCX, XLSX and PPTX are packed by.
"""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, TypeAlias

from lxml import etree

from appliance.parser.failure import ParseFailure
from appliance.parser.limits import Limits

Element: TypeAlias = Any
"""An lxml element; lxml brings no types."""
RELATIONSHIPS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_CHECKED_FROM = 1024 * 1024


def checked_zip(content: bytes, limits: Limits) -> zipfile.ZipFile:
    """A zip file whose directory promises no more than the limits allow.

    Raises ParseFailure when it is no whole zip file or would unpack to too much. Entries that overlap, as
    those of a bomb that packs one body under many names do, are refused by zipfile itself when they are read.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, OSError):
        raise ParseFailure("damaged") from None
    if len(entries) > limits.max_entries or sum(e.file_size for e in entries) > limits.max_unpacked_bytes:
        raise ParseFailure("too_large")
    for entry in entries:
        packed = max(1, entry.compress_size)
        if entry.file_size > _CHECKED_FROM and entry.file_size / packed > limits.max_unpack_ratio:
            raise ParseFailure("too_large")
    return archive


class Package:
    """An Office Open XML file: parts by name, and what each part points to. Read in memory only."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        """Raises ParseFailure when it is no whole zip file, encrypted, or would unpack to too much."""
        self._zip = checked_zip(content, limits)
        entries = self._zip.infolist()
        if any(entry.flag_bits & 1 for entry in entries):
            raise ParseFailure("encrypted")
        self._names = {entry.filename.lstrip("/").casefold(): entry.filename for entry in entries}

    def __contains__(self, part: str) -> bool:
        return part.casefold() in self._names

    def parts(self, prefix: str) -> list[str]:
        """The names of parts that begin with a prefix, sorted."""
        return sorted(name for name in self._names.values() if name.casefold().startswith(prefix.casefold()))

    def read(self, part: str) -> bytes:
        """The bytes of a part. Raises ParseFailure("damaged") when it is missing or broken."""
        with self.open(part) as stream:
            try:
                return stream.read()
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
                raise ParseFailure("damaged") from None

    def open(self, part: str) -> IO[bytes]:
        """A part as a stream."""
        name = self._names.get(part.casefold())
        if name is None:
            raise ParseFailure("damaged")
        try:
            return self._zip.open(name)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError):
            raise ParseFailure("damaged") from None

    def xml(self, part: str) -> Element:
        """The root element of a part."""
        return parse_xml(self.read(part))

    def related(self, part: str) -> dict[str, tuple[str, str]]:
        """What a part points to inside the package: id -> (last word of the type, part name)."""
        folder, name = posixpath.split(part)
        rels = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
        found: dict[str, tuple[str, str]] = {}
        if rels not in self:
            return found
        for rel in self.xml(rels).iter(f"{RELATIONSHIPS}Relationship"):
            if rel.get("TargetMode") == "External":
                continue
            target = rel.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[rel.get("Id", "")] = (rel.get("Type", "").rpartition("/")[2], path)
        return found

    def main_part(self, fallback: str) -> str:
        """The part that is the document itself."""
        for kind, path in self.related("").values():
            if kind == "officeDocument" and path in self:
                return path
        if fallback in self:
            return fallback
        raise ParseFailure("damaged")

    def properties(self) -> Iterator[tuple[str, str]]:
        """Title, author and the like, as (label, value): they name people too."""
        if "docProps/core.xml" in self:
            for child in self.xml("docProps/core.xml"):
                label = _CORE.get(local(child))
                if label and child.text and child.text.strip():
                    yield label, child.text
        if "docProps/app.xml" in self:
            for child in self.xml("docProps/app.xml"):
                label = _APP.get(local(child))
                if label and child.text and child.text.strip():
                    yield label, child.text
        if "docProps/custom.xml" in self:
            for child in self.xml("docProps/custom.xml"):
                value = "".join(child.itertext()).strip()
                if child.get("name") and value:
                    yield child.get("name", ""), value


_CORE = {
    "title": "Title",
    "creator": "Author",
    "subject": "Subject",
    "keywords": "Keywords",
    "description": "Description",
    "lastModifiedBy": "Last modified by",
    "category": "Category",
}
_APP = {"Manager": "Manager", "Company": "Company"}


def parse_xml(content: bytes) -> Element:
    """The root of an XML document without DTD. Raises ParseFailure("damaged")."""
    if b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content[:65536]:
        raise ParseFailure("damaged")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise ParseFailure("damaged") from None


def local(element: Element) -> str:
    """The name of an element without its namespace, "" for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str | None:
    """An attribute by its local name, whatever its namespace."""
    value = element.get(name)
    if value is not None:
        return str(value)
    for key, found in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(found)
    return None


def child(element: Element, *path: str) -> Element | None:
    """The first descendant along a path of local names."""
    at: Element | None = element
    for name in path:
        if at is None:
            return None
        at = next((c for c in at if local(c) == name), None)
    return at
