"""The error tree. Each error knows its HTTP status, its exit code, and what the reader can do about it.

Messages may reach a terminal, a page and the audit log: they never hold text of a document, an original
of a surrogate, or a password.
"""


class ApplianceError(Exception):
    """Something the program cannot do, said in one line, with advice in a second sentence."""

    exit_code = 1
    http_status = 500
    code = "failed"

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return " ".join(_sentence(part) for part in (self.message, self.advice) if part)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


class UsageError(ApplianceError):
    """The request itself is wrong: an unknown option, an empty question, a malformed setting."""

    exit_code = 2
    http_status = 400
    code = "usage"


class TooLarge(UsageError):
    """The request is beyond a stated limit."""

    http_status = 413
    code = "too_large"


class SignInRequired(ApplianceError):
    """Nobody is signed in, or the session has ended."""

    exit_code = 3
    http_status = 401
    code = "sign_in_required"


class Refused(ApplianceError):
    """Policy does not allow it."""

    exit_code = 3
    http_status = 403
    code = "refused"


class SecondFactorRequired(Refused):
    """The site wants a second factor, and this account has none yet."""

    code = "second_factor_required"


class Conflict(Refused):
    """Somebody else has changed it meanwhile."""

    exit_code = 1
    http_status = 409
    code = "conflict"


class PreconditionFailed(Conflict):
    """A change was meant for an older state than the one that is there."""

    http_status = 412
    code = "precondition_failed"


class NotFound(Refused):
    """No such object, or not the caller's: one answer for both (invariant I3)."""

    http_status = 404
    code = "not_found"


class TooManyRequests(Refused):
    """A rate limit was reached."""

    http_status = 429
    code = "too_many_requests"


class IntegrityFailure(ApplianceError):
    """A digest, a signature, a proof or an authenticated decryption did not match."""

    exit_code = 4
    code = "integrity"


class Unavailable(ApplianceError):
    """Something the program depends on is missing, locked, down or full."""

    exit_code = 5
    http_status = 503
    code = "unavailable"


class AuditUnavailable(Unavailable):
    """No audit device can write, so nothing may be answered (invariant I2)."""

    code = "audit_unavailable"


class Unreadable(ApplianceError):
    """A document cannot be read: empty, encrypted, damaged, of an unsupported kind, or over a limit."""

    http_status = 422
    code = "unreadable"


class Quarantined(ApplianceError):
    """A document is held back from the index until a person has looked at it."""

    http_status = 422
    code = "quarantined"
