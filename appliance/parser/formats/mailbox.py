"""MBOX (RFC 4155): every mail of the box is a page; attachments are documents of their own."""

import email
import email.policy
import re

from appliance.parser.failure import ParseFailure
from appliance.parser.formats.mail import write_mail
from appliance.parser.output import Output

START = re.compile(rb"^From \S*@?\S* .*\d{1,2}:\d\d.*\r?$", re.MULTILINE)
"""The line that begins a mail: `From `, the sender, and a time as asctime(3) writes it."""
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def warm() -> None:
    """The parser of mails is loaded by the import of this module."""


def read(content: bytes, output: Output) -> None:
    """Write the mails of a box, one a page. Raises ParseFailure."""
    starts = [found for found in START.finditer(content) if _is_start(content, found.start())]
    if not starts:
        raise ParseFailure("mismatch")
    output.head("mailbox", len(starts))
    ends = [found.start() for found in starts[1:]] + [len(content)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
        raw = _QUOTED.sub(rb"\1", content[start.end() : end])
        output.page(number)
        output.leave_sections()
        write_mail(email.message_from_bytes(raw.lstrip(b"\r\n"), policy=email.policy.default), output)


def _is_start(content: bytes, at: int) -> bool:
    """A `From ` line counts at the beginning and after an empty line."""
    return at == 0 or content[at - 2 : at] == b"\n\n" or content[at - 4 : at] == b"\r\n\r\n"
