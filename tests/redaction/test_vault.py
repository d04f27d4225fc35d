"""The vault: consistent, searchable, unreadable without its keys, and able to forget."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from appliance.errors import IntegrityFailure, NotFound
from appliance.redaction.surrogates import Mention
from appliance.redaction.vault import Vault
from appliance.settings import load
from appliance.storage.keys import KeyRing
from appliance.storage.tables import surrogate as table
from appliance.storage.tables import surrogate_index as index
from tests.canaries import traces
from tests.stores import Stores, opened

NAME = "Maximiliana Quartermaine"


@pytest.fixture
def stores(home: Path, either_database: str) -> Iterator[Stores]:
    with opened(home) as found:
        yield found


@pytest.fixture
def vault(stores: Stores) -> Vault:
    return Vault(stores.database, stores.keys)


def test_one_identifier_has_one_surrogate_in_its_domain(vault: Vault) -> None:
    first = vault.surrogate_for("c1", "PERSON", NAME)
    assert vault.surrogate_for("c1", "PERSON", "QUARTERMAINE, Maximiliana") == first
    assert vault.surrogate_for("c1", "PERSON", "Someone Else") != first
    assert vault.reveal("c1", first) == NAME


def test_surrogates_outlive_the_process(home: Path) -> None:
    with opened(home) as stores:
        first = Vault(stores.database, stores.keys).surrogate_for("c1", "PERSON", NAME)
    with opened(home, new=False) as stores:
        assert Vault(stores.database, stores.keys).surrogate_for("c1", "PERSON", NAME) == first


def test_two_domains_share_neither_surrogates_nor_indexes(vault: Vault, stores: Stores) -> None:
    people = [Mention("PERSON", f"Person{chr(65 + n)} Quarter{chr(65 + n)}") for n in range(20)]
    assert not set(vault.allocate("c1", people)) & set(vault.allocate("c2", people))
    with stores.database.transaction() as plain:
        indexes = [
            {
                *plain.execute(select(index.c.blind).where(index.c.domain == domain)).scalars(),
                *plain.execute(select(table.c.identity).where(table.c.domain == domain)).scalars(),
            }
            for domain in ("c1", "c2")
        ]
    assert indexes[0]
    assert not indexes[0] & indexes[1]
    with pytest.raises(NotFound):
        vault.reveal("c2", vault.surrogate_for("c1", "PERSON", NAME))


def test_nothing_that_is_written_holds_an_original(home: Path) -> None:
    originals = [NAME, "Quartermaine", "MRN-99317755", "canary.person@hospital.example", "Zoë Ångström-Müller"]
    with opened(home) as stores:
        vault = Vault(stores.database, stores.keys)
        vault.surrogate_for("c1", "PERSON", NAME, hints=(("MEDICAL_RECORD", "MRN-99317755"),))
        vault.surrogate_for("c1", "PERSON", "Zoë Ångström-Müller")
        vault.surrogate_for("c1", "MEDICAL_RECORD", "MRN-99317755")
        vault.surrogate_for("c1", "EMAIL_ADDRESS", "canary.person@hospital.example")
        assert traces(home, originals) == []
    assert traces(home, originals) == []


def test_the_search_for_traces_would_find_one(tmp_path: Path) -> None:
    import base64
    import zlib

    (tmp_path / "one").write_bytes(b"x" + base64.b64encode(b"ab" + NAME.encode() + b"cd"))
    (tmp_path / "two").write_bytes(b"junk" + zlib.compress(NAME.encode()))
    (tmp_path / "three").write_bytes(NAME.encode("utf-16-le"))
    assert len(traces(tmp_path, [NAME])) == 3


def test_the_length_of_what_is_sealed_does_not_tell_the_length_of_a_name(vault: Vault, stores: Stores) -> None:
    vault.allocate("c1", [Mention("PERSON", "Al Li"), Mention("PERSON", NAME)])
    with stores.database.transaction() as plain:
        assert len(set(plain.execute(select(func.length(table.c.sealed))).scalars())) == 1


def test_eight_threads_that_ask_for_one_name_get_one_surrogate(vault: Vault) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: vault.surrogate_for("c1", "PERSON", NAME), range(8)))
    assert len(set(found)) == 1


def test_two_vaults_on_one_home_that_ask_at_once_get_one_surrogate(stores: Stores) -> None:
    vaults = [Vault(stores.database, stores.keys) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda vault: vault.surrogate_for("c1", "PERSON", NAME), vaults))
    assert len(set(found)) == 1


def test_a_failed_transaction_leaves_no_surrogate_behind(
    vault: Vault, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(stores.keys, "ensure", refuse)
    with pytest.raises(OSError):
        vault.surrogate_for("c1", "PERSON", NAME)
    monkeypatch.undo()
    assert vault.lookup("c1", "PERSON", NAME) == ()
    assert vault.reveal("c1", vault.surrogate_for("c1", "PERSON", NAME)) == NAME


@pytest.mark.parametrize(
    "typed",
    ["maximiliana quartermaine", "Quartermaine", "QUARTERMAINE, M.", "quartermaine maximiliana", "Ms Quartermaine",
     "Maximilyana Quartermayne"],
)  # fmt: skip
def test_a_person_is_found_in_any_spelling_or_order(vault: Vault, typed: str) -> None:
    made = vault.surrogate_for("c1", "PERSON", NAME)
    vault.surrogate_for("c1", "PERSON", "Peter Jones")
    assert vault.lookup("c1", "PERSON", typed) == (made,)


def test_a_name_that_nobody_has_finds_nobody(vault: Vault) -> None:
    vault.surrogate_for("c1", "PERSON", NAME)
    for typed in ("Maximiliana Jones", "Peter Quartermaine", "Jones", "", "  "):
        assert vault.lookup("c1", "PERSON", typed) == ()


def test_a_common_first_name_does_not_find_everyone_who_bears_it(vault: Vault) -> None:
    vault.surrogate_for("c1", "PERSON", "Anna Lindqvist")
    assert vault.lookup("c1", "PERSON", "Anna Petersen") == ()


def test_namesakes_with_different_record_numbers_are_different_people(vault: Vault) -> None:
    one = vault.surrogate_for("c1", "PERSON", "John Smith", hints=(("MEDICAL_RECORD", "111"),))
    other = vault.surrogate_for("c1", "PERSON", "John Smith", hints=(("MEDICAL_RECORD", "222"),))
    assert one != other
    assert vault.surrogate_for("c1", "PERSON", "Smith, John", hints=(("MEDICAL_RECORD", "222"),)) == other
    assert vault.surrogate_for("c1", "PERSON", "John Smith", hints=(("MEDICAL_RECORD", "111"),)) == one
    assert set(vault.lookup("c1", "PERSON", "John Smith")) == {one, other}


def test_evidence_that_agrees_in_one_thing_is_the_same_person(vault: Vault) -> None:
    born = ("DATE_TIME", "3 May 1961")
    one = vault.surrogate_for("c1", "PERSON", "John Smith", hints=(("MEDICAL_RECORD", "111"), born))
    assert vault.surrogate_for("c1", "PERSON", "John Smith", hints=(("MEDICAL_RECORD", "999"), born)) == one


def test_a_name_seen_before_its_evidence_keeps_its_surrogate(vault: Vault) -> None:
    plain = vault.surrogate_for("c1", "PERSON", "John Smith")
    assert vault.surrogate_for("c1", "PERSON", "John Smith", hints=(("MEDICAL_RECORD", "111"),)) == plain


def test_erasing_forgets_the_original_the_index_and_the_key(vault: Vault, stores: Stores) -> None:
    made = vault.surrogate_for("c1", "PERSON", NAME)
    kept = vault.surrogate_for("c1", "PERSON", "Peter Jones")
    assert vault.erase("c1", made)
    assert not vault.erase("c1", made)
    with pytest.raises(NotFound):
        vault.reveal("c1", made)
    with pytest.raises(NotFound):
        stores.keys.existing(f"subject/c1/{made}")
    assert vault.lookup("c1", "PERSON", NAME) == ()
    assert vault.reveal("c1", kept) == "Peter Jones"
    assert vault.surrogate_for("c1", "PERSON", NAME) != made
    with stores.database.transaction() as plain:
        assert plain.execute(select(index).where(index.c.surrogate == made)).first() is None


def test_an_erasure_cut_off_after_the_key_is_finished_by_doing_it_again(vault: Vault, stores: Stores) -> None:
    made = vault.surrogate_for("c1", "PERSON", NAME)
    stores.keys.destroy(f"subject/c1/{made}")
    assert vault.lookup("c1", "PERSON", "Quartermaine") == ()
    assert vault.erase("c1", made)
    assert vault.surrogate_for("c1", "PERSON", NAME) != made


def test_a_domain_can_be_forgotten_whole(vault: Vault) -> None:
    made = vault.surrogate_for("c1", "PERSON", NAME)
    other = vault.surrogate_for("c2", "PERSON", NAME)
    assert vault.erase_domain("c1") == 1
    with pytest.raises(NotFound):
        vault.reveal("c1", made)
    assert vault.reveal("c2", other) == NAME


def test_another_ring_with_the_wrong_key_is_an_integrity_failure(home: Path, tmp_path: Path) -> None:
    with opened(home) as stores:
        made = Vault(stores.database, stores.keys).surrogate_for("c1", "PERSON", NAME)
        other_home = tmp_path / "other"
        other_home.mkdir()
        other = KeyRing.create(load(other_home, insecure_plain_key_file=True))
        other.key(f"subject/c1/{made}")
        with pytest.raises(IntegrityFailure):
            Vault(stores.database, other).reveal("c1", made)
        other.close()


def test_one_changed_byte_is_an_integrity_failure(vault: Vault, stores: Stores) -> None:
    made = vault.surrogate_for("c1", "PERSON", NAME)
    with stores.database.transaction() as connection:
        sealed = bytearray(connection.execute(table.select()).one().sealed)
        sealed[20] ^= 1
        connection.execute(update(table).values(sealed=bytes(sealed)))
    with pytest.raises(IntegrityFailure) as failure:
        vault.reveal("c1", made)
    assert "Quartermaine" not in str(failure.value)


def test_the_mapping_of_one_surrogate_cannot_be_put_in_the_place_of_another(vault: Vault, stores: Stores) -> None:
    one, other = vault.allocate("c1", [Mention("PERSON", NAME), Mention("PERSON", "Peter Jones")])
    with stores.database.transaction() as connection:
        sealed = connection.execute(table.select().where(table.c.surrogate == other)).one().sealed
        connection.execute(update(table).where(table.c.surrogate == one).values(sealed=sealed))
    with pytest.raises(IntegrityFailure):
        vault.reveal("c1", one)
