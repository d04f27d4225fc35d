"""Passkeys and security keys: Web Authentication, level 2 (W3C), by the `webauthn` library.

They are bound to the page's own address, so they work only where `public_url` is set: https, or localhost.
"""

import json
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, insert, select, update

from appliance.access.grants import Person
from appliance.errors import Refused, UsageError
from appliance.storage import tables
from appliance.storage.database import Database

NAME = "Ask your documents"
MAX_PASSKEYS = 10


class Passkeys:
    """The passkeys of all accounts, for one address of the page."""

    def __init__(self, database: Database, public_url: str) -> None:
        """Raises UsageError when passkeys cannot work at `public_url`; empty turns them off."""
        parts = urlsplit(public_url)
        if public_url and parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname == "localhost"):
            raise UsageError("setting public_url is neither https nor http://localhost", "Put TLS in front of the page")
        self._database = database
        self._host = parts.hostname or ""
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self.on = bool(public_url)

    def offer(self, person: Person) -> tuple[dict[str, Any], bytes]:
        """Options for the browser to make a passkey, and their challenge."""
        import webauthn
        from webauthn.helpers.structs import PublicKeyCredentialDescriptor

        self._require()
        challenge = secrets.token_bytes(32)
        known = [PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(name)) for name in self._of(person.id)]
        if len(known) >= MAX_PASSKEYS:
            raise Refused(f"an account has at most {MAX_PASSKEYS} passkeys", "Have yours reset")
        options = webauthn.generate_registration_options(
            rp_id=self._host, rp_name=NAME, user_name=person.login, user_id=person.id.encode(), challenge=challenge,
            exclude_credentials=known,
        )  # fmt: skip
        return json.loads(webauthn.options_to_json(options)), challenge

    def enrol(self, person: Person, credential: dict[str, Any], challenge: bytes) -> None:
        """Keep a passkey that the browser made for `challenge`. Raises Refused when it does not hold."""
        import webauthn
        from webauthn.helpers import bytes_to_base64url
        from webauthn.helpers.exceptions import WebAuthnException

        self._require()
        try:
            made = webauthn.verify_registration_response(
                credential=credential, expected_challenge=challenge, expected_rp_id=self._host,
                expected_origin=self._origin,
            )  # fmt: skip
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise Refused("the passkey does not hold", "Try again") from error
        row = {
            "id": bytes_to_base64url(made.credential_id), "person": person.id, "public_key": made.credential_public_key,
            "uses": made.sign_count, "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip
        with self._database.exclusive() as connection:
            known = select(func.count()).select_from(tables.passkey).where(tables.passkey.c.id == row["id"])
            if connection.execute(known).scalar_one():
                raise Refused("this passkey is known already", "Use another")
            connection.execute(insert(tables.passkey).values(row))

    def has(self, person: str) -> bool:
        """Whether a person's id has a passkey that works here."""
        return self.on and bool(self._of(person))

    def ask(self, person: str) -> tuple[dict[str, Any], bytes]:
        """Options for the browser to use one of a person's passkeys, and their challenge."""
        import webauthn
        from webauthn.helpers.structs import PublicKeyCredentialDescriptor

        challenge = secrets.token_bytes(32)
        known = [PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(name)) for name in self._of(person)]
        options = webauthn.generate_authentication_options(
            rp_id=self._host, challenge=challenge, allow_credentials=known
        )
        return json.loads(webauthn.options_to_json(options)), challenge

    def check(self, person: str, credential: dict[str, Any], challenge: bytes) -> bool:
        """Whether the browser used one of the person's passkeys for `challenge`. A counter that goes back is a copy
        of the key, and refused."""
        import webauthn
        from webauthn.helpers.exceptions import WebAuthnException

        mine = tables.passkey.c.id == str(credential.get("id", "")), tables.passkey.c.person == person
        with self._database.exclusive() as connection:
            row = connection.execute(select(tables.passkey).where(*mine)).one_or_none()
            if row is None or not challenge:
                return False
            try:
                used = webauthn.verify_authentication_response(
                    credential=credential, expected_challenge=challenge, expected_rp_id=self._host,
                    expected_origin=self._origin, credential_public_key=row.public_key,
                    credential_current_sign_count=row.uses,
                )  # fmt: skip
            except (WebAuthnException, ValueError, KeyError, TypeError):
                return False
            connection.execute(update(tables.passkey).where(*mine).values(uses=used.new_sign_count))
        return True

    def _of(self, person: str) -> list[str]:
        query = select(tables.passkey.c.id).where(tables.passkey.c.person == person)
        with self._database.transaction() as connection:
            return list(connection.execute(query).scalars())

    def _require(self) -> None:
        if not self.on:
            raise Refused("passkeys are off here", "Your administrator sets public_url to turn them on")
