"""The one exception that formats raise when a file cannot be parsed."""

from appliance.parser.wire import REASONS


class ParseFailure(Exception):
    """A file that is refused: a reason code of `wire.REASONS` and the page it happened on, or 0.

    It carries no text of the file, and neither does the frame made of it.
    """

    def __init__(self, reason: str, page: int = 0) -> None:
        if reason not in REASONS:
            raise ValueError("not a reason code")
        super().__init__(reason)
        self.reason = reason
        self.page = page
