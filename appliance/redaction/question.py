"""The question guard: what a person typed becomes a question in the words of the documents.

A name or number becomes the surrogates that the vault knows for it in the collections the person may read,
if they have the right to search by identity. Without that right, and where nothing is known, it becomes a
fresh surrogate that is in no document. All three do the same work and look the same: "no such patient",
"not yours" and "not allowed to ask by name" cannot be told apart (invariant I3).

The rate limit and the record of a search by name belong to the caller.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from typing import TYPE_CHECKING

from appliance.redaction.actions import coarse, spans
from appliance.redaction.fakes import fake
from appliance.redaction.findings import Finding, Findings, RedactedEntity
from appliance.redaction.persons import DocumentNames
from appliance.redaction.policy import Profile
from appliance.redaction.spans import Replacement, replace
from appliance.redaction.spotting import spotted
from appliance.redaction.surrogates import PERSON, SURROGATE, new_surrogate, normal_form
from appliance.redaction.together import together
from appliance.redaction.vault import Vault

if TYPE_CHECKING:
    from appliance.redaction.detection import Detector

MOST_IN_TEXT = 4
"""Surrogates written into the question for one name; `terms` has all of them."""
MAY_BE_SEVERAL = "may be several people"
_BETWEEN = " or "


@dataclass(frozen=True, slots=True)
class GuardedQuestion:
    """A question without identifiers; fields as in `answering.answer.Question`."""

    text: str
    entities: tuple[RedactedEntity, ...]
    terms: tuple[str, ...]
    warnings: tuple[str, ...]
    by_identity: int
    """How many identifiers of the question were looked up: what the caller records. Not for display."""
    found: int = 0
    """How many surrogates of the documents they mean. Not for display."""


class QuestionGuard:
    """Guards questions with the detectors and the vault of this home, under the profiles of the collections asked.

    `profile_of` gives the profile in force of a collection, and of an empty name the home's own, for a question
    that nothing may answer.
    """

    def __init__(self, detector: "Detector", vault: Vault, profile_of: Callable[[str], Profile]) -> None:
        self._detector = detector
        self._vault = vault
        self._profile_of = profile_of

    def guard(self, text: str, domains: Iterable[str], *, allow_identity: bool) -> GuardedQuestion:
        """See `guard_question`. Raises what the detectors raise: the question is then refused."""
        profiles = {domain: self._profile_of(domain) for domain in sorted(set(domains))}
        profile = together(list(profiles.values()) or [self._profile_of("")])
        findings = self._detector.find([text], profile)
        named = [name for name, its in profiles.items() if _has_surrogates(its, PERSON)]
        known = spotted(text, named, self._vault)  # asked for everybody, so that it takes the same time
        if allow_identity and known:
            findings = replace_fields(findings, items=(*_apart(findings.items, known), *known))
        return guard_question(text, findings, profile, profiles, self._vault, allow_identity=allow_identity)


def guard_question(
    text: str,
    findings: Findings,
    profile: Profile,
    domains: Mapping[str, Profile],
    vault: Vault,
    *,
    allow_identity: bool,
) -> GuardedQuestion:
    """Replace the findings of one text, block 0 of `findings`, by what the documents of `domains` say instead.

    `domains` are the collections asked, each with its own profile, `profile` what `findings` were found under.
    An identifier is looked up where documents hold surrogates for its type.

    Surrogates that the person typed, copied from an answer, stay as they are. Raises Quarantined when a
    finding points outside the text: the question is then to be refused.
    """
    typed = [(match.start(), match.end()) for match in SURROGATE.finditer(text)]
    items = [item for item in findings.items if not any(item.start < end and item.end > start for start, end in typed)]
    found = spans([text], items, profile, guard_planted=False)
    names = DocumentNames(span.original for span in found if span.finding.type == PERSON)
    known_in: dict[str, list[str]] = {}
    found_in_all = 0
    meant: dict[tuple[str, str], tuple[str, ...]] = {}
    made: list[Replacement] = []
    terms: list[str] = [text[start:end] for start, end in typed]
    for span in found:
        type_ = span.finding.type
        if span.action not in ("surrogate", "fake"):
            made.append(Replacement(span.start, span.end, coarse(span), type_))
            continue
        value = names.full(span.original) if type_ == PERSON else span.original
        key = (type_, normal_form(type_, value))
        if key not in meant:
            if type_ not in known_in:
                known_in[type_] = [name for name, its in sorted(domains.items()) if _has_surrogates(its, type_)]
            known = _known(vault, known_in[type_], type_, value)
            found_in_all += len(known) if allow_identity else 0
            meant[key] = known if known and allow_identity else (new_surrogate(type_),)
            if span.action == "fake":
                meant[key] = tuple(fake(type_, value, each) for each in meant[key])
        terms += [each for each in meant[key] if SURROGATE.fullmatch(each)]
        made.append(Replacement(span.start, span.end, _BETWEEN.join(meant[key][:MOST_IN_TEXT]), type_))
    several = any(len(surrogates) > 1 for (type_, _), surrogates in meant.items() if type_ == PERSON)
    guarded = replace(text, made)
    return GuardedQuestion(
        text=guarded.text,
        entities=_entities(guarded.text, made, guarded.starts),
        terms=tuple(dict.fromkeys(terms)),
        warnings=(*findings.warnings, *((MAY_BE_SEVERAL,) if several else ())),
        by_identity=len(meant),
        found=found_in_all,
    )


def _apart(items: Sequence[Finding], known: Sequence[Finding]) -> list[Finding]:
    """Those of `items` that no name of the vault gives another meaning; a name that holds it is kept and the longer."""
    kept = []
    for item in items:
        crossed = [each for each in known if item.start < each.end and each.start < item.end]
        if not crossed or item.type == PERSON:
            kept.append(item)
    return kept


def _has_surrogates(profile: Profile, type_: str) -> bool:
    rule = profile.rule(type_)
    return rule is not None and rule.action in ("surrogate", "fake")


def _known(vault: Vault, collections: Sequence[str], type_: str, value: str) -> tuple[str, ...]:
    """The surrogates of one value in each collection, the best of every collection first."""
    ranked = [vault.lookup(collection, type_, value) for collection in collections]
    depth = max((len(found) for found in ranked), default=0)
    return tuple(found[rank] for rank in range(depth) for found in ranked if rank < len(found))


def _entities(text: str, made: Sequence[Replacement], starts: Sequence[int]) -> tuple[RedactedEntity, ...]:
    entities = [RedactedEntity(m.start(), m.end(), m[1], m[0]) for m in SURROGATE.finditer(text)]
    entities += [
        RedactedEntity(start, start + len(one.text), one.type, one.text)
        for one, start in zip(made, starts, strict=True)
        if not SURROGATE.search(one.text)
    ]
    return tuple(sorted(entities, key=lambda entity: entity.start))
