"""The records on PostgreSQL: what holds on SQLite holds there, and a server that cannot be trusted is refused."""

import ipaddress
import os
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from appliance.errors import IntegrityFailure, Unavailable, UsageError
from appliance.settings import Settings, load
from appliance.storage import tables
from appliance.storage.copying import copy_rows, export
from appliance.storage.database import Database
from appliance.storage.postgresql import SESSION
from appliance.upkeep import records
from tests import postgresql as servers
from tests import stores

use = tables.name_use


@pytest.fixture
def database(home: Path, either_database: str) -> Iterator[Database]:
    with stores.opened(home) as opened:
        assert opened.database.name == either_database
        yield opened.database


def add(database: Database, person: str) -> None:
    with database.transaction() as connection:
        connection.execute(use.insert().values(person=person, what="search", at=1.0))


def count(database: Database) -> int:
    with database.transaction() as connection:
        return int(connection.execute(select(func.count()).select_from(use)).scalar_one())


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as connection:
            connection.execute(use.insert().values(person="a", what="search", at=1.0))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert count(database) == 0


def test_what_an_exclusive_transaction_read_stays_true_whoever_writes(database: Database) -> None:
    """Eight threads read a count and write it down, others write plainly: no two exclusive ones saw the same."""

    def counted(_number: int) -> int:
        with database.exclusive() as connection:
            seen = int(connection.execute(select(func.count()).select_from(use)).scalar_one())
            time.sleep(0.002)
            again = int(connection.execute(select(func.count()).select_from(use)).scalar_one())
            assert again == seen, "somebody wrote meanwhile"
            connection.execute(use.insert().values(person="a", what="search", at=1.0))
        return seen

    with ThreadPoolExecutor(8) as pool:
        plain = [pool.submit(add, database, "b") for _ in range(8)]
        seen = list(pool.map(counted, range(16)))
        for each in plain:
            each.result()
    assert len(set(seen)) == 16
    assert count(database) == 24


def test_a_broken_constraint_is_one_and_says_no_value(database: Database) -> None:
    row = {"digest": "a-secret-value", "attributes": {}}
    with database.transaction() as connection:
        connection.execute(tables.label.insert().values(row))
    with pytest.raises(IntegrityError) as raised, database.transaction() as connection:
        connection.execute(tables.label.insert().values(row))
    assert "a-secret-value" not in f"{raised.value} {raised.value.orig!r}"


