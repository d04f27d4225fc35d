"""The doctor tries things for real, and a failed subject is a failed check, not a crash."""

from pathlib import Path

import pytest

from appliance.errors import UsageError
from appliance.settings import Settings, load
from appliance.upkeep import doctor


def test_this_machine_is_fit(packs: Path, home: Path) -> None:
    found = doctor.checks(load(home), ["egress", "sandbox"])
    assert [check for check in found if not check.ok] == []
    assert {"egress: UDP", "egress: native TCP", "sandbox: minimum", "sandbox: parse"} <= {
        check.name for check in found
    }


def test_missing_and_unknown_packs_are_failed_checks(home: Path) -> None:
    settings = load(home, packs=home / "packs", generation_pack="unheard-of")
    failed = {check.name for check in doctor.checks(settings, ["models"]) if not check.ok}
    assert failed == {"model all-minilm-l6-v2", "model spacy-en-md", "model pii-rampart", "model unheard-of"}


def test_other_rooms_add_their_subjects(home: Path) -> None:
    def storage(settings: Settings) -> list[doctor.Check]:
        return [doctor.Check("storage", settings.home == home, "seen")]

    assert doctor.checks(load(home), ["storage"], {"storage": storage}) == [doctor.Check("storage", True, "seen")]
    with pytest.raises(UsageError, match="Name one of"):
        doctor.checks(load(home), ["weather"])


def test_a_subject_that_fails_is_a_failed_check(home: Path) -> None:
    def broken(settings: Settings) -> list[doctor.Check]:
        raise UsageError("it is broken")

    (check,) = doctor.checks(load(home), ["broken"], {"broken": broken})
    assert not check.ok
    assert "broken" in check.detail
