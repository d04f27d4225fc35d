"""Originals come back for display from the domains asked for, and from no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.redaction.display import reveal_in
from appliance.redaction.vault import Vault
from tests.stores import opened


@pytest.fixture
def vault(home: Path) -> Iterator[Vault]:
    with opened(home) as stores:
        yield Vault(stores.database, stores.keys)


def test_originals_of_the_domain_come_back_and_are_listed_for_the_record(vault: Vault) -> None:
    made = vault.surrogate_for("c1", "PERSON", "Maria Okafor")
    shown = reveal_in(f"{made} saw {made} and [PERSON:aaaaaaaa] [AGE:40-49].", ["c1"], vault)
    assert shown.text == "Maria Okafor saw Maria Okafor and [PERSON:aaaaaaaa] [AGE:40-49]."
    assert shown.surrogates == (made,)
    assert "Okafor" not in repr(shown)


def test_a_surrogate_of_another_domain_or_an_erased_one_stays(vault: Vault) -> None:
    foreign = vault.surrogate_for("c2", "PERSON", "Maria Okafor")
    erased = vault.surrogate_for("c1", "PERSON", "Peter Jones")
    vault.erase("c1", erased)
    text = f"{foreign} and {erased}"
    assert reveal_in(text, ["c1"], vault).text == text
    assert reveal_in(text, [], vault).surrogates == ()


def test_an_original_that_looks_like_a_surrogate_is_not_revealed_again(vault: Vault) -> None:
    inner = vault.surrogate_for("c1", "PERSON", "Maria Okafor")
    outer = vault.surrogate_for("c1", "ID", inner)
    assert reveal_in(outer, ["c1"], vault).text == inner
