"""Showing a redacted text with its originals again, to somebody who has the right and stated a purpose.

Right, purpose and the audit record, which comes before the screen, are the caller's. What is returned is
for one response: it is not to be cached, logged or stored.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from appliance.errors import NotFound
from appliance.redaction.surrogates import SURROGATE
from appliance.redaction.vault import Vault


@dataclass(frozen=True, slots=True)
class Revealed:
    """A text with originals in it, and the surrogates that were revealed, for the record."""

    text: str = field(repr=False)
    surrogates: tuple[str, ...]


def reveal_in(text: str, domains: Iterable[str], vault: Vault) -> Revealed:
    """Put the originals of `domains` in the place of their surrogates in `text`.

    A surrogate that is unknown there, or was erased, stays. Raises IntegrityFailure when the vault's bytes do
    not match their key.
    """
    known: dict[str, str] = {}
    for surrogate in dict.fromkeys(match[0] for match in SURROGATE.finditer(text)):
        for domain in sorted(set(domains)):
            try:
                known[surrogate] = vault.reveal(domain, surrogate)
            except NotFound:
                continue
            break
    shown = SURROGATE.sub(lambda match: known.get(match[0], match[0]), text)
    return Revealed(shown, tuple(sorted(known)))
