"""Fits the readable models of `answering/weights/` on data with a known outcome. Run by a person, never by the program.

    python -m appliance.evaluation.fit_answering DATA [background|evidence|support]

DATA holds `answers/`, `groundedness/` and `retrieval/`; the embedding pack is that of the settings. Logistic
regression on named features; what is reported was measured by cross-validation in five folds, split by a hash of
the question or claim.
"""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from appliance.answering import linear
from appliance.answering.answer import Question
from appliance.answering.evidence import Embed, Ranking, rank
from appliance.answering.polarity import opposite
from appliance.answering.sentences import split
from appliance.answering.verification import claim_features
from appliance.answering.words import stems
from appliance.evaluation.answers import passages_of, token_f1
from appliance.settings import load

WEIGHTS = Path(__file__).parents[1] / "answering" / "weights"
FOLDS = 5
BACKGROUND_STEMS = 8000
TURNED_WEIGHT = 0.4
"""How much a claim that was turned round by `polarity.opposite` counts beside one that a person wrote."""
Row = dict[str, Any]


def fold(key: str) -> int:
    """The fold of a question or claim, by hash, so that equal texts never stand on both sides."""
    return hashlib.sha256(key.strip().lower().encode()).digest()[0] % FOLDS


def fit_background(data: Path) -> None:
    """How often stems stand in sentences of the development data: the rarity of words, fixed for every site."""
    frequency: Counter[str] = Counter()
    units = 0
    for text in _texts(data):
        for sentence in split(text):
            frequency.update(set(stems(sentence)))
            units += 1
    common = [(stem, n) for stem, n in frequency.most_common(BACKGROUND_STEMS) if stem.isalpha()]
    content = {"units": units, "floor": common[-1][1], "frequency": dict(sorted(common))}
    (WEIGHTS / "background.json").write_text(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8"
    )


def _texts(data: Path) -> Iterable[str]:
    for file in sorted(data.glob("retrieval/*/corpus.jsonl")):
        yield from (row["text"] for row in read(file))
    for file in sorted(data.glob("answers/*.jsonl")):
        seen: set[str] = set()
        for row in read(file):
            for context in row["contexts"]:
                if context["id"] not in seen:
                    seen.add(context["id"])
                    yield context["text"]


def read(file: Path) -> list[Row]:
    """The rows of a JSON lines file."""
    return [json.loads(line) for line in file.read_text("utf-8").split("\n") if line.strip()]


def gain(text: str, answers: Sequence[str]) -> float:
    """How well a sentence carries one of the gold answers: 1 when it contains it, else the token F1."""
    low = " ".join(text.lower().split())
    best = 0.0
    for answer in answers:
        wanted = " ".join(str(answer).lower().split())
        best = max(best, 1.0 if wanted and wanted in low else token_f1(text, answer))
    return best


def training_rows(data: Path) -> list[Row]:
    """Rows of all sets, and for the set without unanswerable rows the same questions with the answer withheld."""
    rows = []
    for name in ("covidqa", "pubmedqa", "tatqa"):
        for row in read(data / "answers" / f"{name}.jsonl"):
            row["set"] = name
            rows.append(row)
            if name == "tatqa" and row["answer_type"] in ("span", "multi-span"):
                left = [c for c in row["contexts"] if gain(c["text"], row["answers"]) < 1.0]
                if 1 < len(left) < len(row["contexts"]):
                    rows.append(
                        row | {"contexts": left, "answers": [], "answerable": False, "id": row["id"] + "-withheld"}
                    )
    return rows


def fit_evidence(data: Path, embed: Embed) -> None:
    """The sentence model, then on its ranking the model of answerable questions."""
    rows = training_rows(data)
    for suffix, function in (("_lexical", None), ("", embed)):
        ranked: list[tuple[Row, Ranking]] = []
        for row in rows:
            ranking = rank(Question(row["question"]), passages_of(row), function)
            if ranking:
                ranked.append((row, ranking))
        _fit_sentences(f"sentence{suffix}", ranked)
        linear.load.cache_clear()
        again = [(row, _rescored(ranking, f"sentence{suffix}")) for row, ranking in ranked]
        x = [ranking.features() for _, ranking in again]
        y = np.array([float(row["answerable"]) for row, _ in again])
        groups = [row["question"] for row, _ in again]
        sets = [row["set"] for row, _ in again]
        fit(f"answerable{suffix}", x, y, groups, sets, balance=True)


