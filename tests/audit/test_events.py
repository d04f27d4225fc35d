"""Events are documented, and what is sealed is never public."""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from appliance.audit import events
from appliance.audit.events import Event

REFERENCE = Path(__file__).parents[2] / "docs" / "audit-events.md"


def example(event: type[Event], text: str) -> Event:
    """An event with `text` in every sealed field and something in every other."""
    values: dict[str, Any] = {}
    for each in fields(event):
        if "sealed" in each.metadata:
            values[each.name] = {"text": text} if "Mapping" in str(each.type) else text
        elif each.default is MISSING and each.default_factory is MISSING:
            values[each.name] = 1 if each.type is int else "x"
    return event(**values)


@pytest.mark.parametrize("event", events.every_event(), ids=lambda event: event.__name__)
def test_every_event_has_a_docstring_and_keeps_sealed_fields_out_of_the_public_part(event: type[Event]) -> None:
    assert event.__doc__
    assert not event.__doc__.startswith(f"{event.__name__}("), "that is what dataclass writes where there is none"
    made = example(event, "canary")
    assert "canary" not in repr(made.public())
    sealed = {each.name for each in fields(event) if "sealed" in each.metadata}
    assert set(made.sealed()) == sealed
    assert set(made.public()) == {each.name for each in fields(event)} - sealed - {"subject_scope"}


def test_kinds_are_unique() -> None:
    kinds = [event.kind() for event in events.every_event()]
    assert len(kinds) == len(set(kinds)) > 30


def test_the_reference_page_is_what_the_program_says() -> None:
    assert REFERENCE.read_text("utf-8") == events.render_reference(), "generate it again"
