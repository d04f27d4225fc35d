"""Every way to falsify a log is found against the last anchor, and the first bad record is named."""

import random
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance import settings
from appliance.audit import check, segment
from appliance.audit.checkpoint import Signer
from appliance.audit.events import SignIn
from appliance.audit.log import CHECKPOINT_KEY, AuditLog
from appliance.audit.merkle import leaf_hash
from appliance.errors import ApplianceError
from appliance.settings import Settings
from appliance.storage.keys import KeyRing

from .conftest import asked
from .forger import Frame, altered, numbered_again, put_together, renumbered, resign_checkpoints, take_apart, with_heads

RECORDS = 120
HALF = 60
Mutate = Callable[[list[Frame], int], list[Frame]]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A home with a closed log of single and grouped records, and two anchors: at its middle and at its end."""
    home = tmp_path_factory.mktemp("template") / "home"
    home.mkdir()
    configured = settings.load(home, insecure_plain_key_file=True, audit_reserve_bytes=0, audit_seconds=20.0)
    keys = KeyRing.create(configured)
    log = AuditLog.open(configured, keys)
    anchors = []
    for half in range(2):
        for number in range(20):
            log.append(asked(f"question {number}"), actor="person-1")
        threads = [threading.Thread(target=some_sign_ins, args=(log, name)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert log.size == HALF * (half + 1)
        anchors.append(log.checkpoint())
    log.close()
    keys.close()
    return home, anchors


@pytest.fixture
def configured(template: tuple[Path, list[str]], tmp_path: Path) -> Settings:
    """Settings of a copy of that home."""
    shutil.copytree(template[0], tmp_path / "home")
    return settings.load(tmp_path / "home", insecure_plain_key_file=True, audit_reserve_bytes=0, audit_seconds=5.0)


@pytest.fixture
def keys(configured: Settings) -> Iterator[KeyRing]:
    """Its key ring."""
    ring = KeyRing.open(configured)
    yield ring
    ring.close()


@pytest.fixture
def whole(template: tuple[Path, list[str]], configured: Settings) -> tuple[Path, list[str]]:
    """Its log's directory and the anchors."""
    return configured.home / "audit", template[1]


def some_sign_ins(log: AuditLog, name: str) -> None:
    for _ in range(10):
        log.append(SignIn(), actor=f"person-{name}")


def positions(frames: list[Frame]) -> list[int]:
    """Where the records stand among the frames."""
    return [place for place, frame in enumerate(frames) if not frame.head]


def batch_of(frames: list[Frame], index: int) -> tuple[int, int]:
    """First and last record of the batch that holds record `index`."""
    first = count = 0
    for frame in frames:
        if frame.head:
            if count > index:
                return first, count - 1
            first = count
        count += not frame.head
    raise AssertionError("no such record")


def drop(frames: list[Frame], index: int) -> list[Frame]:
    place = positions(frames)[index]
    return frames[:place] + frames[place + 1 :]


def swap(frames: list[Frame], index: int) -> list[Frame]:
    places = positions(frames)
    other, result = places[(index + 1) % RECORDS], list(frames)
    result[places[index]], result[other] = result[other], result[places[index]]
    return result


def duplicate(frames: list[Frame], index: int) -> list[Frame]:
    place = positions(frames)[index]
    return [*frames[:place], frames[place], *frames[place:]]


def alter(frames: list[Frame], index: int) -> list[Frame]:
    place = positions(frames)[index]
    return [*frames[:place], altered(frames[place]), *frames[place + 1 :]]


def truncate(frames: list[Frame], index: int) -> list[Frame]:
    return frames[: positions(frames)[index]]


def drop_and_number_again(frames: list[Frame], index: int) -> list[Frame]:
    return numbered_again(drop(frames, index))


def swap_and_number_again(frames: list[Frame], index: int) -> list[Frame]:
    return numbered_again(swap(frames, index))


MUTATIONS = [drop, swap, duplicate, alter, truncate, drop_and_number_again, swap_and_number_again]


def bad(directory: Path, anchors: list[str]) -> dict[str, object]:
    found = check.check_log(directory, None, anchors)
    assert not found["ok"], "the falsified log was taken for whole"
    return found


def test_the_log_is_whole_before_it_is_touched(whole: tuple[Path, list[str]]) -> None:
    directory, anchors = whole
    found = check.check_log(directory, None, anchors)
    assert (found["ok"], found["records"], found["anchored"]) == (True, RECORDS, RECORDS)


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_without_the_key_every_mutation_is_found_in_the_batch_it_touched(
    whole: tuple[Path, list[str]], mutate: Mutate
) -> None:
    directory, anchors = whole
    frames = take_apart(directory)
    for index in range(0, RECORDS - 1, 7):
        put_together(directory, mutate(frames, index))
        named = bad(directory, anchors)["first_bad_record"]
        first, last = batch_of(frames, index)
        assert isinstance(named, int)
        assert first <= named <= last + 1, f"record {index} was touched, {named} was named"


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_heads_forged_with_another_key_are_found_where_the_forgery_begins(
    whole: tuple[Path, list[str]], mutate: Mutate
) -> None:
    directory, anchors = whole
    frames = take_apart(directory)
    forger = Signer(anchors[0].split("\n")[0], b"\x07" * 32)
    for index in range(3, RECORDS - 1, 19):
        touched = mutate(frames, index)
        forged = with_heads(touched, forger)
        same = next(place for place, frame in enumerate(frames) if place >= len(touched) or touched[place] != frame)
        put_together(directory, frames[:same] + forged[same:])
        named = bad(directory, anchors)["first_bad_record"]
        first, last = batch_of(frames, index)
        assert isinstance(named, int)
        assert first <= named <= last + 1, f"record {index} was touched, {named} was named"


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_a_rewrite_with_the_old_key_is_found_between_two_anchors(
    whole: tuple[Path, list[str]], keys: KeyRing, mutate: Mutate
) -> None:
    directory, anchors = whole
    frames = take_apart(directory)
    signer = Signer(anchors[0].split("\n")[0], keys.existing(CHECKPOINT_KEY))
    for index in range(5, RECORDS - 1, 23):
        forged = with_heads(numbered_again(mutate(frames, index)), signer)
        put_together(directory, forged)
        resign_checkpoints(directory, forged)
        assert check.check_log(directory)["ok"], "only an anchor can tell"
        bad(directory, anchors[-1:])
        named = bad(directory, anchors)["first_bad_record"]
        assert isinstance(named, int)
        assert index // HALF * HALF <= named <= (index // HALF + 1) * HALF


