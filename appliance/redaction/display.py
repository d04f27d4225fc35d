"""Showing a redacted text with its originals again, to somebody who has the right and stated a purpose.

The right and the purpose are in the `RevealGrant`, which only access makes. The audit record, which comes before
the screen, is the caller's. What is returned is for one response: it is not to be cached, logged or stored.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from appliance.access.grants import RevealGrant
from appliance.errors import NotFound
from appliance.redaction.surrogates import SURROGATE
from appliance.redaction.vault import Vault


@dataclass(frozen=True, slots=True)
class Original:
    """What a surrogate of a collection stands for."""

    surrogate: str
    domain: str
    text: str = field(repr=False)


def surrogates_in(text: str) -> list[str]:
    """The surrogates of a text, each once, in order."""
    return list(dict.fromkeys(match[0] for match in SURROGATE.finditer(text)))


def originals(surrogates: Iterable[str], grant: RevealGrant, vault: Vault) -> list[Original]:
    """What these surrogates stand for in the grant's collections, or in documents under its labels.

    One that is unknown there, or was erased, is left out: the same for all. Raises IntegrityFailure when the
    vault's bytes do not match their key.
    """
    found = []
    for surrogate in dict.fromkeys(surrogates):
        for domain in sorted(grant.collections | vault.domains_of(surrogate, grant.labels)):
            try:
                text = vault.reveal(domain, surrogate)
            except NotFound:
                continue
            found.append(Original(surrogate, domain, text))
            break
    return found


def revealed(text: str, known: Iterable[Original]) -> str:
    """`text` with originals in the place of their surrogates; an original that looks like one stays as it is."""
    by_surrogate = {each.surrogate: each.text for each in known}
    return SURROGATE.sub(lambda match: by_surrogate.get(match[0], match[0]), text)
