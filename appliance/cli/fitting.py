"""Fit the decision to abstain on golden questions: `appliance eval abstention GOLDEN.json [--write FILE]`.

The questions are asked of the home as it is, by somebody who may, through steps 2 to 6 of the journey. Each
answerable one is asked a second time with its sources withheld: then nothing answers it any more, though much is
near. Logistic regression, cross-validated by collection: what is reported was not fitted on.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from appliance import ask
from appliance.answering import evidence
from appliance.answering.retrieved import retrieval_features
from appliance.assembly.acting import person, purpose_of
from appliance.assembly.parts import Appliance
from appliance.audit.events import SystemScopeUsed
from appliance.search.chunk import Passage

KEEP = 0.88
"""Share of answerable questions that the threshold 0.5 is set to let through."""
STRENGTH = 0.03
"""Inverse of the regularisation: few questions, many features."""


@dataclass(frozen=True)
class Case:
    """A question as fitting sees it."""

    collection: str
    features: dict[str, float]
    answerable: bool
    withheld: bool


class Withholding:
    """The catalog with some versions hidden on top of those that are."""

    def __init__(self, appliance: Appliance, versions: frozenset[str]) -> None:
        self._catalog = appliance.catalog
        self._versions = versions

    def hidden_versions(self, labels: Collection[str]) -> frozenset[str]:
        """See `Catalog.hidden_versions`."""
        return self._catalog.hidden_versions(labels) | self._versions


def cases(appliance: Appliance, golden: Sequence[dict[str, Any]]) -> Iterator[Case]:
    """Every question, and every answerable one again with its sources withheld."""
    appliance.log.append(SystemScopeUsed(reason="fit the decision to abstain"), actor="system")
    paths = {version: f"{name}/{file}" for version, name, file in _files(appliance)}
    for question in golden:
        who = person(appliance, "", question["may_see"][0])
        scope = appliance.access.readable(who, purpose_of(question["purpose"]), question["collection"])
        asked = ask.guard(appliance.asking, scope, question["question"])
        asked = ask.understand(appliance.asking, scope, asked)
        found = ask.retrieve(appliance.asking, scope, asked, appliance.settings.passages)
        yield Case(question["collection"], _features(appliance, asked, found), question["answerable"], False)
        if question["answerable"]:
            sources = {source["document"] for source in question["sources"]}
            hidden = frozenset(version for version, path in paths.items() if path in sources)
            rooms = replace(appliance.asking, catalog=Withholding(appliance, hidden))  # type: ignore[arg-type]
            rest = ask.retrieve(rooms, scope, asked, appliance.settings.passages)
            yield Case(question["collection"], _features(appliance, asked, rest), False, True)


def fit(found: Sequence[Case]) -> tuple[dict[str, Any], dict[str, float]]:
    """The weights as a readable model's JSON, and what they reach on collections they were not fitted on."""
    from sklearn.linear_model import LogisticRegression

    names = sorted({name for case in found for name in case.features if not name.startswith("part")})
    x = np.array([[case.features.get(name, 0.0) for name in names] for case in found])
    y = np.array([case.answerable for case in found])
    groups = np.array([case.collection for case in found])
    scale = x.std(axis=0) + 1e-6

    def model(chosen: Any) -> Any:
        return LogisticRegression(C=STRENGTH, max_iter=5000, class_weight="balanced").fit(x[chosen] / scale, y[chosen])

    out = np.zeros(len(y))
    for group in sorted(set(groups)):
        out[groups == group] = model(groups != group).decision_function(x[groups == group] / scale)
    final = model(np.ones(len(y), dtype=bool))
    threshold = float(np.quantile(out[y], 1 - KEEP))
    withheld = np.array([case.withheld for case in found])
    reached = {
        "questions": int((~withheld).sum()),
        "answerable_kept": round(float((out[y] >= threshold).mean()), 4),
        "unanswerable_refused": round(float((out[~y & ~withheld] < threshold).mean()), 4),
        "withheld_refused": round(float((out[~y & withheld] < threshold).mean()), 4),
    }
    weights = {name: round(float(w / s), 4) for name, w, s in zip(names, final.coef_[0], scale, strict=True)}
    intercept = round(float(final.intercept_[0]) - threshold, 4)
    return {"features": weights, "intercept": intercept, "fitted": reached}, reached


def write(content: dict[str, Any], to: Path) -> None:
    """Write a readable model."""
    to.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _features(appliance: Appliance, asked: Any, passages: Sequence[Passage]) -> dict[str, float]:
    ranking = evidence.rank(asked, passages, appliance.embed)
    return {} if ranking is None else {**ranking.features(), **retrieval_features(passages)}


def _files(appliance: Appliance) -> Iterator[tuple[str, str, str]]:
    for collection in appliance.catalog.collections.all():
        for version in appliance.catalog.documents([collection.id]):
            if appliance.originals.kept(version.id):
                yield version.id, collection.name, appliance.originals.get(version.id)[0]