def test_text_is_ordered_by_its_bytes(database: Database) -> None:
    told = ["", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00.000001+00:00", "Zb", "_", "a", "aB", "ab", "ä"]
    with database.transaction() as connection:
        connection.execute(tables.label.insert(), [{"digest": each, "attributes": {}} for each in reversed(told)])
        found = list(connection.execute(select(tables.label.c.digest).order_by(tables.label.c.digest)).scalars())
        after = select(func.count()).select_from(tables.label).where(tables.label.c.digest > told[1])
        assert connection.execute(after).scalar_one() == len(told) - 2
    assert found == told


def test_whatever_changes_access_is_counted(database: Database) -> None:
    def revision() -> int:
        with database.transaction() as connection:
            return int(connection.execute(select(tables.access_revision.c.revision)).scalar_one())

    seen = [revision()]
    for change in (
        tables.label.insert().values(digest="d", attributes={}),
        tables.label.update().values(attributes={"a": 1}),
        tables.label.delete(),
    ):
        with database.transaction() as connection:
            connection.execute(change)
        seen.append(revision())
    assert sorted(set(seen)) == seen
    assert database.triggers("access_revision_") == 9


def test_large_numbers_fit(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(tables.term_statistics.insert().values(label="l", term=2**32 - 1, chunks=1))
        connection.execute(tables.label_statistics.insert().values(label="l", chunks=1, tokens=2**40))


def test_records_go_from_either_database_into_the_other_unchanged(
    database: Database, tmp_path: Path, postgresql: servers.Server
) -> None:
    for person in ("a", "b"):
        add(database, person)
    with database.transaction() as connection:
        connection.execute(tables.label.insert().values(digest="d", attributes={"deep": [1, {"x": "ü"}]}))
    aside, other = tmp_path / "aside", tmp_path / "other"
    aside.mkdir()
    other.mkdir()
    export(database, aside)
    target = Database.create(load(other, database_url=postgresql.database()))
    with closing(target), closing(Database.open(aside)) as source:
        with source.snapshot() as rows, target.transaction() as connection:
            copied = copy_rows(rows, connection)
        assert copied == 4  # with the count of what changed access
        for table in tables.metadata.sorted_tables:
            if table is tables.installation:
                continue
            query = select(table).order_by(*table.primary_key.columns)
            with database.transaction() as one, target.transaction() as two:
                assert one.execute(query).all() == two.execute(query).all(), table.name
        add(target, "c")  # numbered on from where the copied rows end
        assert count(target) == 3


@pytest.fixture
def there(home: Path, postgresql: servers.Server) -> Settings:
    return load(home, database_url=postgresql.emptied(), insecure_plain_key_file=True)


def test_a_database_belongs_to_one_home(there: Settings, tmp_path: Path) -> None:
    Database.create(there).close()
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(UsageError, match="not empty"):
        Database.create(load(other, database_url=there.database_url))
    with pytest.raises(IntegrityFailure, match="does not hold the records of this home"):
        Database.of(load(other, database_url=there.database_url))
    Database.of(there).close()


def test_a_home_on_postgresql_is_never_opened_on_an_empty_sqlite(there: Settings, home: Path) -> None:
    Database.create(there).close()
    with pytest.raises(Unavailable, match="this home's records are on PostgreSQL"):
        Database.of(load(home))
    assert not (home / "appliance.db").exists()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://u:secret@h/n", "a password does not belong"),
        ("postgresql://u@h/n?password=secret", "a password does not belong"),
        ("mysql://u@h/n", "starts with postgresql://"),
        ("postgresql://u@127.0.0.1/n?sslmode=prefer", "unknown sslmode"),
        ("postgresql://u@127.0.0.1/n?options=secret", "unknown part options"),
    ],
)
def test_an_address_that_is_none_is_refused_without_being_repeated(home: Path, url: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as raised:
        Database.create(load(home, database_url=url))
    assert "secret" not in str(raised.value)


def test_a_server_elsewhere_is_refused_by_the_guard(home: Path) -> None:
    with pytest.raises(Exception, match=r"192\.0\.2\.7 was stopped: it is outside the allowed networks"):
        Database.create(load(home, database_url="postgresql://u@192.0.2.7/n?sslmode=disable"))


def test_a_password_comes_from_its_file_and_a_wrong_one_is_refused_without_being_told(
    there: Settings, home: Path, postgresql: servers.Server
) -> None:
    name = there.database_url.partition("@:")[2].partition("/")[2].partition("?")[0]
    postgresql.say(f"ALTER ROLE appliance PASSWORD '{servers.PASSWORD}'")
    url = f"postgresql://appliance@127.0.0.1:{postgresql.port}/{name}"
    file = home.parent / "password"
    file.write_text(f"{servers.PASSWORD}\n")
    Database.create(load(home, database_url=url, database_password_file=file)).close()
    file.write_text("wrong-word")
    with pytest.raises(Unavailable, match="does not let the appliance in") as raised:
        Database.of(load(home, database_url=url, database_password_file=file))
    assert "wrong-word" not in f"{raised.value!r} {raised.value.__cause__!r}"


def test_a_server_without_tls_is_not_spoken_to_where_tls_is_asked_for(
    there: Settings, home: Path, postgresql: servers.Server
) -> None:
    url = f"postgresql://appliance@127.0.0.1:{postgresql.port}/postgres?sslmode=require"
    with pytest.raises(Unavailable, match="cannot be reached"):
        Database.create(load(home, database_url=url))


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "database of the tests")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1)).add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(private)
    return folder / "cert.pem", folder / "key.pem"


