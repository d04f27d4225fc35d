"""Mail (RFC 5322, MIME): who, to whom, when and about what, then the text; attachments are named.

The subject is the title. The plain text body is preferred to the HTML one. Mails inside mails are read
too, as far as the limit of nesting; other attachments are documents of their own.
"""

import email
import email.parser
import email.policy
import mimetypes
from email.message import EmailMessage, Message
from functools import partial

from appliance.parser.failure import ParseFailure
from appliance.parser.formats.html import write_html
from appliance.parser.formats.text import write_paragraphs
from appliance.parser.hygiene import clean, decode, squeeze
from appliance.parser.output import Output

_FIELDS = ("From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Date")
_ENCRYPTED = ("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted", "application/pgp-encrypted")
MAX_PARTS = 1000


def warm() -> None:
    """Load the parser of mails, its code pages and the table of types."""
    import charset_normalizer  # noqa: F401

    mimetypes.init()


def read(content: bytes, output: Output) -> None:
    """Write the frames of a mail. Raises ParseFailure."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = decode(content).encode()
    message = email.message_from_bytes(content.lstrip(b"\xef\xbb\xbf\r\n"), policy=email.policy.default)
    if message.get_content_type() in _ENCRYPTED:
        raise ParseFailure("encrypted")
    output.head("mail", 1)
    output.page(1)
    write_mail(message, output)


def write_mail(message: Message, output: Output) -> None:
    """Write a mail into the page that was begun, and tell of its attachments."""
    _write(message, output, 0)


def _write(message: Message, output: Output, depth: int) -> None:
    if depth > min(output.limits.max_depth, 20):
        raise ParseFailure("too_large")
    subject = _field(message, "Subject")
    if subject:
        output.heading(subject, depth, kind="heading" if depth else "title")
    for name in _FIELDS:
        value = _field(message, name)
        if value:
            output.block("metadata", f"{name}: {value}")
    body = _body(message)
    if body is not None:
        _write_body(body, output)
    for part in _attachments(message, body):
        name = squeeze(clean(part.get_filename() or "")) or _nameless(part)
        if part.get_content_maintype() == "text" and not _is_file(part):
            _write_body(part, output)
        elif part.get_content_type() == "message/rfc822":
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                _write(inner[0], output, depth + 1)
        else:
            output.block("metadata", f"Attachment: {name}")
            body_bytes = part.get_payload(decode=True)
            if isinstance(body_bytes, bytes) and body_bytes:
                output.attach(name, len(body_bytes), partial(bytes, body_bytes))


def _nameless(part: Message) -> str:
    """A name for an attachment that has none, with the ending of its type."""
    return f"attachment{mimetypes.guess_extension(part.get_content_type()) or ''}"


def _field(message: Message, name: str) -> str:
    """A header field decoded; as it stands in the file where the decoder gives up."""
    try:
        values = message.get_all(name, [])
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):
        values = [value for key, value in message.raw_items() if key.lower() == name.lower()]
    return squeeze(clean(", ".join(str(value) for value in values)))


def _body(message: Message) -> Message | None:
    if isinstance(message, EmailMessage):
        found = message.get_body(preferencelist=("plain", "html"))
        if found is not None:
            return found
    for part in message.walk():
        if part.get_content_maintype() == "text" and not part.get_filename():
            return part
    return None


def _write_body(part: Message, output: Output) -> None:
    payload = part.get_payload(decode=True)
    text = _decoded(payload if isinstance(payload, bytes) else b"", part.get_content_charset())
    if not text.strip() and isinstance(part.get_payload(), str):
        text = str(part.get_payload())
    if not text.strip():
        return
    if part.get_content_type() == "text/html":
        write_html(text, output)
    else:
        write_paragraphs(text, output)


def _decoded(payload: bytes, charset: str | None) -> str:
    if charset:
        try:
            return payload.decode(charset)
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(payload)


def _attachments(message: Message, body: Message | None) -> list[Message]:
    """Parts that are files, mails or further texts of their own; the parts of an inner mail are the inner mail's."""
    found: list[Message] = []
    waiting: list[tuple[Message, bool]] = [(message, False)]
    while waiting and len(found) < MAX_PARTS:
        part, chosen = waiting.pop(0)
        if part is not message and part.get_content_type() == "message/rfc822":
            found.append(part)
        elif part.is_multipart():
            one_of = chosen or part.get_content_type() == "multipart/alternative"
            waiting.extend((p, one_of) for p in part.get_payload() if isinstance(p, Message))
        elif part is not body and (_is_file(part) or (part.get_content_maintype() == "text" and not chosen)):
            found.append(part)
    return found


def _is_file(part: Message) -> bool:
    return bool(part.get_filename()) or part.get_content_disposition() == "attachment"
