"""Sign-in by OpenID Connect Core 1.0: the authorization code flow with PKCE (RFC 7636), against one issuer.

What is checked of an answer: `state` (which this browser was given, once), the issuer's own name in it (RFC 9207),
and of the ID token its signature by a key of the issuer (asymmetric algorithms only: `none` and shared secrets
are refused), `iss`, `aud`, `azp`, `exp`, `iat` and `nonce`. Every address must be of the issuer's own origin, and
nothing is fetched from the internet: the guard of `isolation/egress.py` stands below.
"""

import base64
import hashlib
import hmac
import json
import secrets
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from appliance.access.clock import Clock
from appliance.access.joining import Known
from appliance.errors import Refused, Unavailable, UsageError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
FLOW_SECONDS, MAX_FLOWS = 600.0, 1000
LEEWAY_SECONDS = 60
MAX_ANSWER_BYTES = 1024 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Issuer:
    """The identity provider and how this appliance is known there."""

    url: str
    client_id: str
    redirect_uri: str
    secret: str = field(default="", repr=False)
    scope: str = "openid profile"
    login_claim: str = "preferred_username"
    groups_claim: str = "groups"
    ca_file: Path | None = None
    seconds: float = 10.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise UsageError("setting oidc_issuer is no https address", "For example https://login.example/realms/staff")
        if not self.client_id or not self.redirect_uri.startswith(("http://", "https://")):
            raise UsageError("OpenID Connect needs oidc_client_id and public_url", "See docs/operator.md")


@dataclass(frozen=True, slots=True)
class _Flow:
    nonce: str
    verifier: str
    until: float


class OpenIdConnect:
    """One issuer. Thread-safe; flows under way are kept in memory and end after ten minutes."""

    def __init__(self, issuer: Issuer, clock: Clock) -> None:
        self.issuer = issuer
        self._clock = clock
        self._flows: OrderedDict[str, _Flow] = OrderedDict()
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}

    def begin(self) -> tuple[str, str]:
        """Where to send the browser, and the state that it must bring back. Raises Unavailable, Refused."""
        endpoint = self._endpoint("authorization_endpoint")
        state, flow = secrets.token_urlsafe(32), _Flow(
            secrets.token_urlsafe(32), secrets.token_urlsafe(64), time.monotonic() + FLOW_SECONDS
        )  # fmt: skip
        with self._lock:
            self._flows[state] = flow
            while len(self._flows) > MAX_FLOWS:
                self._flows.popitem(last=False)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(flow.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code", "client_id": self.issuer.client_id, "redirect_uri": self.issuer.redirect_uri,
            "scope": self.issuer.scope, "state": state, "nonce": flow.nonce, "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", state

    def finish(self, answer: Mapping[str, str], state: str) -> Known:
        """Who signed in, from the parameters that the browser brought back and the state of its cookie.

        Raises Refused for an answer that is replayed, late, of another browser, of another issuer, or whose
        ID token does not hold; Unavailable when the issuer cannot be reached.
        """
        given = answer.get("state", "")
        if not state or not hmac.compare_digest(given.encode(), state.encode()):
            raise _refusal("it is not this browser's")
        with self._lock:
            flow = self._flows.pop(state, None)
        if flow is None or flow.until < time.monotonic():
            raise _refusal("it is too old or was used before")
        if answer.get("iss", self.issuer.url) != self.issuer.url:
            raise _refusal("it is of another issuer")
        if "error" in answer or not answer.get("code"):
            raise Refused("the identity provider did not sign you in", "Try again, or ask its administrator")
        return self._known(self._claims(self._exchange(answer["code"], flow.verifier), flow.nonce))

    def _exchange(self, code: str, verifier: str) -> str:
        """The ID token for a code (RFC 6749, 4.1.3)."""
        import httpx

        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.issuer.redirect_uri,
            "code_verifier": verifier, "client_id": self.issuer.client_id,
        }  # fmt: skip
        secret = self.issuer.secret
        credentials = httpx.BasicAuth(quote(self.issuer.client_id, ""), quote(secret, "")) if secret else httpx.Auth()
        try:
            with httpx.Client(**self._connection()) as client:
                answer = client.post(self._endpoint("token_endpoint"), data=form, auth=credentials)
                told = json.loads(answer.content) if len(answer.content) <= MAX_ANSWER_BYTES else None
        except (httpx.HTTPError, ValueError) as error:
            raise _unreachable() from error
        if answer.status_code != 200 or not isinstance(told, dict):
            raise _refusal("the issuer does not take its code")
        return str(told.get("id_token", ""))

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token that holds (OpenID Connect Core, 3.1.3.7)."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        checks = jwt.JWTClaimsRegistry(
            now=lambda: int(self._clock.now().timestamp()), leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.issuer.url}, aud={"essential": True, "value": self.issuer.client_id},
            exp={"essential": True}, iat={"essential": True}, sub={"essential": True},
        )  # fmt: skip
        keys = self._fetch(self._endpoint("jwks_uri"))
        try:
            found = jwt.decode(token, KeySet.import_key_set(keys), algorithms=list(ALGORITHMS))  # type: ignore[arg-type]
            claims = dict(found.claims)
            checks.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _refusal("its ID token does not hold") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", "" if several else self.issuer.client_id) != self.issuer.client_id:
            raise _refusal("its ID token is for another program")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise _refusal("its ID token is of another sign-in")
        return claims

    def _known(self, claims: Mapping[str, Any]) -> Known:
        groups = claims.get(self.issuer.groups_claim, ())
        groups = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        return Known(
            self.issuer.url, str(claims["sub"]), str(claims.get(self.issuer.login_claim, "")),
            str(claims.get("name", "")), tuple(each for each in groups if isinstance(each, str)),
        )  # fmt: skip

    def _endpoint(self, name: str) -> str:
        if not self._metadata:
            told = self._fetch(self.issuer.url.rstrip("/") + "/.well-known/openid-configuration")
            if told.get("issuer") != self.issuer.url:
                raise _refusal("the issuer calls itself something else: set oidc_issuer to that if it is right")
            self._metadata = told
        address = str(self._metadata.get(name, ""))
        own, other = urlsplit(self.issuer.url), urlsplit(address)
        if (own.scheme, own.netloc) != (other.scheme, other.netloc):
            raise _refusal(f"the issuer's {name} is elsewhere")
        return address

    def _fetch(self, address: str) -> dict[str, Any]:
        import httpx

        try:
            with httpx.Client(**self._connection()) as client:
                answer = client.get(address)
                told = json.loads(answer.content) if len(answer.content) <= MAX_ANSWER_BYTES else None
        except (httpx.HTTPError, ValueError) as error:
            raise _unreachable() from error
        if answer.status_code != 200 or not isinstance(told, dict):
            raise _unreachable()
        return told

    def _connection(self) -> dict[str, Any]:
        file = str(self.issuer.ca_file) if self.issuer.ca_file else None
        context = ssl.create_default_context(cafile=file)
        return {"timeout": self.issuer.seconds, "trust_env": False, "follow_redirects": False, "verify": context}


def _refusal(why: str) -> Refused:
    return Refused(f"the answer of the identity provider is refused: {why}", "Sign in again")


def _unreachable() -> Unavailable:
    return Unavailable("the identity provider cannot be used", "Check oidc_issuer, oidc_ca_file and the provider")
