"""Originals come back for display from the collections granted, and from no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.access import grants
from appliance.access.grants import Purpose, RevealGrant
from appliance.redaction.display import originals, revealed, surrogates_in
from appliance.redaction.vault import Vault
from tests.stores import opened


@pytest.fixture
def vault(home: Path) -> Iterator[Vault]:
    with opened(home) as stores:
        yield Vault(stores.database, stores.keys)


def grant(*collections: str) -> RevealGrant:
    return RevealGrant(grants._SEAL, "p-1", Purpose.TREATMENT, frozenset(collections))


def shown(text: str, vault: Vault, *collections: str) -> str:
    return revealed(text, originals(surrogates_in(text), grant(*collections), vault))


def test_originals_of_the_collection_come_back_once_each_for_the_record(vault: Vault) -> None:
    made = vault.surrogate_for("c1", "PERSON", "Maria Okafor")
    text = f"{made} saw {made} and [PERSON:aaaaaaaa] [AGE:40-49]."
    assert shown(text, vault, "c1") == "Maria Okafor saw Maria Okafor and [PERSON:aaaaaaaa] [AGE:40-49]."
    found = originals(surrogates_in(text), grant("c1"), vault)
    assert [(each.surrogate, each.domain) for each in found] == [(made, "c1")]
    assert "Okafor" not in repr(found)


def test_a_surrogate_of_another_collection_or_an_erased_one_stays(vault: Vault) -> None:
    foreign = vault.surrogate_for("c2", "PERSON", "Maria Okafor")
    erased = vault.surrogate_for("c1", "PERSON", "Peter Jones")
    vault.erase("c1", erased)
    text = f"{foreign} and {erased}"
    assert shown(text, vault, "c1") == text
    assert shown(text, vault) == text


def test_an_original_that_looks_like_a_surrogate_is_not_revealed_again(vault: Vault) -> None:
    inner = vault.surrogate_for("c1", "PERSON", "Maria Okafor")
    outer = vault.surrogate_for("c1", "ID", inner)
    assert shown(outer, vault, "c1") == inner


def test_nobody_but_access_can_make_the_grant(vault: Vault) -> None:
    with pytest.raises(TypeError):
        RevealGrant(object(), "p-1", Purpose.TREATMENT, frozenset({"c1"}))