def _rescored(ranking: Ranking, name: str) -> Ranking:
    """The ranking as the newly fitted model gives it; units that were not embedded stay behind."""
    model = linear.load(name)
    ahead = [c for c in ranking.candidates if name.endswith("lexical") or "dense" in c.features]
    scored = [replace(c, score=model.probability(c.features)) for c in ahead]
    scored.sort(key=lambda candidate: -candidate.score)
    behind = [replace(c, score=min(c.score, scored[-1].score)) for c in ranking.candidates[len(ahead) :]]
    return replace(ranking, candidates=(*scored, *behind))


def fit_support(data: Path, embed: Embed) -> None:
    """The models of support and of consistency, and how their product does out of fold.

    Support is fitted on whether a text holds the claim's matter: claims that a text contradicts count as held.
    Consistency is fitted on supported against contradicted claims, and against supported ones turned round.
    """
    rows = [
        row | {"set": name}
        for name in ("scifact_claims", "wice")
        for row in read(data / "groundedness" / f"{name}.jsonl")
    ]
    groups = _linked(rows)
    sets, fine = [row["set"] for row in rows], np.array([row["fine"] for row in rows])
    supported = np.array([row["label"] == "supported" for row in rows])
    held, known = supported | (fine == "contradict"), supported | (fine == "contradict")
    for suffix, function in (("_lexical", None), ("", embed)):
        both = [claim_features(row["claim"], row["context"], function) for row in rows]
        support = fit(f"support{suffix}", [x for x, _ in both], held.astype(float), groups, sets, balance=True)
        turned = [
            claim_features(opposite(row["claim"]), row["context"], function)[1]
            for row, true in zip(rows, supported, strict=True)
            if true
        ]
        consistent = fit(
            f"consistency{suffix}",
            [x for _, x in both] + turned,
            np.concatenate((supported, np.zeros(len(turned)))),
            [*groups, *(group for group, true in zip(groups, supported, strict=True) if true)],
            [*fine, *["turned round"] * len(turned)],
            weights=np.concatenate((np.ones(len(rows)), np.full(len(turned), TURNED_WEIGHT))),
            balance=True, strength=0.02, among=np.concatenate((known, np.ones(len(turned), dtype=bool))),
        )[: len(rows)]  # fmt: skip
        print(json.dumps(_product(support * consistent**2, supported, fine, sets), indent=1), file=sys.stderr)


