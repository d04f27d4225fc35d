"""The officers' page: what waits for a second look, questions to review, broken glass, disclosures, reports, holds.

Everything here needs the right to audit, holds and their lifting the right to administer; nothing here opens a
document. Ids come in bodies and are resolved by the operations behind, which answer for whoever asks.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from appliance.access.emergency import CODES, TOLD
from appliance.access.grants import Person, Purpose
from appliance.access.sessions import Session
from appliance.assembly import forgetting, oversight, supervising
from appliance.assembly.acting import purpose_of
from appliance.web import bodies
from appliance.web.dependencies import Changing, SignedIn, TheAppliance

router = APIRouter()
TEMPLATES = Path(__file__).parents[1] / "templates"
MAX_BODY_BYTES = 64 * 1024
Text = Annotated[str, Field(max_length=2000)]
Short = Annotated[str, Field(max_length=200)]
Model = TypeVar("Model", bound=BaseModel)


def auditing(session: SignedIn, appliance: TheAppliance) -> Person:
    """Somebody who may read the log. Refused (403) otherwise."""
    appliance.access.require(session.person, "audit")
    return session.person


def auditing_change(session: Changing, appliance: TheAppliance) -> Person:
    """The same, of a request that changes or records something."""
    return auditing(session, appliance)


def administering(session: Changing, appliance: TheAppliance) -> Person:
    """Somebody who may administer, of a request that changes something."""
    appliance.access.require(session.person, "administer")
    return session.person


def myself(session: Changing) -> Session:
    """Whoever is signed in, of a request that changes something."""
    return session


Auditing = Annotated[Person, Depends(auditing)]
AuditingChange = Annotated[Person, Depends(auditing_change)]
Administering = Annotated[Person, Depends(administering)]


def body(model: type[Model], after: Callable[..., Any] = auditing_change) -> Callable[..., Awaitable[Model]]:
    """A dependency that reads the body as `model`, after `after` has let the person in."""

    async def read(request: Request, _: Annotated[Any, Depends(after)]) -> Model:
        return await bodies.read_json(request, model, MAX_BODY_BYTES)

    return read


class Draw(BaseModel):
    """A sample to draw."""

    basis: Short = "random"
    count: int = 10
    filters: dict[Short, Short] = {}


class Question(BaseModel):
    """A question that was drawn."""

    record: Short


class Finding(Question):
    """What a reviewer found: of a question, or of an emergency access."""

    finding: Short
    note: Text = ""


class Pack(BaseModel):
    """Questions to pack; all that are reviewed, when none is named."""

    records: Annotated[list[Short], Field(max_length=500)] = []


class Subject(BaseModel):
    """Whose disclosures are to be accounted for: a surrogate, or a name."""

    surrogate: Short = ""
    name: Short = ""
    collection: Short = ""
    purpose: Short = Purpose.OPERATIONS.value
    since: Short = ""
    until: Short = ""


class Wanted(BaseModel):
    """A compliance report."""

    name: Short
    since: Short = ""
    until: Short = ""


class NewHold(BaseModel):
    """A legal hold to place."""

    kind: Short
    target: Short
    reason: Text


class OldHold(BaseModel):
    """A legal hold to lift."""

    hold: Short


class Emergency(BaseModel):
    """A glass to break."""

    code: Short
    reason: Text


@router.get("/oversight")
def page() -> FileResponse:
    """The officers' page; what it shows it asks for."""
    return FileResponse(TEMPLATES / "oversight.html", media_type="text/html; charset=utf-8")


@router.get("/api/oversight")
def dashboard(who: Auditing, appliance: TheAppliance) -> dict[str, Any]:
    """What waits for a second look, and when the log was last anchored, backed up and verified."""
    return {
        **supervising.waiting(appliance), "may_administer": appliance.access.may(who, "administer"),
        "collections": [{"id": c.id, "title": c.title} for c in appliance.catalog.collections.all()],
    }  # fmt: skip


@router.get("/api/oversight/questions")
def questions(who: Auditing, appliance: TheAppliance) -> dict[str, Any]:
    """Questions drawn for review, those to be reviewed first; the view is recorded."""
    return supervising.reviews(appliance, who)


@router.post("/api/oversight/questions/draw")
def draw(who: AuditingChange, wanted: Annotated[Draw, Depends(body(Draw))], appliance: TheAppliance) -> dict[str, Any]:
    """Draw questions that were not drawn before, at random or by risk."""
    return supervising.drawn(appliance, who, wanted.basis, wanted.count, dict(wanted.filters))