def test_with_tls_the_server_is_known_by_its_certificate_or_not_spoken_to(
    home: Path, own_server: servers.Server
) -> None:
    own_server.say(f"ALTER ROLE appliance PASSWORD '{servers.PASSWORD}'")
    own_server.database()
    own_server.stop("fast")
    ours, key = certificate(own_server.folder)
    shutil.copy(ours, home.parent / "authority.pem")
    for file in (ours, key):
        file.chmod(0o600)
        if own_server.user is not None:
            shutil.chown(file, own_server.user)
    own_server.start("ssl=on", f"ssl_cert_file={ours}", f"ssl_key_file={key}")
    (home.parent / "password").write_text(servers.PASSWORD)
    common = {
        "database_url": f"postgresql://appliance@127.0.0.1:{own_server.port}/postgres?sslmode=verify-full",
        "database_password_file": home.parent / "password",
    }
    with pytest.raises(Unavailable, match="cannot be reached"):  # no authority that we know vouches for it
        Database.create(load(home, **common))
    known = load(home, **common, database_ca_file=home.parent / "authority.pem")
    Database.create(known).close()
    assert records.database(known)[0].detail.endswith("TLSv1.3")
    elsewhere = {**common, "database_url": common["database_url"].replace("127.0.0.1", "localhost")}
    with pytest.raises(Unavailable, match="cannot be reached"):  # another name than the certificate's
        Database.of(load(home, **elsewhere, database_ca_file=home.parent / "authority.pem"))
    by_authority = elsewhere["database_url"].replace("verify-full", "verify-ca")
    told = {**elsewhere, "database_url": by_authority, "database_ca_file": home.parent / "authority.pem"}
    Database.of(load(home, **told)).close()


@pytest.fixture
def own_server() -> Iterator[servers.Server]:
    with servers.running() as server:
        yield server


def test_a_server_that_may_lose_what_it_confirmed_is_refused_and_one_that_is_down_said_so(
    home: Path, own_server: servers.Server
) -> None:
    there = load(home, database_url=own_server.database())
    with closing(Database.create(there)) as database:
        own_server.stop()
        with pytest.raises(Unavailable, match="cannot be reached"):
            add(database, "a")
        with pytest.raises(Unavailable, match="cannot be reached"):
            Database.of(there)
        own_server.start("fsync=off", "full_page_writes=off")
        with pytest.raises(Unavailable, match="may lose what it confirmed: fsync and full_page_writes off"):
            Database.of(there)
        own_server.stop("fast")
        own_server.start()
        add(database, "a")  # the same pool finds the server again
        assert count(database) == 1


def test_a_server_that_dies_in_a_transaction_undoes_it(home: Path, own_server: servers.Server) -> None:
    with closing(Database.create(load(home, database_url=own_server.database()))) as database:
        add(database, "kept")

        def cut_off() -> None:
            with database.exclusive() as connection:
                connection.execute(use.insert().values(person="lost", what="search", at=1.0))
                own_server.stop()

        with pytest.raises(Unavailable, match="cannot be reached"):
            cut_off()
        own_server.start()
        with database.transaction() as connection:
            assert list(connection.execute(select(use.c.person)).scalars()) == ["kept"]


def test_whoever_waits_for_the_lock_too_long_is_told_that_the_database_is_busy(
    there: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SESSION, "lock_timeout", "300ms")
    with closing(Database.create(there)) as database:
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with database.exclusive():
                held.set()
                done.wait(5)

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait(5)
        with pytest.raises(Unavailable, match="the database is busy"):
            add(database, "a")
        done.set()
        holder.join()
        add(database, "a")


def test_the_number_of_the_home_is_private(there: Settings, home: Path) -> None:
    Database.create(there).close()
    assert os.stat(home / "database-id").st_mode & 0o777 == 0o600
