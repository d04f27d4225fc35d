"""Sign-in against a real provider; and what a forger, a thief of answers and a wrong provider would send instead."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from appliance.access.clock import Clock
from appliance.access.oidc import Issuer, OpenIdConnect
from appliance.errors import Refused, Unavailable, UsageError

from . import provider as elsewhere
from .provider import Provider, sign_in

REDIRECT = "http://127.0.0.1:1/api/sign-in/openid/answer"
real = pytest.mark.skipif(not elsewhere.is_here(), reason=elsewhere.MISSING)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    running = elsewhere.start(REDIRECT)
    yield running
    running.stop()


def issuer(provider: Provider, client: str = "appliance") -> Issuer:
    return Issuer(provider.url, client, REDIRECT, secret="a-secret-of-the-appliance-that-is-long-enough")


@real
def test_a_person_signs_in_at_the_real_provider_with_groups(provider: Provider) -> None:
    connect = OpenIdConnect(issuer(provider), Clock())
    address, state = connect.begin()
    known = connect.finish(sign_in(address, "nina"), state)
    assert (known.provider, known.subject, known.login) == (provider.url, "nina", "nina")
    assert (known.name, known.groups) == ("Nina Nurse", ("ward-3",))


@real
def test_an_answer_is_good_once_in_the_browser_that_asked_and_for_its_own_verifier(provider: Provider) -> None:
    connect = OpenIdConnect(issuer(provider), Clock())
    address, state = connect.begin()
    answer = sign_in(address, "nina")
    for wrong in ("", "x", connect.begin()[1]):
        with pytest.raises(Refused, match="not this browser's"):
            connect.finish(answer, wrong)
    _, other = connect.begin()
    with pytest.raises(Refused, match="does not take its code"):  # PKCE: another flow's verifier
        connect.finish({**answer, "state": other}, other)
    with pytest.raises(Refused, match="another issuer"):
        connect.finish({**answer, "iss": "https://evil.example"}, state)
    with pytest.raises(Refused, match="used before"):
        connect.finish(answer, state)


@real
def test_a_token_signed_with_the_shared_secret_is_refused(provider: Provider) -> None:
    connect = OpenIdConnect(issuer(provider, "shared-secret"), Clock())
    address, state = connect.begin()
    with pytest.raises(Refused, match="does not hold"):
        connect.finish(sign_in(address, "nina"), state)


@real
def test_a_provider_that_calls_itself_something_else_is_refused(provider: Provider) -> None:
    with pytest.raises(Refused, match="something else"):
        OpenIdConnect(replace(issuer(provider), url=provider.url.replace("127.0.0.1", "localhost")), Clock()).begin()


KEY, OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"}), RSAKey.generate_key(2048, {"kid": "one"})
URL = "http://127.0.0.1:9"
Forge = Callable[[dict[str, Any]], str]


def signed(claims: dict[str, Any], key: Any = KEY, alg: str = "RS256", **header: str) -> str:
    return jwt.encode({"alg": alg, "kid": "one", **header}, claims, key, algorithms=[alg])


def unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    told = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*told, ""])


def with_public_key_as_secret(claims: dict[str, Any]) -> str:
    parts = ({"alg": "HS256", "typ": "JWT", "kid": "one"}, claims)
    told = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    mac = hmac.digest(KEY.as_pem(private=False), told.encode(), "sha256")
    return f"{told}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


FORGERIES: dict[str, Forge] = {
    "algorithm none": unsigned,
    "public key as a shared secret": with_public_key_as_secret,
    "another key of the same name": lambda c: signed(c, OTHER_KEY),
    "another key type": lambda c: signed(c, ECKey.generate_key("P-256", {"kid": "one"}), "ES256"),
    "changed after signing": lambda c: signed(c)[:-6] + "AAAAAA",
    "another issuer": lambda c: signed({**c, "iss": "https://evil.example"}),
    "another audience": lambda c: signed({**c, "aud": "other"}),
    "several audiences and no party": lambda c: signed({**c, "aud": ["appliance", "other"]}),
    "authorized for another": lambda c: signed({**c, "azp": "other"}),
    "expired": lambda c: signed({**c, "exp": int(time.time()) - 3600}),
    "without end": lambda c: signed({k: v for k, v in c.items() if k != "exp"}),
    "of the future": lambda c: signed({**c, "iat": int(time.time()) + 3600}),
    "another nonce": lambda c: signed({**c, "nonce": "replayed"}),
    "without nonce": lambda c: signed({k: v for k, v in c.items() if k != "nonce"}),
    "without subject": lambda c: signed({k: v for k, v in c.items() if k != "sub"}),
    "empty": lambda c: "",
    "no token": lambda c: "a.b.c",
    "not ASCII": lambda c: "é.é.é",
}


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> Callable[[Forge], tuple[OpenIdConnect, dict[str, str], str]]:
    """A flow whose provider answers with a token of our own making; only the wire is made up."""

    def begin(forge: Forge) -> tuple[OpenIdConnect, dict[str, str], str]:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("openid-configuration"):
                names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
                return httpx.Response(200, json={"issuer": URL, **{name: f"{URL}/{name}" for name in names}})
            if request.url.path == "/jwks_uri":
                return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
            now = int(time.time())
            claims = {
                "iss": URL, "sub": "nina", "aud": "appliance", "iat": now, "exp": now + 60, "nonce": flow.nonce,
                "preferred_username": "nina",
            }  # fmt: skip
            return httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "id_token": forge(claims)})

        connect = OpenIdConnect(Issuer(URL, "appliance", REDIRECT), Clock())
        monkeypatch.setattr(connect, "_connection", lambda: {"transport": httpx.MockTransport(answer)})
        _, state = connect.begin()
        flow = connect._flows[state]
        return connect, {"state": state, "code": "c"}, state

    return begin


def test_a_token_that_holds_is_taken(spoken) -> None:
    connect, answer, state = spoken(signed)
    assert connect.finish(answer, state).login == "nina"


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_token_that_is_forged_foreign_late_or_replayed_is_refused(spoken, forgery: str) -> None:
    connect, answer, state = spoken(FORGERIES[forgery])
    with pytest.raises(Refused):
        connect.finish(answer, state)


def test_an_address_outside_the_issuer_s_origin_is_refused(spoken) -> None:
    connect, answer, state = spoken(signed)
    connect._metadata["token_endpoint"] = "https://evil.example/token"
    with pytest.raises(Refused, match="elsewhere"):
        connect.finish(answer, state)


def test_a_provider_outside_the_premises_cannot_be_reached() -> None:
    with pytest.raises((Unavailable, Refused)):
        OpenIdConnect(Issuer("https://192.0.2.1", "appliance", REDIRECT), Clock()).begin()
    with pytest.raises(UsageError):
        Issuer("http://login.example", "appliance", REDIRECT)


def test_a_flow_that_took_too_long_is_refused(spoken) -> None:
    connect, answer, state = spoken(signed)
    connect._flows[state] = replace(connect._flows[state], until=time.monotonic() - 1)
    with pytest.raises(Refused, match="too old"):
        connect.finish(answer, state)
