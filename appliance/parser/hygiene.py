"""Text that is safe to keep: no control characters, no halves of characters, any encoding read.

Nothing is normalised: what a reader sees is what detectors and offsets see. Zero-width and bidirectional
characters stay, since finding text hidden with them is the business of whoever screens the text.
"""

import codecs
import re

_CONTROLS = {c: None for c in (*range(0x00, 0x20), *range(0x7F, 0xA0)) if c not in (0x09, 0x0A, 0x85)}
_CONTROLS[0x85] = "\n"  # type: ignore[assignment]  # NEL ends a line in EBCDIC-born text
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_HALVES = re.compile("[\ud800-\udfff\ufffe\uffff]")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def clean(text: str) -> str:
    """Remove control characters other than newline and tab; replace lone surrogates and
    non-characters by U+FFFD; make every line end a newline."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not _UNSAFE.search(text):
        return text
    return _HALVES.sub("\ufffd", text).translate(_CONTROLS)


def squeeze(text: str) -> str:
    """Clean text of one paragraph or cell: runs of blanks become one space, also across line breaks."""
    return " ".join(clean(text).split())


def keep_length(text: str) -> str:
    """Replace what `clean` would remove, one for one, so that offsets into the text stay true."""
    return _UNSAFE.sub("\ufffd", text) if _UNSAFE.search(text) else text


def decode(content: bytes) -> str:
    """Read text in whatever encoding it is: a byte order mark, UTF-8, UTF-16 without a mark, else the
    likeliest legacy encoding. Never raises; what cannot be read becomes U+FFFD."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode(_guess(content), "replace")
    wide = wide_encoding(content)
    return content.decode(wide, "replace") if wide else text


def wide_encoding(content: bytes) -> str | None:
    """The UTF-16 variant of text without a byte order mark, told by where its NUL bytes stand; else None."""
    sample = content[:4096]
    if len(sample) < 4 or b"\0" not in sample:
        return None
    half = len(sample) // 2
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    if even > 0.4 and odd < 0.05:
        return "utf-16-be"
    return None


def _guess(content: bytes) -> str:
    wide = wide_encoding(content)
    if wide:
        return wide
    from charset_normalizer import from_bytes

    best = from_bytes(content[:65536]).best()
    return best.encoding if best is not None else "cp1252"
