"""What a file is: by its content first; its name only breaks ties and is held against it.

A pure function over bytes and a name, standard library only. It looks inside a zip container's list of
entries and at the first kilobytes, and parses nothing.
"""

import io
import re
import zipfile
from dataclasses import dataclass

from appliance.parser.hygiene import decode, wide_encoding

EXTENSIONS = {
    "pdf": "pdf",
    **dict.fromkeys(("docx", "docm", "dotx", "dotm"), "word"),
    **dict.fromkeys(("xlsx", "xlsm", "xltx", "xltm"), "sheet"),
    **dict.fromkeys(("pptx", "pptm", "potx", "ppsx"), "slides"),
    "eml": "mail",
    **dict.fromkeys(("html", "htm", "xhtml"), "html"),
    **dict.fromkeys(("md", "markdown"), "markdown"),
    **dict.fromkeys(("csv", "tsv", "tab"), "csv"),
    **dict.fromkeys(("txt", "text", "log", "yaml", "yml", "ini"), "text"),
    **dict.fromkeys(("json", "jsonl", "ndjson"), "json"),
    "xml": "xml",
    "hl7": "hl7",
    **dict.fromkeys(("odt", "ott", "ods", "ots", "odp", "otp"), "opendocument"),
    "rtf": "rtf",
    "msg": "outlook",
    **dict.fromkeys(("mbox", "mbx"), "mailbox"),
    "zip": "archive",
    **dict.fromkeys(("doc", "dot"), "old_word"),
    **dict.fromkeys(("xls", "xlt"), "old_sheet"),
    **dict.fromkeys(("ppt", "pps", "pot"), "old_slides"),
    **dict.fromkeys(("png", "jpg", "jpeg", "tif", "tiff"), "image"),
}
"""The kind that an extension promises."""