@router.post("/api/oversight/questions/open")
def open_question(
    who: AuditingChange, one: Annotated[Question, Depends(body(Question))], appliance: TheAppliance
) -> dict[str, Any]:
    """A drawn question with answer and evidence; the view is recorded first."""
    return supervising.opened(appliance, who, one.record)


@router.post("/api/oversight/questions/review")
def review(
    who: AuditingChange, found: Annotated[Finding, Depends(body(Finding))], appliance: TheAppliance
) -> dict[str, Any]:
    """Note what was found of a drawn question, once."""
    done = appliance.supervision.review(found.record, found.finding, found.note, who.id)
    return supervising.drawn_json(appliance, done)


@router.post("/api/oversight/questions/pack")
def pack(who: AuditingChange, wanted: Annotated[Pack, Depends(body(Pack))], appliance: TheAppliance) -> dict[str, Any]:
    """Reviewed questions with their proofs: JSON and PDF, in base64."""
    return supervising.packed(appliance, who, list(wanted.records))


@router.get("/api/oversight/emergencies")
def emergencies(who: Auditing, appliance: TheAppliance) -> dict[str, Any]:
    """Emergency accesses, those to be reviewed first; the view is recorded."""
    supervising.note_reading(appliance, who)
    return supervising.emergencies(appliance)


@router.post("/api/oversight/emergencies/review")
def review_emergency(
    who: AuditingChange, found: Annotated[Finding, Depends(body(Finding))], appliance: TheAppliance
) -> dict[str, Any]:
    """A second person's review of somebody's emergency access, once."""
    done = appliance.emergencies.review(who, found.record, found.finding, found.note)
    return supervising.emergency_json(appliance, done)


@router.post("/api/oversight/disclosures")
def disclosures(
    who: AuditingChange, of: Annotated[Subject, Depends(body(Subject))], appliance: TheAppliance
) -> dict[str, Any]:
    """Who saw a person's data; by name only for who may find people by name for that purpose."""
    why = purpose_of(of.purpose)
    return oversight.accounting(appliance, who, why, of.surrogate, of.name, of.collection, of.since, of.until)


@router.post("/api/oversight/report")
def report(
    who: AuditingChange, wanted: Annotated[Wanted, Depends(body(Wanted))], appliance: TheAppliance
) -> dict[str, Any]:
    """A compliance report, each line checked against the records now."""
    return oversight.reported(appliance, who.id, wanted.name, wanted.since, wanted.until)


@router.get("/api/oversight/holds")
def holds(who: Auditing, appliance: TheAppliance) -> dict[str, Any]:
    """Every legal hold, those in force first."""
    return {"holds": [forgetting.hold_json(each) for each in appliance.holds.all()]}


@router.post("/api/oversight/holds")
def place_hold(
    who: Administering, wanted: Annotated[NewHold, Depends(body(NewHold, administering))], appliance: TheAppliance
) -> dict[str, Any]:
    """Place a legal hold."""
    *_, made = forgetting.hold_place(appliance, who.id, wanted.kind, wanted.target, wanted.reason)
    return made


@router.post("/api/oversight/holds/lift")
def lift_hold(
    who: Administering, old: Annotated[OldHold, Depends(body(OldHold, administering))], appliance: TheAppliance
) -> dict[str, Any]:
    """Lift a legal hold."""
    *_, lifted = forgetting.hold_lift(appliance, who.id, old.hold)
    return lifted


@router.get("/api/emergency")
def emergency(session: SignedIn, appliance: TheAppliance) -> dict[str, Any]:
    """Whether this person may break the glass, and what is open to them now."""
    now = appliance.emergencies.of(session.person)
    return {
        "may": appliance.access.may_break_glass(session.person), "until": now.until if now else "",
        "codes": CODES, "told": TOLD,
    }  # fmt: skip


@router.post("/api/emergency")
def break_glass(
    session: Changing, wanted: Annotated[Emergency, Depends(body(Emergency, myself))], appliance: TheAppliance
) -> dict[str, Any]:
    """Break the glass: recorded, then open at once, for an hour at most."""
    return supervising.glass_broken(appliance, session.person, wanted.code, wanted.reason)


@router.post("/api/emergency/end")
def end_emergency(session: Changing, appliance: TheAppliance) -> dict[str, Any]:
    """End one's own emergency access."""
    appliance.emergencies.end(session.person)
    return {"until": ""}
