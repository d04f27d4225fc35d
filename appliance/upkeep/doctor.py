"""Is this machine fit, and does it keep its promises? Each subject is tried for real, not read from settings.

    egress   leaves by every route and is stopped (`isolation/probes.py`)
    models   every model pack that is here, hashed
    sandbox  the layers around a parse, and a document parsed behind them

A check never changes anything. Other rooms' subjects are given to `checks` as functions of the settings.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from appliance import weights
from appliance.documents.document import Original
from appliance.documents.sandbox import Sandbox, is_enough
from appliance.errors import ApplianceError, UsageError
from appliance.isolation import probes
from appliance.settings import Settings

ALL = "all"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried: its name, whether it is as it must be, and what was seen."""

    name: str
    ok: bool
    detail: str


Subject = Callable[[Settings], list[Check]]


def checks(settings: Settings, names: Iterable[str] = (), others: Mapping[str, Subject] | None = None) -> list[Check]:
    """Try the named subjects; none, or `all`, tries every one. `others` adds subjects or replaces them.

    A subject that fails with an error of the program is a failed check. Raises UsageError for an unknown name.
    """
    subjects: dict[str, Subject] = {**SUBJECTS, **(others or {})}
    wanted = list(names) or [ALL]
    for name in wanted:
        if name != ALL and name not in subjects:
            raise UsageError(f"doctor knows nothing about {name!r}", f"Name one of {', '.join(subjects)} or all")
    found: list[Check] = []
    for name, subject in subjects.items():
        if name in wanted or ALL in wanted:
            try:
                found += subject(settings)
            except ApplianceError as error:
                found.append(Check(name, False, str(error)))
    return found


def egress(settings: Settings) -> list[Check]:
    """Every route out is stopped, and by what; which layers the kernel of this machine offers."""
    layers, attempts = probes.probe(settings)
    missing = [name for name, active in layers.items() if not active]
    found = [
        Check(
            f"egress: {attempt.route}",
            bool(attempt.stopped_by),
            f"{attempt.stopped_by or 'NOT stopped'}: {attempt.detail}",
        )
        for attempt in attempts
    ]
    detail = f"missing: {', '.join(missing)}; use the service manager's limits" if missing else "Landlock and seccomp"
    return [*found, Check("egress: kernel layers", bool(layers) and not missing, detail)]


def models(settings: Settings) -> list[Check]:
    """Every pack that is present has the digests of the manifest; every pack that the settings name is present."""
    needed = {settings.embedding_pack, settings.spacy_pack, settings.ner_pack}
    if settings.engine != "openai_compatible":
        needed.add(settings.generation_pack)
    found = []
    for pack in weights.manifest(settings.packs):
        if not weights.is_present(settings.packs, pack.name) and pack.name not in needed:
            continue
        try:
            weights.verify(settings.packs, pack.name)
        except ApplianceError as error:
            found.append(Check(f"model {pack.name}", False, str(error)))
        else:
            found.append(Check(f"model {pack.name}", True, f"sha256 {weights.digest(pack)}"))
        needed.discard(pack.name)
    return found + [Check(f"model {name}", False, "no pack of that name is known") for name in sorted(needed)]


def sandbox(settings: Settings) -> list[Check]:
    """The layers around a parse, whether they are enough, and one small document parsed behind them."""
    cage = Sandbox(settings)
    try:
        layers = cage.protections()
        text = "Doctor's note."
        document = cage.parse(Original("note.txt", "text", text.encode(), ""))
        parsed = [block.text for block in document.blocks] == [text]
    finally:
        cage.close()
    said = {True: "on", False: "the kernel lacks it"}
    found = [Check(f"sandbox: {name}", active, said[active]) for name, active in layers.items()]
    enough = is_enough(layers)
    return [
        *found,
        Check("sandbox: minimum", enough, "enough" if enough else "not enough to parse safely"),
        Check("sandbox: parse", parsed, "a document was parsed" if parsed else "the parser misread a document"),
    ]


SUBJECTS: dict[str, Subject] = {"egress": egress, "models": models, "sandbox": sandbox}
