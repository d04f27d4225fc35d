"""FHIR resources in JSON (HL7 FHIR R4 and R5), single, in bundles or one a line: a section for each resource.

What Patient, RelatedPerson and Person say of people goes out as known identifiers, so that redaction finds the
same names and numbers in notes. Attachments with their data become documents of their own.
"""

import base64
import binascii
import mimetypes
import re
from collections.abc import Iterator

from appliance.parser.failure import ParseFailure
from appliance.parser.formats.html import write_html
from appliance.parser.formats.json import values_of, write_value
from appliance.parser.hygiene import squeeze
from appliance.parser.output import Output

Record = dict[str, object]
PEOPLE = ("Patient", "RelatedPerson", "Person", "Practitioner")
_PLUMBING = ("resourceType", "meta", "text", "contained", "implicitRules", "extension", "modifierExtension")
_TITLE_FIELDS = ("code", "type", "category", "medicationCodeableConcept", "vaccineCode", "title", "description")
_SYSTEMS = {**dict.fromkeys(("phone", "fax", "sms"), "PHONE_NUMBER"), "email": "EMAIL_ADDRESS", "url": "URL"}
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
MAX_RESOURCES = 100_000


def warm() -> None:
    """The table of types is loaded with the mails' (`mail.warm`)."""
    mimetypes.init()


def read(content: bytes, output: Output) -> None:
    """Write a section for each resource. Raises ParseFailure."""
    resources = [r for value in values_of(content) for r in resources_of(value)]
    if not resources:
        raise ParseFailure("damaged")
    if len(resources) > MAX_RESOURCES:
        raise ParseFailure("too_large")
    output.head("fhir", 1)
    output.page(1)
    for resource in resources:
        _write(resource, output)


def resources_of(value: object, depth: int = 0) -> Iterator[Record]:
    """The resources of a value, those of a bundle and contained ones one by one."""
    if not isinstance(value, dict) or depth > 20:
        return
    if value.get("resourceType") == "Bundle":
        for entry in _list(value.get("entry")):
            if isinstance(entry, dict):
                yield from resources_of(entry.get("resource"), depth + 1)
    elif isinstance(value.get("resourceType"), str):
        yield value
        for contained in _list(value.get("contained")):
            yield from resources_of(contained, depth + 1)


def _write(resource: Record, output: Output) -> None:
    kind = str(resource["resourceType"])
    title = next((said for name in _TITLE_FIELDS if (said := _concept(resource.get(name)))), "")
    output.heading(squeeze(f"{_words(kind)}: {title}" if title else _words(kind)), 1)
    if kind in PEOPLE:
        _know(resource, output)
    narrative = resource.get("text")
    if isinstance(narrative, dict) and isinstance(narrative.get("div"), str):
        write_html(str(narrative["div"]), output)
    _attachments(resource, output, 0)
    lines: Record = {}
    for name, value in resource.items():
        if name not in _PLUMBING:
            lines[_words(name)] = _readable(value)
    write_value(lines, output)


def _know(person: Record, output: Output) -> None:
    for name in _list(person.get("name")):
        if said := _name(name):
            output.known("PERSON", said)
    for identifier in _list(person.get("identifier")):
        if isinstance(identifier, dict) and isinstance(identifier.get("value"), str):
            output.known(_identifier_type(identifier), str(identifier["value"]))
    for point in _list(person.get("telecom")):
        if isinstance(point, dict) and isinstance(point.get("value"), str):
            output.known(_SYSTEMS.get(str(point.get("system")), "ID"), str(point["value"]))
    for address in _list(person.get("address")):
        if isinstance(address, dict):
            for line in _list(address.get("line")):
                output.known("LOCATION", str(line))
    if isinstance(person.get("birthDate"), str):
        output.known("DATE_TIME", str(person["birthDate"]))
    for contact in _list(person.get("contact")):
        if isinstance(contact, dict) and (said := _name(contact.get("name"))):
            output.known("PERSON", said)


def _identifier_type(identifier: Record) -> str:
    """The kind of number, by its HL7 table 0203 code."""
    said = str(identifier.get("type", "")) + str(identifier.get("system", ""))
    if "us-ssn" in said or "'SS'" in said:
        return "US_SSN"
    return "MEDICAL_RECORD" if "'MR'" in said or not identifier.get("type") else "ID"


def _name(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    if isinstance(value.get("text"), str):
        return squeeze(str(value["text"]))
    parts = [*_list(value.get("given")), value.get("family", "")]
    return squeeze(" ".join(str(part) for part in parts if part))


def _concept(value: object) -> str:
    """What a CodeableConcept, or a plain string, says."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return ""
    if isinstance(value.get("text"), str):
        return str(value["text"])
    coding = next((c for c in _list(value.get("coding")) if isinstance(c, dict) and c.get("display")), None)
    return str(coding["display"]) if coding else ""


def _readable(value: object) -> object:
    """A value with names, concepts and quantities as they are said; what is only for machines left out."""
    if isinstance(value, list):
        return [_readable(v) for v in value]
    if not isinstance(value, dict):
        return value
    if "family" in value or "given" in value:
        return _name(value)
    if set(value) <= {"value", "unit", "system", "code", "comparator"} and "value" in value and "unit" in value:
        return squeeze(f"{value.get('comparator', '')}{value['value']} {value['unit']}")
    if set(value) <= {"coding", "text", "id"} and (said := _concept(value)):
        codes = [str(c.get("code", "")) for c in _list(value.get("coding")) if isinstance(c, dict)]
        shown = ", ".join(code for code in codes if code and code != said)
        return f"{said} ({shown})" if shown else said
    kept = {k: v for k, v in value.items() if k not in ("system", "extension", "data", "id", "url")}
    return {_words(k): _readable(v) for k, v in kept.items()}


def _attachments(value: object, output: Output, depth: int) -> None:
    """Attachments with data, wherever they stand; a Binary is one itself."""
    if depth > 50:
        return
    if isinstance(value, list):
        for inner in value:
            _attachments(inner, output, depth + 1)
    elif isinstance(value, dict):
        data, kind = value.get("data"), value.get("contentType")
        if isinstance(data, str) and isinstance(kind, str):
            _attach(value, data, kind, output)
        for name, inner in value.items():
            if name != "contained":
                _attachments(inner, output, depth + 1)


def _attach(value: Record, data: str, kind: str, output: Output) -> None:
    try:
        body = base64.b64decode(data, validate=False)
    except (binascii.Error, ValueError):
        output.warn("attachment_damaged")
        return
    ending = mimetypes.guess_extension(kind.split(";")[0].strip()) or ""
    title = squeeze(str(value.get("title") or "attachment"))
    name = title if ending and title.lower().endswith(ending) else f"{title}{ending}"
    output.block("metadata", f"Attachment: {name}")
    output.attach(name, len(body), lambda: body)


def _words(name: str) -> str:
    """A name of the standard in words: birthDate is birth date."""
    return _WORDS.sub(" ", name).lower() if name[:1].islower() else _WORDS.sub(" ", name)


def _list(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
