"""A real slapd (OpenLDAP, Debian's package) with a few people and groups, and a certificate of its own authority."""

import datetime
import ipaddress
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SLAPD = shutil.which("slapd") or ("/usr/sbin/slapd" if Path("/usr/sbin/slapd").exists() else None)
SLAPADD = shutil.which("slapadd") or "/usr/sbin/slapadd"
BASE = "dc=hospital,dc=example"
PASSWORD = "correct horse battery"
SEARCHER = f"cn=searcher,{BASE}"
CONFIGURATION = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
security {security}
database mdb
suffix "{base}"
rootdn "cn=root,{base}"
rootpw root
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{searcher}" read by * none
"""
PEOPLE = ("nina", "otto", "o)(uid=*", "*")
GROUPS = {"ward-3": ["nina", "otto"], "cleared": ["otto"]}


@dataclass
class Slapd:
    """A running server."""

    folder: Path
    port: int
    tls_port: int
    process: subprocess.Popen[bytes]

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(timeout=30)


def start(folder: Path, security: str = "simple_bind=128") -> Slapd:
    """Start a server below `folder`; `security` is slapd's own demand, TLS for passwords unless told otherwise."""
    (folder / "data").mkdir(parents=True)
    certificates(folder)
    (folder / "slapd.conf").write_text(
        CONFIGURATION.format(folder=folder, base=BASE, searcher=SEARCHER, security=security)
    )
    (folder / "people.ldif").write_text(ldif())
    conf = str(folder / "slapd.conf")
    subprocess.run([SLAPADD, "-q", "-f", conf, "-l", str(folder / "people.ldif")], check=True, capture_output=True)
    port, tls_port = free_port(), free_port()
    listen = f"ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/"
    log = (folder / "log").open("wb")
    process = subprocess.Popen([str(SLAPD), "-f", conf, "-h", listen, "-d", "0"], stdout=log, stderr=log)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", tls_port)) == 0:
                return Slapd(folder, port, tls_port, process)
        time.sleep(0.05)
    process.kill()
    raise RuntimeError((folder / "log").read_text())


def modify(server: Slapd, ldif_text: str) -> None:
    """Change the directory, as its administrator does."""
    subprocess.run(
        ["ldapmodify", "-x", "-H", f"ldaps://127.0.0.1:{server.tls_port}", "-D", f"cn=root,{BASE}", "-w", "root"],
        input=ldif_text.encode(), check=True, capture_output=True, env={"LDAPTLS_CACERT": str(server.ca_file)},
    )  # fmt: skip


def ldif() -> str:
    """The directory's content."""
    blocks = [
        f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Hospital\ndc: hospital",
        f"dn: {SEARCHER}\nobjectClass: person\ncn: searcher\nsn: searcher\nuserPassword: {PASSWORD}",
        f"dn: ou=people,{BASE}\nobjectClass: organizationalUnit\nou: people",
        f"dn: ou=groups,{BASE}\nobjectClass: organizationalUnit\nou: groups",
    ]
    for number, login in enumerate(PEOPLE):
        blocks.append(
            f"dn: cn=person {number},ou=people,{BASE}\nobjectClass: inetOrgPerson\ncn: person {number}\nsn: P\n"
            f"displayName: Person {number}\nuid: {login}\nuserPassword: {PASSWORD}"
        )
    for name, members in GROUPS.items():
        lines = "\n".join(f"member: cn=person {PEOPLE.index(login)},ou=people,{BASE}" for login in members)
        blocks.append(f"dn: cn={name},ou=groups,{BASE}\nobjectClass: groupOfNames\ncn: {name}\n{lines}")
    return "\n\n".join(blocks) + "\n"


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificates(folder: Path) -> None:
    """An authority and a certificate for 127.0.0.1 signed by it: `ca.pem`, `server.pem`, `server.key`."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    ca = _certificate(ca_name, ca_name, ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=None))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory")])
    where = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    server = _certificate(name, ca_name, key, ca_key, where)
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    (folder / "server.pem").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    (folder / "server.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))


def _certificate(subject, issuer, key, signing, extension):  # type: ignore[no-untyped-def]
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(extension, critical=True)
        .sign(signing, hashes.SHA256())
    )
