"""Two administrators do the same thing in the same moment: one does it, the other is told so, nothing is lost."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from appliance.audit.events import AnswerGiven, QuestionAsked
from appliance.audit.supervision import Filters, Supervision
from appliance.documents.holds import Held, Holds
from appliance.errors import ApplianceError, NotFound, UsageError
from appliance.upkeep.erase import erase_document
from tests.upkeep.test_deletion import House

AT_ONCE = 6


def together(work: Callable[[int], Any]) -> tuple[list[Any], list[ApplianceError]]:
    """Have everybody do it at once: what came back, and what was refused."""
    done: list[Any] = []
    refused: list[ApplianceError] = []
    start = threading.Barrier(AT_ONCE)

    def one(number: int) -> None:
        start.wait()
        try:
            done.append(work(number))
        except ApplianceError as error:
            refused.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done, refused


@pytest.fixture
def holds(house: House) -> Holds:
    object.__setattr__(house.held, "home", house.home)
    return Holds(house.held.database, house.held.keys)


def test_a_hold_is_lifted_by_one_of_them(house: House, holds: Holds) -> None:
    hold = holds.place("document", house.add("letter").document, "a matter", "ada")
    done, refused = together(lambda number: holds.lift(hold.id, f"admin-{number}"))
    assert len(done) == 1
    assert {type(error) for error in refused} == {UsageError}
    assert holds.all()[0].lifted_by == done[0].lifted_by


def test_a_document_is_erased_by_one_of_them_and_one_certificate_is_signed(house: House, holds: Holds) -> None:
    version = house.add("letter")
    done, refused = together(
        lambda number: erase_document(house.held, version.document, actor=f"admin-{number}", reason="request")
    )
    assert done
    assert all(each.clean for each in done)
    assert {type(error) for error in refused} <= {NotFound}
    assert house.held.log.verify().ok


def test_a_hold_and_an_erasure_in_one_moment_leave_either_the_document_or_no_hold_on_it(
    house: House, holds: Holds
) -> None:
    for round_ in range(5):
        version = house.add(f"letter {round_}")

        def work(number: int, document: str = version.document) -> str:
            if number % 2:
                return f"placed {holds.place('document', document, 'a matter', 'ada').id}"
            erase_document(house.held, document, actor="bob", reason="request")
            return "erased"

        done, refused = together(work)
        assert {type(error) for error in refused} <= {Held, NotFound}
        if any(each.startswith("placed") for each in done) and "erased" not in done:
            assert house.held.catalog.visible(version.id)
        if "erased" in done:
            assert not house.held.catalog.deletions.versions_of(version.document)


def test_a_question_is_drawn_once_and_reviewed_by_one_of_them(house: House) -> None:
    log, supervision = house.held.log, Supervision(house.held.database, house.held.keys, house.held.log)
    for _ in range(10):
        asked = log.append(QuestionAsked(purpose="treatment", policy_digest="p", scope_digest="s"), actor="nina")
        log.append(AnswerGiven(intent=asked.record, status="answered"), actor="nina")
    done, refused = together(lambda number: supervision.draw("random", 5, Filters(), f"officer-{number}"))
    assert not refused
    assert sum(len(each) for each in done) == len(supervision.all()) == 10
    record = supervision.all()[0].record
    done, refused = together(lambda number: supervision.review(record, "no concern", "", f"officer-{number}"))
    assert len(done) == 1
    assert {type(error) for error in refused} == {UsageError}
    reviewed = [each for each in log.records() if each.kind == "question_reviewed"]
    assert [each.actor for each in reviewed] == [done[0].reviewed_by]
