"""Questions are drawn from the log itself, reviewed once and not by their asker, and packed with their proofs."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.audit import check, evidence_pack
from appliance.audit.events import AnswerGiven, PassagesShown, QuestionAsked, QuestionRefused, SearchedByIdentity
from appliance.audit.log import AuditLog
from appliance.audit.record import own_scope
from appliance.audit.supervision import Filters, Supervision, questions, sample
from appliance.errors import AuditUnavailable, NotFound, Refused, UsageError
from appliance.storage.database import Database
from appliance.storage.keys import KeyRing


@pytest.fixture
def supervision(log: AuditLog, keys: KeyRing, home: Path) -> Iterator[Supervision]:
    database = Database.open(home)
    yield Supervision(database, keys, log)
    database.close()


def ask(log: AuditLog, actor: str = "nina", purpose: str = "treatment", **outcome: object) -> str:
    """A question with its outcome; the id of its intent."""
    attack = outcome.pop("attack", ())
    asked = QuestionAsked(purpose=purpose, policy_digest="p", scope_digest="s", collections=("ward",), attack=attack,
                          question="what is the dose for [PERSON:k7f2m4qa]?")  # type: ignore[arg-type]  # fmt: skip
    intent = log.append(asked, actor=actor).record
    log.append(PassagesShown(intent=intent, chunks=(), evidence=("c1",), quotes=("5 mg at night.",)), actor=actor)
    given: dict = {"status": "answered", "answer": {"text": "5 mg \N{EM DASH} at night. \u0141"}, **outcome}
    log.append(AnswerGiven(intent=intent, **given), actor=actor)
    return intent


def test_a_random_sample_can_be_drawn_again_from_the_log_and_its_seed(log: AuditLog, supervision: Supervision) -> None:
    for _ in range(30):
        ask(log)
    before = questions(log.records(opened=False))
    drawn = supervision.draw("random", 10, Filters(), "petra")
    event = next(record for record in log.records() if record.kind == "review_drawn")
    assert (event.actor, event.public["drawn"], event.public["of"]) == ("petra", 10, 30)
    again = sample(before, "random", 10, event.public["seed"])
    assert {each.record for each in again} == {each.record for each in drawn}
    assert len({each.record for each in supervision.draw("random", 30, Filters(), "petra")}) == 20
    assert supervision.draw("random", 30, Filters(), "petra") == []


def test_by_risk_the_riskiest_come_first_and_it_says_why(
    log: AuditLog, supervision: Supervision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.audit.supervision.NIGHT", (24, 0))  # whenever this test runs
    for _ in range(5):
        ask(log)
    log.append(SearchedByIdentity(purpose="treatment", domain="ward", names=1, found=1), actor="bob")
    risky = ask(log, "bob", "emergency", attack=("ignore",), dropped=3, verification=({"shown": True},))
    log.append(QuestionRefused(step=3, reason="not_found", purpose="research"), actor="rita")
    first, second = supervision.draw("risk", 2, Filters(), "petra")
    assert first.record == risky
    assert {"attack", "emergency", "by name", "much dropped"} <= set(first.signs)
    assert "refused" in second.signs


def test_filters_choose_and_many_questions_in_an_hour_show(log: AuditLog, supervision: Supervision) -> None:
    for _ in range(16):
        ask(log, "bob")
    ask(log, "nina", "payment")
    ask(log, "nina", status="abstained")
    assert [each.signs.count("many") for each in questions(log.records(opened=False)) if each.person == "bob"][-2:] == [
        1,
        1,
    ]
    assert len(supervision.draw("random", 50, Filters(person="nina", purpose="payment"), "p")) == 1
    assert len(supervision.draw("random", 50, Filters(status="abstained"), "p")) == 1
    assert supervision.draw("random", 50, Filters(since="2999"), "p") == []
    assert supervision.draw("random", 50, Filters(collection="bank"), "p") == []
    for basis, count in (("by heart", 5), ("random", 0), ("random", 100_000)):
        with pytest.raises(UsageError):
            supervision.draw(basis, count, Filters(), "p")


def test_each_is_reviewed_once_and_nobody_reviews_their_own(log: AuditLog, supervision: Supervision) -> None:
    own, other, undrawn = ask(log, "petra"), ask(log, "nina"), ""
    supervision.draw("random", 2, Filters(), "petra")
    undrawn = ask(log)
    with pytest.raises(Refused, match="their own"):
        supervision.review(own, "no concern", "", "petra")
    done = supervision.review(other, "concern", "asked for too much", "petra")
    assert (done.finding, done.reviewed_by, done.note) == ("concern", "petra", "asked for too much")
    with pytest.raises(UsageError, match="already"):
        supervision.review(other, "no concern", "", "otto")
    with pytest.raises(NotFound):
        supervision.review(undrawn, "no concern", "", "petra")
    with pytest.raises(UsageError, match="finding"):
        supervision.review(own, "splendid", "", "otto")
    last = list(log.records())[-1]
    assert (last.kind, last.public["record"], last.sealed) == (
        "question_reviewed",
        other,
        {"note": "asked for too much"},
    )


def test_what_cannot_be_recorded_is_neither_drawn_nor_reviewed(log: AuditLog, supervision: Supervision) -> None:
    ask(log, "bob")
    log._devices[0].fail("was pulled out")
    with pytest.raises(AuditUnavailable):
        supervision.draw("random", 1, Filters(), "petra")
    assert supervision.all() == []


@pytest.mark.parametrize("how", ["answer", "record", "checkpoint", "key"])
def test_a_pack_is_checked_without_the_appliance_and_a_changed_one_is_not_whole(log: AuditLog, how: str) -> None:
    ask(log)
    content = evidence_pack.pack(log, range(3), {"for": "the examiner"})
    found = check.check_pack(json.loads(content), log.verifier)
    assert (found["ok"], found["packed"]) == (True, 3)
    changed = json.loads(content)
    key: str | None = log.verifier
    if how == "answer":
        changed["records"][2]["opened"][0]["data"] = changed["records"][2]["opened"][0]["data"].replace("5 mg", "9 mg")
    elif how == "record":
        changed["records"][0]["record"] = changed["records"][0]["record"].replace("nina", "rita")
    elif how == "checkpoint":
        changed["checkpoint"] = changed["checkpoint"].replace("\n3\n", "\n4\n")
    else:
        key = None
    assert not check.check_pack(changed, key)["ok"]


def test_a_pack_of_an_erased_question_holds_its_proof_and_not_its_words(log: AuditLog, keys: KeyRing) -> None:
    intent = ask(log)
    keys.destroy(own_scope(intent))
    content = evidence_pack.pack(log, [0, 2], {})
    assert b"what is the dose" not in content
    assert json.loads(content)["records"][0]["erased"] is True
    assert check.check_pack(json.loads(content), log.verifier)["ok"]


def test_the_printed_pack_says_what_the_file_proves(log: AuditLog, tmp_path: Path) -> None:
    import pypdfium2

    ask(log)
    content = evidence_pack.pack(log, range(3), {})
    pdf = evidence_pack.as_pdf(content, "Evidence", ["nina: no concern"])
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    text = " ".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    flat = "".join(text.split())
    for said in ("[PERSON:k7f2m4qa]", "5mg--atnight.", evidence_pack.digest_of(content), "c2sp.org/tlog-proof@v1"):
        assert said in flat
    (tmp_path / "pack.json").write_bytes(content)
    (tmp_path / "key").write_text(log.verifier)
    assert check.main([str(tmp_path / "pack.json"), "--key", str(tmp_path / "key")]) == 0
