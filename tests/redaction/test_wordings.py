"""A question's own words are in the vault only, and go with the person they name."""

from pathlib import Path

import pytest

from appliance.errors import NotFound
from appliance.redaction.wordings import Wordings
from tests import stores


def test_words_are_kept_sealed_found_by_reference_and_erased_with_whom_they_name(home: Path) -> None:
    with stores.opened(home) as opened:
        wordings = Wordings(opened.database, opened.keys)
        named = wordings.keep("What is the dose for annabel  THORNQUIST?")
        other = wordings.keep("Where does Bob Miller live?")
        assert wordings.reveal(named) == "What is the dose for annabel  THORNQUIST?"
        assert wordings.count_naming("Annabel Thornquist") == 1
        assert wordings.erase_naming("Annabel Thornquist") == 1
        for reference in (named, "question:none"):
            with pytest.raises(NotFound):
                wordings.reveal(reference)
        assert wordings.reveal(other) == "Where does Bob Miller live?"
        assert wordings.count_before("2999") == 1
        assert wordings.erase_before("2999") == 1
    for file in home.rglob("*"):
        if file.is_file():
            assert b"Miller" not in file.read_bytes()
