"""What people do with redaction, in a real home: review, re-redaction, names found and seen again, the leak rate."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance import ingest
from appliance.access.grants import Purpose
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance
from appliance.audit.record import Record
from appliance.errors import IntegrityFailure, NotFound, Refused, TooManyRequests, UsageError
from appliance.evaluation import canaries
from appliance.redaction.surrogates import SURROGATE
from tests.web import site

LETTER = """# Ward round

Patient: Wilhelmina Featherstonehaugh, MRN 83920175. Reviewed with Sister Okonjo and Dr Hale.

Discussed MRN 83920175 with Grove before the discharge. Amber will call back on Monday, and Sterling agreed to wait.

Warfarin was stopped. The Kestrel form was sent to Marsh at the desk; the pump was checked every 4 hours.
"""


def do(appliance: Appliance, operation: str, **arguments: object) -> dict[str, Any]:
    """The result of an operation."""
    *_, result = perform(appliance, operation, dict(arguments))
    return result


def recorded(appliance: Appliance, kind: str, since: int) -> list[Record]:
    """Records of a kind from an index on."""
    return [each for each in appliance.log.records(since) if each.kind == kind]


def published_text(appliance: Appliance, version: str) -> str:
    return "\n".join(chunk.text for chunk in appliance.store.of_version(version))


@pytest.fixture(scope="module")
def letters(appliance: Appliance, made: site.Made) -> str:
    """A collection whose profile asks a reviewer about every name that is not beyond doubt. Its id."""
    folder = made.home / "policies" / "redaction"
    text = (folder / "strict-reviewed.yaml").read_text("utf-8")
    careful = re.sub(r"PERSON: {action: surrogate, min_score: 0.4, review: [^]]*]",
                     "PERSON: {action: surrogate, min_score: 0.4, review: [0.3, 0.9]", text)  # fmt: skip
    careful = careful.replace("name: strict-reviewed", "name: careful").replace("hold_above: 0.5", "hold_above: 0.0")
    (folder / "careful.yaml").write_text(careful)
    created = do(appliance, "collection.create", name="letters", title="Letters", profile="careful")
    for login, rights in (("rita", ("review", "read")), ("nina", ("read", "identify", "reveal"))):
        for right in rights:
            do(appliance, "grant.add", collection="letters", principal=f"user:{login}", right=right)
    return str(created["id"])


def hold(appliance: Appliance, letters: str, name: str, text: str = LETTER) -> ingest.Outcome:
    """A letter that waits for a reviewer."""
    grant = appliance.access.system_write(letters, "test")
    outcome = ingest.ingest(appliance.ingesting, grant, text.encode(), name)
    assert outcome.status == "quarantined", outcome
    return outcome


@pytest.fixture
def held(appliance: Appliance, letters: str, request: pytest.FixtureRequest) -> str:
    """The version of a letter that waits."""
    name = f"{request.node.name[:40]}.md"
    return hold(appliance, letters, name, f"{LETTER}\nNote {abs(hash(name)) % 1000} of the ward.\n").version


def test_a_held_document_is_in_nobodys_answers_and_half_of_it_is_nowhere(appliance: Appliance, held: str) -> None:
    assert appliance.store.of_version(held) == []
    assert held in appliance.catalog.hidden_versions()
    assert appliance.pages.numbers(held) == []
    found = do(appliance, "retrieve", question="Where was the Kestrel form sent?", user="nina", collection="letters")
    assert all(passage["version"] != held for passage in found["passages"])


def test_each_span_is_shown_in_its_context_with_what_is_sure_covered(appliance: Appliance, held: str) -> None:
    since = appliance.log.size
    desk = do(appliance, "review.show", version=held, user="rita")
    assert desk["items"]
    for item in desk["items"]:
        around = ["".join(p["text"] for p in item[side] if not p["covered"]) for side in ("before", "after")]
        assert item["text"] in LETTER
        assert any(len(text) > 5 and text.strip("\n ")[:5] in LETTER for text in around)
        assert item["why"]
    shown = str(desk)
    assert "Featherstonehaugh" not in shown
    assert "83920175" not in shown
    (viewed,) = recorded(appliance, "original_viewed", since)
    assert viewed.public["version"] == held
    assert viewed.actor == appliance.people.by_login("rita").id


def test_without_the_right_a_held_document_does_not_exist(appliance: Appliance, held: str) -> None:
    for operation, more in (("show", {}), ("decide", {"items": [1], "decision": "accept"}), ("retry", {})):
        for who, version in (("nina", held), ("rita", "0" * 32)):
            with pytest.raises(NotFound):
                do(appliance, f"review.{operation}", version=version, user=who, **more)
    assert do(appliance, "review.list", user="nina")["documents"] == []
    assert held in [each["version"] for each in do(appliance, "review.list", user="rita")["documents"]]


def test_the_last_decision_publishes_the_document_with_all_decisions_in_force(
    appliance: Appliance, made: site.Made, held: str
) -> None:
    items = do(appliance, "review.show", version=held, user="rita")["items"]
    since = appliance.log.size
    assert len(items) > 1
    rejected, renamed = items[0]["text"], items[1]["text"]
    for item in items:
        decision = "reject" if item is items[0] else "accept"
        more = {"type": "ORGANIZATION"} if item is items[1] else {}
        told = do(
            appliance, "review.decide", version=held, items=[item["id"]], decision=decision, user="rita", **more
        )
    assert told["waiting"] == 0
    assert told["document"]["status"] == "published"
    text = published_text(appliance, held)
    assert rejected in text
    assert "[ORGANIZATION:" in text
    assert renamed not in text
    assert appliance.catalog.visible(held)
    decided = recorded(appliance, "review_decided", since)
    assert [each.public["decision"] for each in decided].count("rejected") == 1
    assert {each.public["type"] for each in decided} == {"PERSON", "ORGANIZATION"}
    assert [each.kind for each in appliance.log.records(since)][-1] == "document_published"
    answer = do(appliance, "retrieve", question="Where was the Kestrel form sent?", user="nina", collection="letters")
    assert held in [passage["version"] for passage in answer["passages"]]
    leaks, _ = canaries.search([made.home], ["Featherstonehaugh", "83920175"])
    assert leaks == []


def test_a_decision_is_made_once_and_only_for_types_the_profile_replaces(appliance: Appliance, held: str) -> None:
    first, *_ = do(appliance, "review.show", version=held, user="rita")["items"]
    decide = {"version": held, "items": [first["id"]], "user": "rita"}
    with pytest.raises(UsageError, match="does not replace"):
        do(appliance, "review.decide", decision="accept", type="WEATHER", **decide)
    do(appliance, "review.decide", decision="accept", **decide)
    with pytest.raises(UsageError, match="decided already"):
        do(appliance, "review.decide", decision="reject", **decide)


def test_what_a_reviewer_marks_as_missed_is_covered_too(appliance: Appliance, held: str) -> None:
    desk = do(appliance, "review.show", version=held, user="rita")
    block, piece = next(
        (each["block"], piece) for each in desk["blocks"] for piece in each["pieces"] if "Kestrel" in piece["text"]
    )
    start = piece["start"] + piece["text"].index("Kestrel")
    mark = {"version": held, "block": block, "type": "PERSON", "user": "rita"}
    do(appliance, "review.add", start=start, end=start + len("Kestrel"), **mark)
    with pytest.raises(UsageError, match="not inside"):
        do(appliance, "review.add", start=0, end=10_000, **mark)
    assert do(appliance, "review.retry", version=held, user="rita")["status"] == "quarantined"
    ids = [item["id"] for item in do(appliance, "review.show", version=held, user="rita")["items"]]
    told = do(appliance, "review.decide", version=held, items=ids, decision="accept", user="rita")
    assert told["document"]["status"] == "published"
    assert "Kestrel" not in published_text(appliance, held)


def test_decided_but_not_taken_up_is_taken_up_at_the_next_start(appliance: Appliance, held: str) -> None:
    for each in appliance.reviews.waiting(held):
        appliance.reviews.decide(each.id, "accepted", "test")
    assert held in [outcome.version for outcome in ingest.resume(appliance.ingesting)]
    assert appliance.catalog.visible(held)


def test_a_profile_put_in_force_redacts_again_and_the_old_version_stays_until_the_switch(
    appliance: Appliance, made: site.Made, letters: str
) -> None:
    file = made.home / "policies" / "redaction" / "minimal.yaml"
    do(appliance, "collection.create", name="parts", profile="minimal")
    do(appliance, "grant.add", collection="parts", principal="user:nina")
    grant = appliance.access.system_write("parts", "test")
    note = b"# Pump\n\nThe pump was delivered by Peter Hollingsworth on 3 March 2024. Call 020 7946 0958.\n"
    old = ingest.ingest(appliance.ingesting, grant, note, "pump.md")
    assert "Hollingsworth" in published_text(appliance, old.version)
    before = file.read_text("utf-8")
    tighter = before.replace("detectors: [patterns]", "detectors: [patterns, spacy, pii-rampart]").replace(
        "rules:\n", "rules:\n  PERSON: {action: surrogate, min_score: 0.4, reason: Names after all}\n"
    )
    file.write_text(tighter)
    with pytest.raises(IntegrityFailure, match="not the version in force"):
        ingest.ingest(appliance.ingesting, grant, b"# Other\n\nAnother note.\n", "other.md")
    told = do(appliance, "policy.diff", name="minimal")
    assert [each["key"] for each in told["changes"]] == ["detectors", "PERSON"]
    assert [each["version"] for each in told["queues"]] == [old.version]
    since = appliance.log.size
    later = do(appliance, "policy.apply", name="minimal", later=True)
    assert [each["version"] for each in later["queued"]] == [old.version]
    assert appliance.catalog.visible(old.version)
    states = {each["name"]: each for each in do(appliance, "policy.state")["policies"]}
    assert states["redaction/minimal"]["outdated"] == 1
    done = do(appliance, "resume")["redacted_again"]
    assert [each["status"] for each in done] == ["published"]
    assert not appliance.catalog.visible(old.version)
    text = published_text(appliance, done[0]["version"])
    assert "Hollingsworth" not in text
    assert "3 March 2024" in text
    kinds = [each.kind for each in appliance.log.records(since)]
    assert kinds.index("policy_in_force") < kinds.index("redaction_queued") < kinds.index("document_published")
    assert do(appliance, "policy.apply", name="minimal")["documents"] == []


def test_a_name_is_found_in_another_spelling_and_order_and_seen_again_by_right_and_purpose(
    appliance: Appliance, letters: str
) -> None:
    grant = appliance.access.system_write("letters", "test")
    text = "# Clinic\n\nPatient: Maria Okafor, MRN 55512345.\n\nMaria Okafor takes warfarin 5 mg in the evening.\n"
    clinic = ingest.ingest(appliance.ingesting, grant, text.encode(), "clinic.md")
    assert clinic.status == "published", clinic
    since = appliance.log.size
    question = "What does Mrs OKAFOR, Maria take?"
    found = do(appliance, "retrieve", question=question, user="nina", collection="letters", k=3)
    best = found["passages"][0]["text"]
    assert "warfarin 5 mg" in best
    assert "Okafor" not in best
    (searched,) = recorded(appliance, "searched_by_identity", since)
    assert searched.public["allowed"]
    assert searched.public["found"] >= 1
    who = appliance.people.by_login("nina")
    from appliance.assembly import revealing

    surrogates = [match[0] for match in SURROGATE.finditer(best)]
    since = appliance.log.size
    names = revealing.names(appliance, who, Purpose.TREATMENT, surrogates)
    assert "Maria Okafor" in names.values()
    told = recorded(appliance, "reidentified", since)
    assert len(told) == len(names)
    assert {tuple(each.sealed["surrogates"]) for each in told} == {(each,) for each in names}
    assert revealing.names(appliance, who, Purpose.RESEARCH, surrogates) == {}
    assert revealing.names(appliance, appliance.people.by_login("rita"), Purpose.TREATMENT, surrogates) == {}
    everything = "".join(str(each.public) + str(each.sealed) for each in appliance.log.records(since))
    assert "Okafor" not in everything


def test_asked_by_name_without_the_right_it_is_recorded_and_looks_like_nobody(appliance: Appliance) -> None:
    def ask(question: str) -> tuple[list[str], list[str]]:
        since = appliance.log.size
        found = do(appliance, "retrieve", question=question, user="rita", collection="letters", k=3)
        kinds = [each.kind for each in appliance.log.records(since)]
        assert not recorded(appliance, "searched_by_identity", since)[0].public["allowed"]
        return kinds, [passage["chunk"] for passage in found["passages"]]

    assert ask("What does Maria Okafor take?") == ask("What does Greta Lindholm take?")


def test_names_are_limited_by_the_hour_for_everybody_alike(appliance: Appliance) -> None:
    limit = appliance.settings.names_per_hour
    for login in ("rita", "nina"):
        who = appliance.people.by_login(login)
        with pytest.raises(TooManyRequests):
            appliance.names.take(who.id, "search", limit + 1)
        do(appliance, "retrieve", question="What does Maria Okafor take?", user=login, collection="letters", k=1)


def test_asking_with_names_needs_the_right_and_shows_them_in_the_answer_only(appliance: Appliance) -> None:
    question = "What does Maria Okafor take?"
    with pytest.raises(Refused, match="may not see names"):
        do(appliance, "ask", question=question, user="rita", collection="letters", reveal=True)
    since = appliance.log.size
    told = do(appliance, "ask", question=question, user="nina", collection="letters", reveal=True)
    assert "Okafor" in str(told["citations"] or told["related"])
    assert recorded(appliance, "reidentified", since)
    everything = "".join(str(each.public) + str(each.sealed) for each in appliance.log.records(since))
    assert "Okafor" not in everything


def test_a_leak_rate_is_certified_after_every_block_was_searched_and_checks_offline(
    appliance: Appliance, made: site.Made, tmp_path: Path
) -> None:
    ward = made.collections["ward"]
    drawn = do(appliance, "leakrate.sample", collection="ward", size=6)
    assert drawn["population"] >= 6
    with pytest.raises(UsageError, match="not searched yet"):
        do(appliance, "leakrate.report", sample=drawn["id"])
    with pytest.raises(NotFound):
        do(appliance, "leakrate.show", sample=drawn["id"], user="nina")
    seen = set()
    for number in range(1, 7):
        block = do(appliance, "leakrate.show", sample=drawn["id"], user="rita")["block"]
        assert block["ordinal"] == number
        seen.add((block["version"], block["text"]))
        missed = ["PERSON", "DATE_TIME"] if number == 2 else []
        do(appliance, "leakrate.mark", sample=drawn["id"], block_number=number, missed=missed, user="rita")
    assert len(seen) == 6
    report = do(appliance, "leakrate.report", sample=drawn["id"])
    rates = report["per_1000_blocks"]
    assert report["collection"] == ward
    assert rates["any_direct_identifier"] == {"blocks": 1, "observed": 166.667, "upper_95": 581.803}
    assert rates["by_type"]["MEDICAL_RECORD"]["blocks"] == 0
    assert rates["by_type"]["DATE_TIME"]["direct"] is False
    assert report["policies"] == [appliance.profiles.get("strict").digest]
    assert set(report["models"]) == {"spacy-en-md", "pii-rampart"}
    for change, expected in ((lambda text: text, 0), (lambda text: text.replace('"blocks":1', '"blocks":0', 1), 4)):
        (tmp_path / "certificate.txt").write_text(change(report["certificate"]), "utf-8")
        check = [sys.executable, str(site.SAMPLES.parent / "appliance/audit/check.py")]
        ran = subprocess.run(
            [*check, str(tmp_path / "certificate.txt"), "--key", report["key"]], capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert ran.returncode == expected, ran.stdout + ran.stderr
