"""Sign-in against a directory: LDAP version 3 (RFC 4511), by search and bind, always inside TLS.

The messages are those of RFC 2251, coded by pyasn1; the connection is Python's own, so that the guard against
leaving (`isolation/egress.py`) sees it and Python verifies the certificate. A login is put into the filter as a
value, not as text: there is nothing to inject into.
"""

import secrets
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pyasn1_modules import rfc2251

from appliance.access.joining import Known
from appliance.errors import Refused, Unavailable, UsageError

PORTS = {"ldap": 389, "ldaps": 636}
START_TLS = "1.3.6.1.4.1.1466.20037"
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
MAX_ENTRIES = 500
SUCCESS = 0
Entry = tuple[str, dict[str, list[bytes]]]


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the directory is and how people stand in it. `password` is that of the searching account, if any."""

    url: str
    base: str
    login_attribute: str = "uid"
    bind_dn: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    group_base: str = ""
    without_tls: bool = False
    seconds: float = 5.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise UsageError("setting ldap_url is no LDAP address", "For example ldaps://directory.example:636")
        if not self.base:
            raise UsageError("setting ldap_base is missing", "For example ou=people,dc=hospital,dc=example")


def authenticate(directory: Directory, login: str, password: str) -> Known | None:
    """Who signs in with this login and password; None if they do not fit, after the same steps whoever it is.

    Raises Unavailable when the directory cannot be reached, its certificate does not hold, or it answers
    something that is no LDAP.
    """
    with _connected(directory) as connection:
        connection.bind(directory.bind_dn, directory.password)
        entries = connection.search(directory.base, _equal(directory.login_attribute, login))
        found = entries[0] if len(entries) == 1 else (f"uid={secrets.token_hex(8)},{directory.base}", {})
        groups = _groups(connection, directory, found, login)
        # RFC 4513, 5.1.2: a bind with an empty password succeeds and proves nothing
        if not connection.binds(found[0], password or secrets.token_hex(16)) or not found[1] or not password:
            return None
    return Known("ldap", _subject(found), login, _text(found[1], "displayName", "cn") or login, groups)


def is_there(directory: Directory, login: str) -> Known | None:
    """What the directory says now of somebody who has signed in before; None when they have left."""
    with _connected(directory) as connection:
        connection.bind(directory.bind_dn, directory.password)
        entries = connection.search(directory.base, _equal(directory.login_attribute, login))
        if len(entries) != 1 or _disabled(entries[0]):
            return None
        groups = _groups(connection, directory, entries[0], login)
    return Known("ldap", _subject(entries[0]), login, _text(entries[0][1], "displayName", "cn") or login, groups)


class Connection:
    """One connection, one request at a time."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._number = 0

    def bind(self, name: str, password: str) -> None:
        """Bind as the searching account, or as nobody. Raises Unavailable when the directory refuses."""
        if not self.binds(name, password):
            raise Unavailable("the directory refuses the searching account", "Check ldap_bind_dn and its password")

    def binds(self, name: str, password: str) -> bool:
        """Whether name and password fit (simple bind)."""
        request = rfc2251.BindRequest()
        request["version"], request["name"] = 3, name.encode()
        request["authentication"]["simple"] = password.encode()
        return int(self._ask("bindRequest", request)["bindResponse"]["resultCode"]) == SUCCESS

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Change to TLS (RFC 4511, 4.14). Raises Unavailable when the directory will not."""
        request = rfc2251.ExtendedRequest()
        request["requestName"] = START_TLS.encode()
        answer = self._ask("extendedReq", request)["extendedResp"]
        if int(answer["resultCode"]) != SUCCESS:
            raise Unavailable("the directory does not offer StartTLS", "Use ldaps://, or let it")
        self._stream = context.wrap_socket(self._stream, server_hostname=host)

    def search(self, base: str, wanted: Any) -> list[Entry]:
        """Entries below `base` that match, with their attributes. References to elsewhere are not followed."""
        request = rfc2251.SearchRequest()
        request["baseObject"] = base.encode()
        request["scope"], request["derefAliases"] = "wholeSubtree", "neverDerefAliases"
        request["sizeLimit"], request["timeLimit"], request["typesOnly"] = MAX_ENTRIES, 5, False
        request["filter"] = wanted
        for position, name in enumerate(("*", "memberOf", "entryUUID", "objectGUID", "pwdAccountLockedTime")):
            request["attributes"][position] = name.encode()
        self._send("searchRequest", request)
        found: list[Entry] = []
        while True:
            answer = self._receive()
            if answer.getName() == "searchResDone":
                return found
            if answer.getName() == "searchResEntry":
                found.append(_entry(answer["searchResEntry"]))

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def _ask(self, kind: str, request: Any) -> Any:
        self._send(kind, request)
        return self._receive()

    def _send(self, kind: str, request: Any) -> None:
        self._number += 1
        message = rfc2251.LDAPMessage()
        message["messageID"] = self._number
        message["protocolOp"][kind] = request
        self._stream.sendall(encoder.encode(message))

    def _receive(self) -> Any:
        content = self._frame()
        message, rest = decoder.decode(content, asn1Spec=rfc2251.LDAPMessage())
        if rest or int(message["messageID"]) != self._number:
            raise Unavailable("the directory answers something else", "Check ldap_url")
        return message["protocolOp"]

    def _frame(self) -> bytes:
        """The bytes of one message: a SEQUENCE with its length (X.690, 8.1.3)."""
        head = self._exactly(2)
        size = head[1]
        if size & 0x80:
            more = self._exactly(size & 0x7F)
            head, size = head + more, int.from_bytes(more, "big")
        if head[0] != 0x30 or size > MAX_MESSAGE_BYTES:
            raise Unavailable("the directory answers something that is no LDAP", "Check ldap_url")
        return head + self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            piece = self._stream.recv(size - len(content))
            if not piece:
                raise Unavailable("the directory closed the connection", "Check it, and ldap_url")
            content += piece
        return content


@contextmanager
def _connected(directory: Directory) -> Iterator[Connection]:
    parts = urlsplit(directory.url)
    host = parts.hostname or ""
    context = ssl.create_default_context(cafile=str(directory.ca_file) if directory.ca_file else None)
    try:
        stream = socket.create_connection((host, parts.port or PORTS[parts.scheme]), directory.seconds)
        if parts.scheme == "ldaps":
            stream = context.wrap_socket(stream, server_hostname=host)
        with closing(Connection(stream)) as connection:
            if parts.scheme == "ldap" and not directory.without_tls:
                connection.start_tls(context, host)
            yield connection
    except (OSError, PyAsn1Error) as error:
        if isinstance(error, Refused):
            raise
        raise Unavailable("the directory cannot be used", "Check ldap_url, ldap_ca_file and the directory") from error


def _groups(connection: Connection, directory: Directory, found: Entry, login: str) -> tuple[str, ...]:
    """Names of the groups of an entry: those it names itself, and those that name it, as DN and by common name."""
    names = [value.decode("utf-8", "replace") for value in found[1].get("memberof", [])]
    if directory.group_base:
        wanted = rfc2251.Filter()
        for position, (attribute, value) in enumerate(
            (("member", found[0]), ("uniqueMember", found[0]), ("memberUid", login))
        ):
            wanted["or"][position] = _equal(attribute, value)
        for name, attributes in connection.search(directory.group_base, wanted):
            names += [name, *(value.decode("utf-8", "replace") for value in attributes.get("cn", []))]
    return tuple(dict.fromkeys(names))


def _equal(attribute: str, value: str) -> Any:
    wanted = rfc2251.Filter()
    wanted["equalityMatch"]["attributeDesc"] = attribute.encode()
    wanted["equalityMatch"]["assertionValue"] = value.encode()
    return wanted


def _entry(answer: Any) -> Entry:
    attributes: dict[str, list[bytes]] = {}
    for each in answer["attributes"]:
        attributes[bytes(each["type"]).decode("ascii", "replace").lower()] = [bytes(value) for value in each["vals"]]
    return bytes(answer["objectName"]).decode("utf-8", "replace"), attributes


def _subject(found: Entry) -> str:
    """What stays when a person is renamed: `entryUUID` (RFC 4530), Active Directory's `objectGUID`, else the name."""
    for name in ("entryuuid", "objectguid"):
        if values := found[1].get(name):
            return values[0].decode("ascii") if name == "entryuuid" else values[0].hex()
    return found[0].casefold()


def _disabled(found: Entry) -> bool:
    """Active Directory's flag ACCOUNTDISABLE, or OpenLDAP's lock for good."""
    flags = found[1].get("useraccountcontrol", [b"0"])[0]
    return bool(int(flags) & 2) or found[1].get("pwdaccountlockedtime", [b""])[0] == b"000001010000Z"


def _text(attributes: dict[str, list[bytes]], *names: str) -> str:
    for name in names:
        if values := attributes.get(name.lower()):
            return values[0].decode("utf-8", "replace")
    return ""
