"""The original words of questions that held identifiers: in the vault, under a key each, found by reference only.

The audit log holds the redacted question and this reference (`vault_reference`). Whoever may see originals can look
one up; erasing a person erases every wording that names them; destroying a wording's key forgets it.
"""

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select

from appliance.errors import NotFound
from appliance.redaction.surrogates import normal_form
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing
from appliance.storage.tables import surrogate as vault

DOMAIN = "questions"
TYPE = "QUESTION"
_CONTEXT = b"wording"
_PAD_BYTES = 256


class Wordings:
    """The wordings of one home. Thread-safe."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys

    def keep(self, text: str) -> str:
        """Keep the words of a question; the reference. Raises Unavailable when vault or ring cannot be written."""
        reference = f"question:{secrets.token_hex(12)}"
        plain = json.dumps(text).encode()
        plain += b" " * (-len(plain) % _PAD_BYTES)
        row = {
            "domain": DOMAIN, "surrogate": reference, "type": TYPE, "subject": reference,
            "sealed": self._keys.seal(_scope(reference), plain, _CONTEXT),
            "created": datetime.now(UTC).isoformat(timespec="microseconds"),
        }  # fmt: skip
        with self._database.transaction() as connection:
            connection.execute(insert(vault).values(row))
        return reference

    def reveal(self, reference: str) -> str:
        """The words behind a reference. The caller has checked the right, and records it. Raises NotFound."""
        for found, text in self._all(reference):
            if found == reference:
                return text
        raise NotFound("no such wording, or it was erased")

    def erase_naming(self, meant: str) -> int:
        """Forget every wording in which somebody's name or number stands, spelt in any case; how many there were."""
        wanted = normal_form(TYPE, meant)
        naming = [reference for reference, text in self._all() if wanted in normal_form(TYPE, text)]
        self._forget(naming)
        return len(naming)

    def erase_before(self, limit: str) -> int:
        """Forget the wordings kept before `limit` (ISO 8601, UTC); how many there were."""
        old = self._before(limit)
        self._forget(old)
        return len(old)

    def count_before(self, limit: str) -> int:
        """How many wordings were kept before `limit`."""
        return len(self._before(limit))

    def count_naming(self, meant: str) -> int:
        """How many wordings name somebody."""
        wanted = normal_form(TYPE, meant)
        return sum(wanted in normal_form(TYPE, text) for _, text in self._all())

    def _before(self, limit: str) -> list[str]:
        query = select(vault.c.surrogate).where(vault.c.domain == DOMAIN, vault.c.created < limit)
        with self._database.transaction() as connection:
            return list(connection.execute(query).scalars())

    def _all(self, reference: str = "") -> Iterator[tuple[str, str]]:
        query = select(vault.c.surrogate, vault.c.sealed).where(vault.c.domain == DOMAIN)
        if reference:
            query = query.where(vault.c.surrogate == reference)
        with self._database.transaction() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            try:
                yield row.surrogate, json.loads(self._keys.unseal(_scope(row.surrogate), row.sealed, _CONTEXT))
            except NotFound:
                continue  # being erased at this moment

    def _forget(self, references: list[str]) -> None:
        self._keys.destroy_all(_scope(each) for each in references)
        with self._database.exclusive() as connection:
            for each in references:
                row = (vault.c.domain == DOMAIN) & (vault.c.surrogate == each)
                connection.execute(delete(vault).where(row))


def _scope(reference: str) -> str:
    return f"subject/{DOMAIN}/{reference}"