def _linked(rows: Sequence[Row]) -> list[str]:
    """A group by row such that rows of one claim or one context are in the same."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for row in rows:
        parent[root("claim " + row["claim"])] = root("context " + row["context"])
    return [root("claim " + row["claim"]) for row in rows]


def _product(out: np.ndarray, supported: np.ndarray, fine: np.ndarray, sets: Sequence[str]) -> dict[str, Any]:
    """Balanced accuracy by set, and the share accepted of each class, at thresholds of the product."""
    report: dict[str, Any] = {}
    for threshold in np.arange(0.2, 0.65, 0.05):
        row = {
            name: balanced(supported[chosen].astype(float), out[chosen] >= threshold)
            for name in sorted(set(sets))
            if (chosen := np.array(sets) == name).any()
        }
        row |= {kind: round(float((out[fine == kind] >= threshold).mean()), 3) for kind in sorted(set(fine))}
        report[f"{threshold:.2f}"] = row
    return report


def _fit_sentences(name: str, ranked: list[tuple[Row, Ranking]]) -> None:
    x, y, groups, sets, weights = [], [], [], [], []
    for row, ranking in ranked:
        if not row["answerable"] or row.get("answer_type") in ("arithmetic", "count"):
            continue
        answers = row["answers"][1:] if row["set"] == "pubmedqa" else row["answers"]
        gains = [gain(c.text, answers) for c in ranking.candidates[:40]]
        if row["set"] == "pubmedqa":
            top = max(gains)
            gains = [1.0 if value >= max(0.2, 0.8 * top) else 0.0 for value in gains]
        elif row["set"] == "covidqa":
            gains = [
                g if c.passage.chunk.id == row["gold_context"] else 0.0
                for g, c in zip(gains, ranking.candidates, strict=False)
            ]
        positive = sum(value >= 0.6 for value in gains)
        if not positive:
            continue
        for candidate, value in zip(ranking.candidates, gains, strict=False):
            x.append(candidate.features)
            y.append(float(value >= 0.6))
            groups.append(row["question"])
            sets.append(row["set"])
            weights.append(0.5 / positive if value >= 0.6 else 0.5 / max(1, len(gains) - positive))
    fit(name, x, np.array(y), groups, sets, weights=np.array(weights))


def fit(
    name: str,
    rows: Sequence[dict[str, float]],
    y: np.ndarray,
    groups: Sequence[str],
    sets: Sequence[str],
    *,
    weights: np.ndarray | None = None,
    balance: bool = False,
    strength: float = 0.3,
    among: np.ndarray | None = None,
) -> np.ndarray:
    """Fit, cross-validate, write `NAME.json`; returns the out-of-fold probabilities. `among` are the rows to fit on."""
    from sklearn.linear_model import LogisticRegression

    names = sorted({key for row in rows for key in row if not key.startswith("part")})
    x = np.array([[row.get(key, 0.0) for key in names] for row in rows])
    used = np.ones(len(y), dtype=bool) if among is None else among
    sample = np.ones(len(y)) if weights is None else weights * len(y) / weights.sum()
    if balance:
        cells = [
            chosen
            for group in sorted(set(sets))
            for value in (0.0, 1.0)
            if (chosen := (np.array(sets) == group) & (y == value) & used).any()
        ]
        for chosen in cells:
            sample[chosen] *= used.sum() / (len(cells) * chosen.sum())
    scale = x.std(axis=0) + 1e-6

    def model(chosen: np.ndarray) -> Any:
        return LogisticRegression(C=strength, max_iter=2000).fit(
            x[chosen] / scale, y[chosen], sample_weight=sample[chosen]
        )

    folds = np.array([fold(group) for group in groups])
    out = np.zeros(len(y))
    for number in range(FOLDS):
        out[folds == number] = model(used & (folds != number)).predict_proba(x[folds == number] / scale)[:, 1]
    final = model(used)
    report: dict[str, Any] = {"rows": int(used.sum()), "balanced_accuracy": {}}
    for group in sorted(set(sets)):
        chosen = (np.array(sets) == group) & used
        if (figure := balanced(y[chosen], out[chosen] >= 0.5)) is not None:
            report["balanced_accuracy"][group] = figure
    features = {
        key: round(float(w / s), 4) for key, w, s in zip(names, final.coef_[0], scale, strict=True) if abs(w) > 1e-3
    }
    content = {"features": features, "intercept": round(float(final.intercept_[0]), 4), "fitted": report}
    (WEIGHTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    print(name, json.dumps(report), file=sys.stderr)
    return out


def balanced(y: np.ndarray, predicted: np.ndarray) -> float | None:
    """Balanced accuracy, None where only one class is there."""
    if not 0 < y.sum() < len(y):
        return None
    return round(float((predicted[y == 1].mean() + (~predicted[y == 0]).mean()) / 2), 4)


def main(arguments: Sequence[str]) -> None:
    """See the module's docstring."""
    from appliance.search.embedding import open_embedder

    data = Path(arguments[0])
    wanted = arguments[1:] or ["background", "evidence", "support"]
    embed = open_embedder(load()).encode
    if "background" in wanted:
        fit_background(data)
    if "evidence" in wanted:
        fit_evidence(data, embed)
    if "support" in wanted:
        fit_support(data, embed)


if __name__ == "__main__":
    main(sys.argv[1:])
