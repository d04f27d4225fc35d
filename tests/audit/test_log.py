"""What the log promises to its callers."""

import json
import resource
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.audit import check, segment
from appliance.audit import log as log_module
from appliance.audit.checkpoint import Verifier, open_checkpoint, parse_proof
from appliance.audit.events import AnswerGiven, Reidentified, SignIn
from appliance.audit.export import export
from appliance.audit.log import AuditLog
from appliance.audit.merkle import Tree, leaf_hash, root_from_inclusion
from appliance.errors import AuditUnavailable, IntegrityFailure, NotFound, Unavailable, UsageError
from appliance.settings import Settings
from appliance.storage.keys import KeyRing

from .conftest import asked

OpenLog = Callable[..., AuditLog]


def test_a_record_is_on_the_disk_when_append_returns(log: AuditLog, configured: Settings) -> None:
    receipt = log.append(asked(), actor="person-1", operator="root")
    stored = list(segment.records(configured.home / "audit"))
    assert len(stored) == 1
    assert leaf_hash(stored[0][1]).hex() == receipt.leaf
    record = json.loads(stored[0][1])
    assert (record["index"], record["id"], record["time"]) == (0, receipt.record, receipt.time)
    assert (record["kind"], record["actor"], record["operator"]) == ("question_asked", "person-1", "root")


def test_sealed_text_is_nowhere_in_the_files_and_comes_back_through_the_key_ring(
    log: AuditLog, configured: Settings
) -> None:
    log.append(asked("canary-of-a-question"), actor="person-1")
    written = b"".join(path.read_bytes() for path in (configured.home / "audit").iterdir())
    assert b"canary-of-a-question" not in written
    record = next(log.records())
    assert record.sealed == {"question": "canary-of-a-question"}
    assert "canary" not in repr(record)
    assert next(log.records(opened=False)).sealed is None


def test_destroying_a_key_leaves_a_tombstone_and_every_proof(log: AuditLog, keys: KeyRing) -> None:
    kept = log.append(asked("kept"), actor="person-1")
    erased = log.append(asked("erased", scope="subject/7"), actor="person-1")
    before, anchor = log.prove(erased), log.checkpoint()
    assert keys.destroy("subject/7")
    first, second = log.records()
    assert first.sealed == {"question": "kept"}
    assert second.sealed is None
    assert second.erased
    assert log.verify(anchor).ok
    assert log.prove(erased) == before
    assert keys.destroy(f"audit/{kept.record}")
    assert all(record.erased for record in log.records())


def test_a_sealed_part_moved_to_another_record_does_not_open(log: AuditLog, keys: KeyRing) -> None:
    from appliance.audit.record import decode

    log.append(asked("one", scope="subject/7"), actor="person-1")
    log.append(asked("two", scope="subject/7"), actor="person-1")
    one, two = (json.loads(data) for data in log.raw())
    one["sealed"] = two["sealed"]
    with pytest.raises(IntegrityFailure):
        decode(json.dumps(one).encode(), keys)