def test_an_appended_record_is_found_because_nobody_signed_it(whole: tuple[Path, list[str]]) -> None:
    directory, anchors = whole
    frames = take_apart(directory)
    forger = Signer(anchors[0].split("\n")[0], b"\x07" * 32)
    late = Frame(renumbered(altered(frames[0]), RECORDS).data.replace(b'"time":"20', b'"time":"21'))
    for appended in ([late], with_heads([*frames, late, frames[-1]], forger)[-2:]):
        put_together(directory, [*frames, *appended])
        assert bad(directory, anchors)["first_bad_record"] == RECORDS


def test_any_flipped_bit_is_found_and_named(whole: tuple[Path, list[str]]) -> None:
    directory, anchors = whole
    frames = take_apart(directory)
    path = segment.segments(directory)[0]
    content, chance = path.read_bytes(), random.Random(6)
    starts = [segment.HEADER.size]
    for frame in frames:
        starts.append(starts[-1] + segment.FRAME.size + len(frame.data))
    for _ in range(300):
        at, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        path.write_bytes(content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :])
        place = sum(start <= at for start in starts) - 1
        touched = sum(not frame.head for frame in frames[: max(place, 0)])
        assert bad(directory, anchors)["first_bad_record"] in (touched, batch_of(frames, min(touched, RECORDS - 1))[0])


def test_a_cut_at_any_byte_is_found(whole: tuple[Path, list[str]]) -> None:
    directory, anchors = whole
    path = segment.segments(directory)[0]
    content, chance = path.read_bytes(), random.Random(7)
    for _ in range(100):
        path.write_bytes(content[: chance.randrange(len(content))])
        assert not check.check_log(directory, None, anchors)["ok"]


def test_the_appliance_itself_does_not_open_a_falsified_log(
    whole: tuple[Path, list[str]], configured: Settings, keys: KeyRing
) -> None:
    directory, _ = whole
    frames = take_apart(directory)
    for mutate in MUTATIONS:
        put_together(directory, mutate(frames, 33))
        with pytest.raises(ApplianceError):
            AuditLog.open(configured, keys)
    path = segment.segments(directory)[0]
    put_together(directory, frames)
    content, chance = path.read_bytes(), random.Random(8)
    for _ in range(60):
        at = chance.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :])
        with pytest.raises(ApplianceError):
            AuditLog.open(configured, keys)
    put_together(directory, frames)
    log = AuditLog.open(configured, keys)
    assert log.size == RECORDS
    log.close()


def test_a_changed_length_is_no_torn_end(whole: tuple[Path, list[str]], configured: Settings, keys: KeyRing) -> None:
    directory, _ = whole
    frames = take_apart(directory)
    path = segment.segments(directory)[0]
    content = path.read_bytes()
    starts = [segment.HEADER.size]
    for frame in frames:
        starts.append(starts[-1] + segment.FRAME.size + len(frame.data))
    (configured.home / "audit-anchor").unlink()
    for place in (0, len(frames) // 2, len(frames) - 2, len(frames) - 1):
        for bit in range(32):
            at, flip = starts[place] + bit // 8, 1 << bit % 8
            path.write_bytes(content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :])
            with pytest.raises(ApplianceError, match="damaged at record"):
                AuditLog.open(configured, keys)
            assert not check.check_log(directory)["ok"]


def test_log_and_key_replaced_together_are_found_by_the_key_or_an_anchor(whole: tuple[Path, list[str]]) -> None:
    directory, anchors = whole
    forger = Signer(anchors[0].split("\n")[0], b"\x07" * 32)
    true_key = (directory / "verifier.pub").read_text()
    forged = with_heads(take_apart(directory), forger)
    put_together(directory, forged)
    resign_checkpoints(directory, forged)
    (directory / "verifier.pub").write_text(f"{forger.verifier}\n")
    assert check.check_log(directory)["ok"], "nothing in the directory can tell"
    assert not check.check_log(directory, true_key)["ok"]
    assert not check.check_log(directory, None, anchors)["ok"]


def test_a_forged_leaf_is_no_leaf_of_the_tree(whole: tuple[Path, list[str]]) -> None:
    directory, _ = whole
    frames = [frame for frame in take_apart(directory) if not frame.head]
    assert len({leaf_hash(frame.data) for frame in frames}) == RECORDS
