"""Model change control: measured beside what it replaces, approved by a second person, recorded with both scores."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.answering import compositions
from appliance.answering.engines.engine import EngineInfo, Piece
from appliance.assembly import model_changes, parts
from appliance.assembly.attempt import Attempt
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance
from appliance.errors import NotFound, Refused, UsageError
from tests.web import site

GOLDEN = [
    {"question": "Within what time must a unit of red cells be finished?", "user": "nina", "purpose": "treatment",
     "answerable": True, "answers": ["4 hours"]},
    {"question": "Who won the cup in 1998?", "user": "nina", "purpose": "treatment", "answerable": False},
]  # fmt: skip


class Scripted:
    """A language model whose weights are one sentence."""

    def __init__(self, name: str, sentence: str) -> None:
        self.info = EngineInfo(name, f"digest-of-{name}", 4096)
        self._sentence = sentence

    def stream(self, messages: Any, *, max_tokens: int, **options: Any) -> Iterator[Piece]:
        yield Piece(self._sentence)
        yield Piece("", 10, 5)

    def close(self) -> None:
        pass


ENGINES = {
    "old": "A unit of red cells must be finished within 4 hours.",
    "better": "A unit of red cells must be finished within 4 hours.",
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, packs: Path) -> Iterator[Appliance]:
    """A home of this module's own; its models are loaded once."""
    made = site.copied(site.made(tmp_path_factory.getbasetemp()), tmp_path_factory.mktemp("changes"))
    opened = Appliance.open(site.chosen(made.home))
    yield opened
    opened.close()


@pytest.fixture
def appliance(opened: Appliance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Appliance]:
    """The home as if nothing had composed in it yet: its engine is scripted, its golden questions lie there."""
    home = opened.settings.home
    (home / "golden.json").write_text(json.dumps({"questions": GOLDEN}))
    (home / "settings.toml").unlink(missing_ok=True)

    def scripted(settings: Any, name: str = "", free_bytes: int | None = None) -> Scripted:
        return Scripted(name or "old", ENGINES[name or "old"])

    monkeypatch.setattr(parts, "open_engine", scripted)
    monkeypatch.setattr(model_changes, "open_engine", scripted)
    with opened.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM composition")
    opened.__dict__.pop("engine", None)
    monkeypatch.setattr(opened, "_engine_attempt", Attempt())
    yield opened
    opened.__dict__.pop("engine", None)


def run(appliance: Appliance, operation: str, **arguments: Any) -> dict[str, Any]:
    *_, last = perform(appliance, operation, arguments)
    return last


def setting(appliance: Appliance, monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    monkeypatch.setattr(appliance, "settings", appliance.settings.model_copy(update=values))


def test_a_model_is_measured_beside_the_old_one_put_in_force_and_recorded_with_both_scores(
    appliance: Appliance,
) -> None:
    assert appliance.engine is not None
    assert appliance.engine.info.name == "old"
    before = appliance.log.size
    change = run(appliance, "models.use", name="better")
    assert change["status"] == "in_force"
    assert change["scores"]["questions"] == change["scores_before"]["questions"] == 2
    assert change["scores"]["right"] == change["scores_before"]["right"] == 1.0
    assert change["scores"]["uncited"] == 0
    assert appliance.engine.info.name == "better", "from the next question on"
    kinds = {record.kind: record.public for record in appliance.log.records(before)}
    assert kinds["model_measured"]["scores_before"] == change["scores_before"]
    assert kinds["model_in_force"]["scores"] == change["scores"]
    assert kinds["model_in_force"]["replaces"] == "digest-of-old"
    assert 'generation_pack = "better"' in (appliance.settings.home / "settings.toml").read_text()


def test_a_change_waits_for_a_second_administrator_where_a_setting_says_so(
    appliance: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting(appliance, monkeypatch, second_approval=True)
    _ = appliance.engine
    change = run(appliance, "models.use", name="better", user="ada")
    assert change["status"] == "measured"
    assert appliance.engine is not None
    assert appliance.engine.info.name == "old"
    with pytest.raises(Refused, match="second person"):
        run(appliance, "models.approve", change=change["id"], user="ada")
    with pytest.raises(Refused):
        run(appliance, "models.approve", change=change["id"], user="nina")
    assert run(appliance, "models.approve", change=change["id"])["status"] == "in_force"
    assert appliance.engine.info.name == "better"
    with pytest.raises(Refused):
        run(appliance, "models.approve", change=change["id"])


@pytest.mark.parametrize("what", ["model", "prompt"])
def test_nothing_unmeasured_composes_and_the_quotations_stand(
    appliance: Appliance, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    _ = appliance.engine
    appliance.__dict__.pop("engine")
    if what == "model":
        monkeypatch.setattr(parts, "open_engine", lambda settings: Scripted("sneaked", "It is 4 hours."))
    else:
        real = compositions.identity_of
        changed = lambda info: compositions.Identity(info.name, info.digest, f"{real(info).prompt_digest}x")  # noqa: E731
        monkeypatch.setattr(parts, "identity_of", changed)
    told = run(appliance, "ask", question=GOLDEN[0]["question"], user="nina", purpose="treatment")
    assert told["status"] == "answered"
    assert {sentence["kind"] for sentence in told["sentences"]} == {"quote"}
    assert any("not measured on your golden questions" in warning for warning in told["warnings"])


def test_without_golden_questions_a_change_is_recorded_when_it_happens(
    appliance: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ = appliance.engine
    (appliance.settings.home / "golden.json").unlink()
    appliance.__dict__.pop("engine")
    monkeypatch.setattr(parts, "open_engine", lambda settings: Scripted("other", "It is 4 hours."))
    before = appliance.log.size
    assert appliance.engine is not None
    (record,) = appliance.log.records(before)
    assert (record.kind, record.public["replaces"], record.public["scores"]) == ("model_in_force", "digest-of-old", {})
    with pytest.raises(UsageError, match="no golden questions"):
        run(appliance, "models.use", name="better")


def test_an_unknown_change_and_malformed_golden_questions_are_told(appliance: Appliance, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        run(appliance, "models.approve", change="none")
    for content in ("", "[]", '{"questions": []}', '{"questions": [{"question": "x"}]}', "\x00"):
        (tmp_path / "bad.json").write_text(content)
        with pytest.raises(UsageError):
            run(appliance, "models.use", name="better", golden=str(tmp_path / "bad.json"))