def test_records_of_many_threads_get_consecutive_numbers_and_share_writes(log: AuditLog) -> None:
    receipts = []

    def work(name: str) -> None:
        receipts.extend(log.append(SignIn(), actor=name) for _ in range(20))

    threads = [threading.Thread(target=work, args=(f"person-{number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipt.index for receipt in receipts) == list(range(320))
    assert [record.index for record in log.records()] == list(range(320))
    by_index = {receipt.index: receipt.leaf for receipt in receipts}
    assert Tree(bytes.fromhex(by_index[index]) for index in range(320)).root() == log.root()


def test_a_log_opened_again_goes_on_where_it_was(open_log: OpenLog) -> None:
    first = open_log()
    for _ in range(5):
        first.append(SignIn(), actor="person-1")
    root = first.root()
    first.close()
    again = open_log()
    assert (again.size, again.root()) == (5, root)
    assert again.append(SignIn(), actor="person-1").index == 5
    assert again.verify().ok


def test_segments_follow_each_other_without_a_gap(
    open_log: OpenLog, configured: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.audit.device.SEGMENT_BYTES", 2000)
    log = open_log()
    for _ in range(30):
        log.append(SignIn(), actor="person-1")
    assert len(segment.segments(configured.home / "audit")) > 3
    assert [record.index for record in log.records(17, 23)] == list(range(17, 23))
    assert log.verify().records == 30
    log.close()
    assert open_log().size == 30


def test_time_never_goes_back_in_the_log_when_the_clock_does(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    first = log.append(SignIn(), actor="person-1")

    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2001, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(log_module, "datetime", Yesterday)
    second = log.append(SignIn(), actor="person-1")
    assert second.time >= first.time
    assert log.verify().ok


def test_a_receipt_proves_inclusion_in_under_2500_bytes(log: AuditLog) -> None:
    receipts = [log.append(SignIn(), actor="person-1") for _ in range(40)]
    verifier = Verifier.parse(log.verifier)
    for receipt in receipts:
        proof = log.prove(receipt).proof
        index, path, note, extra = parse_proof(proof)
        checkpoint = open_checkpoint(note, verifier)
        assert root_from_inclusion(bytes.fromhex(receipt.leaf), index, checkpoint.size, path) == checkpoint.root
        assert json.loads(extra)["record"] == receipt.record
        assert len(proof.encode()) + (40 - len(path)) * 45 < 2500, "even in a log of 2**40 records"
    assert log.prove(3).receipt == receipts[3]


def test_a_record_is_found_by_its_id_and_by_its_number(log: AuditLog) -> None:
    receipts = [log.append(asked(f"question {number}"), actor="person-1") for number in range(5)]
    assert log.find(receipts[3].record).index == 3
    assert log.find("4").id == receipts[4].record
    for unknown in ("5", "-1", "nosuchrecord", ""):
        with pytest.raises(NotFound):
            log.find(unknown)
    with pytest.raises(NotFound):
        log.prove(5)


def test_a_second_process_on_the_same_log_is_refused(log: AuditLog, open_log: OpenLog) -> None:
    log.append(SignIn(), actor="person-1")
    with pytest.raises(Unavailable, match="another process"):
        open_log()
    assert log.append(SignIn(), actor="person-1").index == 1


def test_a_closed_log_takes_nothing(log: AuditLog) -> None:
    log.close()
    with pytest.raises(AuditUnavailable):
        log.append(SignIn(), actor="person-1")


def test_an_event_that_json_cannot_hold_is_refused_and_disturbs_nobody(log: AuditLog) -> None:
    with pytest.raises(UsageError):
        log.append(AnswerGiven(intent="x", status="answered", answer={"bad": object()}), actor="person-1")
    assert log.append(SignIn(), actor="person-1").index == 0


def test_both_devices_hold_the_same_log(open_log: OpenLog, tmp_path: Path) -> None:
    devices = (tmp_path / "one", tmp_path / "two")
    log = open_log(audit_devices=devices)
    for _ in range(10):
        log.append(SignIn(), actor="person-1")
    assert log.verify().ok
    log.close()
    assert segment.segments(devices[0])[0].read_bytes() == segment.segments(devices[1])[0].read_bytes()


def test_a_device_that_lags_is_brought_up_to_date_and_that_is_recorded(open_log: OpenLog, tmp_path: Path) -> None:
    devices = (tmp_path / "one", tmp_path / "two")
    log = open_log(audit_devices=devices)
    log.append(SignIn(), actor="person-1")
    log._devices[1].fail("was unplugged by a test")
    for _ in range(10):
        log.append(SignIn(), actor="person-1")
    log.close()
    again = open_log(audit_devices=devices)
    assert again.verify().ok
    assert [record.kind for record in again.records()].count("device_failed") == 1
    assert list(again.records())[-1].public == {"device": 1, "dropped_bytes": 0, "copied_records": 11}


def test_a_replaced_disk_gets_a_copy_of_everything(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log(audit_devices=(tmp_path / "one",))
    for _ in range(10):
        log.append(SignIn(), actor="person-1")
    log.close()
    again = open_log(audit_devices=(tmp_path / "fresh", tmp_path / "one"))
    assert again.verify().ok
    assert again.size == 11


def test_a_device_that_cannot_be_opened_is_given_up_when_another_works(open_log: OpenLog, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("this is no directory")
    with pytest.raises(AuditUnavailable):
        open_log(audit_devices=(tmp_path / "file",))
    log = open_log(audit_devices=(tmp_path / "file", tmp_path / "one"))
    assert log.append(SignIn(), actor="person-1").index == 1
    assert next(log.records()).kind == "device_failed"
    assert not log.verify().ok


def test_a_checkpoint_kept_elsewhere_is_the_log_s_and_anchors_it(log: AuditLog) -> None:
    for _ in range(7):
        log.append(Reidentified(purpose="treatment", domain="ward", count=1), actor="person-1")
    anchor = log.checkpoint()
    assert open_checkpoint(anchor, Verifier.parse(log.verifier)).size == 7
    log.append(SignIn(), actor="person-1")
    found = log.verify(anchor)
    assert (found.ok, found.records, found.root) == (True, 8, log.root().hex())
    assert not log.verify("not a checkpoint").ok


def test_a_lost_or_replaced_checkpoint_key_stops_the_log(open_log: OpenLog, keys: KeyRing) -> None:
    log = open_log()
    log.append(SignIn(), actor="person-1")
    log.close()
    keys.destroy(log_module.CHECKPOINT_KEY)
    with pytest.raises(IntegrityFailure, match="key is lost"):
        open_log()
    keys.key(log_module.CHECKPOINT_KEY)
    with pytest.raises(IntegrityFailure, match="key was replaced"):
        open_log()


def test_a_log_removed_or_put_back_from_yesterday_is_noticed_at_start(open_log: OpenLog, configured: Settings) -> None:
    directory, away = configured.home / "audit", configured.home / "away"
    log = open_log()
    log.append(SignIn(), actor="person-1")
    log.close()
    yesterday = {path.name: path.read_bytes() for path in directory.iterdir()}
    again = open_log()
    again.append(SignIn(), actor="person-1")
    again.close()
    directory.rename(away)
    with pytest.raises(IntegrityFailure):
        open_log()
    (configured.home / log_module.ANCHOR).rename(configured.home / "anchor-away")
    with pytest.raises(IntegrityFailure, match="was removed"):
        open_log()
    (configured.home / "anchor-away").rename(configured.home / log_module.ANCHOR)
    for name, content in yesterday.items():
        (directory / name).write_bytes(content)
    with pytest.raises(IntegrityFailure, match="old copy was put back"):
        open_log()


def test_an_interrupted_export_leaves_nothing_and_the_next_one_is_whole(
    log: AuditLog, tmp_path: Path
) -> None:
    for _ in range(50):
        log.append(SignIn(), actor="person-1")
    target, limit = tmp_path / "log.jsonl", resource.getrlimit(resource.RLIMIT_FSIZE)
    (tmp_path / "log.jsonl.partial").write_text("what a killed export left")
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limit[1]))
    try:
        with pytest.raises(Unavailable, match="cannot be written"):
            export(log, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert not target.exists()
    assert export(log, target)
    assert check.check_export(target, log.verifier)["ok"]
    assert log.verify().ok
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(target.read_bytes()[:-300])
    assert not check.check_export(cut, log.verifier)["ok"]
