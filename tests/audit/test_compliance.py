"""A report's lines are borne out by records that hold now, or say what is missing."""

from pathlib import Path

import pytest

from appliance.audit import compliance, events
from appliance.audit.events import (
    AnswerGiven,
    AuditRead,
    BackupMade,
    DeviceFailed,
    EmergencyAccess,
    ErasureVerified,
    QuestionAsked,
    ServiceStarted,
)
from appliance.audit.log import AuditLog
from appliance.audit.report_page import as_pdf
from appliance.errors import IntegrityFailure, UsageError

from .forger import altered, put_together, take_apart


def lines(log: AuditLog, name: str) -> dict[str, compliance.Line]:
    return {line.control: line for line in compliance.report(log, name).lines}


def of(log: AuditLog, name: str, control: str) -> compliance.Line:
    return next(line for key, line in lines(log, name).items() if key.startswith(control))


def test_every_report_speaks_of_events_that_exist_and_conditions_that_are_known(log: AuditLog) -> None:
    known = {event.kind() for event in events.every_event()}
    assert compliance.names() == ["hipaa", "gdpr", "sec-17a-4", "ai-act", "dora"]
    log.append(ServiceStarted(version="1"), actor="system")
    for name in compliance.names():
        made = compliance.report(log, name)
        assert made.lines
        for line in made.lines:
            assert set(line.kinds) <= known, line.control
            assert line.state in ("held", "nothing", "open")
    conditions = {c.get("condition", "") for each in compliance._controls().values() for c in each["controls"]}
    assert conditions == {"", "outcomes", "reviewed", "erasures clean", "numbered", "failures repaired"}
    with pytest.raises(UsageError, match="unknown report"):
        compliance.report(log, "astrology")


def test_a_line_names_its_records_and_is_open_without_what_it_requires(log: AuditLog) -> None:
    backup = of(log, "hipaa", "164.308(a)(7)")
    assert (backup.state, backup.count) == ("open", 0)
    number = log.append(BackupMade(digest="d", records=1), actor="ada").index
    backup = of(log, "hipaa", "164.308(a)(7)")
    assert (backup.state, backup.records) == ("held", (number,))
    assert of(log, "hipaa", "164.514(c)").state == "nothing"


def test_a_question_that_was_cut_off_opens_its_line(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = log.append(QuestionAsked(purpose="t", policy_digest="p", scope_digest="s"), actor="nina")
    assert of(log, "ai-act", "Art. 12(1)").state == "held"  # it may still be answered
    later = asked.time.replace("20", "30", 1)

    class Later(compliance.datetime):
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return cls.fromisoformat(later)

    monkeypatch.setattr(compliance, "datetime", Later)
    line = of(log, "ai-act", "Art. 12(1)")
    assert line.state == "open"
    assert str(asked.index) in line.why
    log.append(AnswerGiven(intent=asked.record, status="answered"), actor="nina")
    assert of(log, "ai-act", "Art. 12(1)").state == "held"


def test_an_unreviewed_emergency_a_leftover_and_a_lost_device_open_their_lines(log: AuditLog) -> None:
    log.append(
        EmergencyAccess(phase="opened", purpose_code="BTG", access="e-1", due="2020-01-01T00:00:00+00:00"),
        actor="carla",
    )
    assert "not reviewed" in of(log, "hipaa", "164.312(a)(2)(ii)").why
    log.append(EmergencyAccess(phase="reviewed", purpose_code="BTG", access="e-1"), actor="petra")
    assert of(log, "hipaa", "164.312(a)(2)(ii)").state == "held"
    log.append(ErasureVerified(target="document d", searched=5, found=1), actor="ada")
    assert of(log, "gdpr", "Art. 17").state == "open"
    log.append(DeviceFailed(device=1, reason="gone"), actor="system")
    assert of(log, "dora", "Art. 17 incident").state == "open"


def test_a_log_that_was_altered_bears_nothing_out(log: AuditLog) -> None:
    log.append(AuditRead(start=0, end=1, opened=False), actor="otto")
    log.append(AuditRead(start=0, end=1, opened=False), actor="otto")
    directory = log._devices[0].directory
    frames = take_apart(directory)
    put_together(directory, [altered(frames[0]), *frames[1:]])
    assert {line.state for line in compliance.report(log, "hipaa").lines} == {"open"}
    path = next(directory.glob("segment-*"))
    path.write_bytes(path.read_bytes().replace(b"somebody-else", b"somebody-less", 1))
    with pytest.raises(IntegrityFailure, match="record 0"):
        compliance.report(log, "hipaa")


def test_the_period_bounds_what_counts_and_a_pdf_says_the_same(log: AuditLog, tmp_path: Path) -> None:
    log.append(BackupMade(digest="d", records=1), actor="ada")
    assert all(line.count == 0 for line in compliance.report(log, "hipaa", since="2999").lines)
    made = compliance.report(log, "gdpr")
    told = {
        "title": made.title, "from": "", "to": "", "log_records": made.size, "root": made.root, "facts": made.facts,
        "lines": [{name: getattr(line, name) for name in line.__slots__} for line in made.lines],
    }  # fmt: skip
    assert as_pdf(told).startswith(b"%PDF")