_REFUSED = ("xlsb", "epub", "jar", "pages", "numbers", "key")
_OLD = ("old_word", "old_sheet", "old_slides")
"""Kinds that programs also give to RTF, HTML and CSV files, which then are read as what they are."""
_TEXTUAL = ("mail", "html", "markdown", "csv", "text", "json", "xml", "hl7", "mailbox")
_CLOSE = {"json": ("fhir",), "text": ("hl7", "mailbox"), "mailbox": ("mail",), "mail": ("mailbox",)}
"""What a file of a kind may turn out to be without being called something else."""
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_OTHER_BINARIES = (
    *(b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"GIF8", b"BM", b"RIFF", b"Rar!", b"7z\xbc\xaf"),
    *(b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"SQLite format 3\x00", b"ID3", b"OggS", b"\x00\x00\x01\x00"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("__properties_version1.0", "outlook"), ("WordDocument", "old_word"), ("PowerPoint Document", "old_slides"),
    ("Workbook", "old_sheet"), ("Book", "old_sheet"),
)  # fmt: skip
"""Streams of compound files that tell their kind, in the order asked for."""
_OPEN_XML = (("word/document", "word"), ("xl/workbook", "sheet"), ("ppt/presentation", "slides"))
_MAIL_FIELD = re.compile(
    r"(from|to|cc|subject|date|received|return-path|message-id|mime-version|delivered-to|x-[a-z-]+|sender|reply-to"
    r"|content-type|dkim-signature|user-agent|content-transfer-encoding)[ \t]*:",
    re.IGNORECASE,
)
_HL7_START = re.compile(r"\s*(MSH|FHS|BHS)([^\w\s])[^\w\s]{2,4}\2")
_XML_START = re.compile(r"\s*(<\?xml\b|<!--|<[A-Za-z_][\w.:-]*(\s+xmlns(:\w+)?\s*=|[^<>]*/?>))")
_RESOURCE = re.compile(r'"resourceType"\s*:\s*"[A-Z]')
_MAILBOX_START = re.compile(r"From \S+ .*\d:\d\d")
_HTML_START = re.compile(r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Detected:
    """A kind, or the reason code (of `wire.REASONS`) why there is none. Exactly one of them is None."""

    kind: str | None
    reason: str | None = None


def detect(content: bytes, name: str) -> Detected:
    """Tell the kind of a file. The name may be any string, a path, or empty.

    Content decides. A name that promises another kind gives "mismatch"; among the textual kinds, which
    cannot always be told apart by content, the name decides.
    """
    if not content.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        return Detected(None, "empty")
    extension = name.rpartition(".")[2].lower().strip() if "." in name else ""
    promised = EXTENSIONS.get(extension)
    found = _by_magic(content)
    if found is None:
        return _textual(content, extension, promised)
    if found.kind is None:
        # a name that promises something else than this unusable content is the more helpful answer
        if found.reason == "unsupported" and promised is not None:
            return Detected(None, "mismatch")
        return found
    return found if _is_near(promised, found.kind) and extension not in _REFUSED else Detected(None, "mismatch")


def _is_near(promised: str | None, found: str) -> bool:
    """Whether a file of a kind may bear a name that promises this one."""
    return promised is None or promised == found or promised in _OLD or found in _CLOSE.get(promised, ())


def _by_magic(content: bytes) -> Detected | None:
    if b"%PDF-" in content[:1024]:
        return Detected("pdf")
    if content.startswith(_IMAGES):
        return Detected("image")
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _container(content)
    if content.startswith(_OLE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in content
        return Detected(None, "encrypted") if encrypted else _compound(content)
    if content.lstrip()[:5] == b"{\\rtf":
        return Detected("rtf")
    if content.startswith(_OTHER_BINARIES):
        return Detected(None, "unsupported")
    if _is_binary(content):
        return Detected(None, "unsupported")
    return None


def _container(content: bytes) -> Detected:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            encrypted = any(entry.flag_bits & 1 for entry in archive.infolist())
            files = any(not entry.is_dir() for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError):
        return Detected(None, "damaged")
    if encrypted:
        return Detected(None, "encrypted")
    for prefix, kind in _OPEN_XML:
        if f"{prefix}.xml" in names or any(n.startswith(prefix) and n.endswith(".xml") for n in names):
            return Detected(kind)
    if "content.xml" in names and ("mimetype" in names or "META-INF/manifest.xml" in names):
        return Detected("opendocument")
    if "[Content_Types].xml" in names or "META-INF/MANIFEST.MF" in names or "META-INF/container.xml" in names:
        return Detected(None, "unsupported")
    return Detected("archive") if files else Detected(None, "empty")


def _compound(content: bytes) -> Detected:
    """What a compound file is, by the names of its streams, which its directory holds in UTF-16."""
    for name, kind in _OLE_STREAMS:
        if f"{name}\0".encode("utf-16-le") in content:
            return Detected(kind)
    return Detected(None, "unsupported")


def _is_binary(content: bytes) -> bool:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or wide_encoding(content):
        return False
    sample = content[:8192]
    odd = sum(1 for b in sample if b < 9 or 13 < b < 27 or 27 < b < 32)
    return odd > max(2, len(sample) // 50)


def _textual(content: bytes, extension: str, promised: str | None) -> Detected:
    if promised is not None and promised not in (*_TEXTUAL, *_OLD):
        # starts like nothing known, yet is no text either: damaged at its head, or something else
        return Detected(None, "mismatch")
    if extension in _REFUSED:
        return Detected(None, "mismatch")
    sample = decode(content[: 64 * 1024])
    if _HL7_START.match(sample.lstrip("\x0b")):
        return Detected("hl7")
    if _HTML_START.match(sample) and promised not in ("markdown", "xml"):
        return Detected("html")
    if promised in _OLD:
        promised = "csv" if promised == "old_sheet" and "\t" in sample else None
    if promised in ("mailbox", "mail", "text", None) and _MAILBOX_START.match(sample):
        return Detected("mailbox")
    return _structured(sample, promised) or _mail_or(sample, promised)


def _structured(sample: str, promised: str | None) -> Detected | None:
    """JSON, FHIR and XML, by name or by how the text begins; None for other text."""
    start = sample.lstrip()[:1]
    if promised == "json" or (promised is None and start and start in "{["):
        if promised is None and not sample.rstrip().endswith(("}", "]")):
            return None
        return Detected("fhir" if _RESOURCE.search(sample) else "json")
    if promised == "xml" or (promised is None and sample.lstrip().startswith("<?xml")):
        return Detected("xml") if _XML_START.match(sample) else Detected(None, "mismatch")
    if promised in ("hl7", "mailbox"):
        return Detected(None, "mismatch")
    return None


def _mail_or(sample: str, promised: str | None) -> Detected:
    if promised == "mail" or (promised is None and _looks_like_mail(sample)):
        return Detected("mail") if _looks_like_mail(sample, 1) else Detected(None, "mismatch")
    return Detected(promised or "text")


def _looks_like_mail(sample: str, needed: int = 3) -> bool:
    """Whether the text begins with a header block (RFC 5322, section 2.2) of known fields."""
    fields = 0
    for line in sample.lstrip().split("\n", 200)[:200]:
        if not line.strip():
            break
        if line[0] in " \t":
            continue
        if _MAIL_FIELD.match(line):
            fields += 1
        elif not re.match(r"[\w-]+[ \t]*:", line) and not line.startswith("From "):
            break
    return fields >= needed
