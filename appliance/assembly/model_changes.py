"""Model change control: measured on the site's golden questions beside what it replaces, approved, in force, recorded.

Without golden questions a change is recorded when it happens; with them, nothing that was not measured composes.
"""

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance import ask as questions
from appliance.answering.compositions import Composition, identity_of
from appliance.answering.engines.engine import Engine
from appliance.answering.queueing import Queue
from appliance.assembly import wire
from appliance.assembly.acting import Events, person, purpose_of
from appliance.assembly.engines import open_engine
from appliance.assembly.parts import Appliance
from appliance.audit.events import ModelInForce, ModelMeasured
from appliance.errors import UsageError
from appliance.evaluation import golden as goldens

SETTING = {"openai_compatible": "endpoint_model"}
"""Which setting names the model; `generation_pack` for models in process."""


def use(appliance: Appliance, operator: str, name: str, golden: str = "", user: str = "") -> Events:
    """Measure a model on the golden questions beside the one in force; put it in force unless somebody else must."""
    by = _administrator(appliance, operator, user)
    file = Path(golden) if golden else appliance.settings.golden
    if file is None:
        raise UsageError(
            "there are no golden questions", "Give them with --golden FILE, or the setting golden_questions"
        )
    asked = goldens.read(file)
    candidate: Engine | None = open_engine(appliance.settings, name)
    assert candidate is not None
    try:
        before = appliance.compositions.in_force()
        known = before.scores if before and before.golden_digest == asked.digest else {}
        if before and not known and identity_of(_current(appliance).info).digest == before.identity.digest:
            known = yield from _measured(appliance, _current(appliance), asked, operator, before.identity.model)
        scores = yield from _measured(appliance, candidate, asked, operator, name)
        change = appliance.compositions.record(identity_of(candidate.info), asked.digest, scores, known, by)
        appliance.log.append(
            ModelMeasured(
                change=change.id, pack=name, digest=change.identity.digest, model_digest=candidate.info.digest,
                prompt_digest=change.identity.prompt_digest, golden_digest=asked.digest, scores=scores,
                scores_before=known, replaces=before.identity.digest if before else "",
            ),
            actor=by,
        )  # fmt: skip
        if not appliance.settings.second_approval:
            change = _in_force(appliance, change, candidate, by, second=False)
            candidate = None
    finally:
        if candidate is not None:
            candidate.close()
    yield described(change)


def approve(appliance: Appliance, operator: str, change: str, user: str = "") -> Events:
    """A second person's approval: the change is in force."""
    by = _administrator(appliance, operator, user)
    found = appliance.compositions.get(change)
    opened = open_engine(appliance.settings, found.identity.model)
    try:
        if identity_of(opened.info).digest != found.identity.digest:
            raise UsageError("model, prompt or weights have changed since they were measured", "Measure them again")
        found = _in_force(appliance, found, opened, by, second=appliance.settings.second_approval)
    except BaseException:
        opened.close()
        raise
    yield described(found)


def changes(appliance: Appliance, operator: str) -> Events:
    """Every change with its scores, the newest first."""
    yield {"changes": [described(each) for each in appliance.compositions.all()]}


def described(change: Composition) -> dict[str, Any]:
    """A change as JSON."""
    return {
        "id": change.id, "model": change.identity.model, "digest": change.identity.digest, "status": change.status,
        "scores": change.scores, "scores_before": change.scores_before, "golden_digest": change.golden_digest,
        "proposed_by": change.proposed_by, "decided_by": change.decided_by, "created": change.created,
    }  # fmt: skip


def _administrator(appliance: Appliance, operator: str, user: str) -> str:
    """Who changes: the person given, who must be an administrator, else the operating system's user."""
    if not user:
        return operator
    who = person(appliance, operator, user)
    appliance.access.require(who, "administer")
    return who.id


def _current(appliance: Appliance) -> Engine:
    engine = appliance.engine
    if engine is None:
        raise UsageError("this site composes nothing", "Turn the setting compose on first")
    return engine


def _measured(
    appliance: Appliance, engine: Engine, asked: goldens.Golden, operator: str, name: str
) -> Generator[dict[str, Any], None, dict[str, float]]:
    """Events of progress; returns the scores."""
    rooms = replace(appliance.asking, engine=lambda: engine, queue=Queue())
    results = []
    for number, question in enumerate(asked.questions, 1):
        yield {"model": name, "question": number, "of": len(asked.questions)}
        results.append(_answered(appliance, rooms, operator, question))
    return goldens.score(asked, results)


def _answered(
    appliance: Appliance, rooms: questions.Rooms, operator: str, question: Mapping[str, Any]
) -> dict[str, Any]:
    who = person(appliance, operator, question["user"])
    purpose = purpose_of(question.get("purpose", "operations"))
    *_, last = questions.ask(rooms, who, purpose, question["question"], collection=question.get("collection"))
    return wire.shown(last)


def _in_force(appliance: Appliance, change: Composition, engine: Engine, by: str, *, second: bool) -> Composition:
    before = appliance.compositions.in_force()
    made = appliance.compositions.put_in_force(change.id, by, second=second)
    appliance.log.append(
        ModelInForce(
            pack=made.identity.model, use="generation", digest=made.identity.model_digest,
            replaces=before.identity.model_digest if before else "", change=made.id, scores=made.scores,
            scores_before=made.scores_before,
        ),
        actor=by,
    )  # fmt: skip
    _write_setting(appliance, SETTING.get(appliance.settings.engine, "generation_pack"), made.identity.model)
    appliance.exchange_engine(engine)
    return made


def _write_setting(appliance: Appliance, name: str, value: str) -> None:
    """Set one line of the home's settings.toml; the rest of the file stays as it is."""
    file = appliance.settings.home / "settings.toml"
    text = file.read_text("utf-8") if file.is_file() else ""
    line = f'{name} = "{value}"'
    pattern = re.compile(rf"^{name}\s*=.*$", re.MULTILINE)
    changed = pattern.sub(line, text, count=1) if pattern.search(text) else f"{line}\n{text}"
    partial = file.with_suffix(".part")
    partial.write_text(changed, "utf-8")
    partial.replace(file)


OPERATIONS: dict[str, Callable[..., Events]] = {"models.use": use, "models.approve": approve, "models.changes": changes}
