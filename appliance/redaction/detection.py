"""Find every identifier of a document: all detectors, one resolution, fail closed.

1. Each block's shadow (what a reader sees) is taken; the blocks joined are the document.
2. Pattern recognizers read the document; cells of a table are read again behind their column's header.
3. The models read windows of it: spaCy where it is English, the ONNX name detector where a name is still possible.
4. Evidence is weighed against counter-evidence and joined (`resolution`).
5. Names found are searched in the whole document; then overlaps are settled.
6. Findings are given in offsets of the original blocks, under the profile's rules.

Left to the caller: acting on the findings, and quarantine when this raises. Any failure of any recognizer, and any
that does not end in time, raises; there is no partial result.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from appliance.documents.document import Known
from appliance.errors import Quarantined
from appliance.redaction import resolution
from appliance.redaction.deadline import Deadline, limit, within
from appliance.redaction.findings import Evidence, Finding, Findings
from appliance.redaction.hints import BlockHint as BlockHint
from appliance.redaction.known import spans
from appliance.redaction.language import language_of
from appliance.redaction.policy import Profile
from appliance.redaction.readings import Made, Readings, Span
from appliance.redaction.recognizers.shadow import Shadow, shadow, shown_in_reverse
from appliance.redaction.resolution import Candidate
from appliance.redaction.restrictions import People, Place, applies

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer, RecognizerResult

WINDOW = 2000
"""Longest text, in characters, that spaCy reads at once; so cost is linear in length."""
RUN = 40_000
"""Characters of a long text that one model reads while the other reads those before."""
SECONDS = 60.0
"""In which a text of up to 20,000 characters must be read; longer ones get proportionally more. A core takes 1."""
SHORT = 300
"""A text below this many characters is read whole by both models: it has little context to explain names by."""
_CODES = frozenset({"ID", "MEDICAL_RECORD", "ACCOUNT_NUMBER", "US_SSN"})
_SURE_NAME = 0.55
_REVERSED = "turned around by a right-to-left override"
LABELLED = frozenset({"labelled_code"})
"""The recognizers of `detectors: [labels]`: what stands behind a label. `patterns` has them too."""
_T = TypeVar("_T")
Seen = Callable[[Findings, int], None]
"""Told what was found in blocks that are new, and how many blocks have been read; before names found elsewhere were
looked for, and from another thread."""


class _Run(NamedTuple):
    """Windows that are read together: where they start and end, and how many blocks of the document are read with
    them; 0 of a document that is one run."""

    windows: list[tuple[int, str]]
    start: int
    end: int
    blocks: int


class _Joined:
    """The shadows of a document's blocks joined by line breaks."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.shadows = [shadow(text) for text in texts]
        self._texts = texts
        self.starts: list[int] = []
        position = 0
        for each in self.shadows:
            self.starts.append(position)
            position += len(each.text) + 1
        self.text = "\n".join(each.text for each in self.shadows)

    @cached_property
    def languages(self) -> list[str]:
        return [language_of(each.text) for each in self.shadows]

    def block_at(self, offset: int) -> int:
        from bisect import bisect_right

        return bisect_right(self.starts, offset) - 1

    def windows(self) -> list[tuple[int, str]]:
        """(offset, text) pieces of at most WINDOW characters, cut at line ends or spaces, never across blocks."""
        pieces = []
        for start, each in zip(self.starts, self.shadows, strict=True):
            text, position = each.text, 0
            while position < len(text):
                end = min(len(text), position + WINDOW)
                if end < len(text):
                    cut = max(
                        text.rfind("\n", position + WINDOW // 2, end), text.rfind(". ", position + WINDOW // 2, end) + 1
                    )
                    cut = cut if cut > position else text.rfind(" ", position + WINDOW // 2, end)
                    end = cut if cut > position else end
                if text[position:end].strip():
                    pieces.append((start + position, text[position:end]))
                position = end
        return pieces

    def runs(self) -> "Iterator[_Run]":
        """The windows in runs of at least RUN characters, each of whole blocks."""
        windows = self.windows()
        begun = 0
        for place in range(1, len(windows) + 1):
            last = place == len(windows)
            if not last:
                length = windows[place][0] - windows[begun][0]
                if length < RUN or self.block_at(windows[place][0]) == self.block_at(windows[place - 1][0]):
                    continue
            run = windows[begun:place]
            blocks = 0 if last and not begun else self.block_at(run[-1][0]) + 1
            yield _Run(run, run[0][0], run[-1][0] + len(run[-1][1]), blocks)
            begun = place

    def disguised(self) -> Iterable[Candidate]:
        """What is shown in reverse order, which no detector reads as a reader does."""
        for text, start, each in zip(self._texts, self.starts, self.shadows, strict=True):
            for span in shown_in_reverse(text):
                first, last = each.of_original(*span)
                yield Candidate(start + first, start + last, "ID", 0.9, (Evidence("override", "ID", 0.9, _REVERSED),))

    def original(self, start: int, end: int) -> Iterable[tuple[int, int, int]]:
        """(block, start, end) in original offsets; a span over a block's end gives one piece a block."""
        block = self.block_at(start)
        while start < end and block < len(self.shadows):
            each, base = self.shadows[block], self.starts[block]
            stop = min(end, base + len(each.text))
            if stop > start:
                yield (block, *_original(each, start - base, stop - base))
            block += 1
            start = self.starts[block] if block < len(self.shadows) else end


class _Reading:
    """What models make of pieces of one document; of those known before, nothing is asked again."""

    def __init__(self, joined: _Joined, before: Readings | None) -> None:
        self._joined = joined
        self._before = before
        self.made: list[Made] = []

    def read(
        self, model: str, pieces: Sequence[tuple[int, str]],
        work: "Callable[[Sequence[str]], list[list[RecognizerResult]]]",
    ) -> list[Candidate]:  # fmt: skip
        """What `model` finds in (offset, text) pieces; `work` gives it for those that are new."""
        if self._before is None:
            spans = [tuple(map(_span, found)) for found in work([text for _, text in pieces])]
        else:
            spans = self._remembered(self._before, model, pieces, work)
        return [_candidate(one, model, at) for (at, _), found in zip(pieces, spans, strict=True) for one in found]

    def _remembered(
        self, before: Readings, model: str, pieces: Sequence[tuple[int, str]],
        work: "Callable[[Sequence[str]], list[list[RecognizerResult]]]",
    ) -> list[tuple[Span, ...]]:  # fmt: skip
        digests = [before.digest(model, text) for _, text in pieces]
        new = {digest: text for digest, (_, text) in zip(digests, pieces, strict=True) if digest not in before.known}
        read = dict(zip(new, (tuple(map(_span, found)) for found in work(list(new.values()))), strict=True))
        spans = [before.known[digest] if digest in before.known else read[digest] for digest in digests]
        places = (self._joined.block_at(offset) for offset, _ in pieces)
        self.made += zip(places, digests, spans, strict=True)
        return spans


def _original(each: Shadow, start: int, end: int) -> tuple[int, int]:
    return each.original(start, end)


def _guarded(deadline: Deadline, name: str, work: Callable[[], _T]) -> _T:
    """Run one recognizer. Whatever it raises quarantines the document."""
    deadline.step(name)
    try:
        return work()
    except Quarantined:
        raise
    except Exception as error:  # noqa: BLE001  Anybody's recognizer may be plugged in: nothing it raises may let a document pass.
        kind = type(error).__name__
        raise Quarantined(
            f"the recognizer {name} failed ({kind}), so nothing of this document is used",
            "Report it; the document waits in quarantine",
        ) from None


class Detector:
    """All detectors, loaded once. Use `Detector.open`. Any number of threads may call `find`."""

    def __init__(
        self, recognizers: "Sequence[EntityRecognizer]", nlp_engine: Any, onnx: Any, seconds: float = SECONDS
    ) -> None:
        from presidio_analyzer import RecognizerRegistry

        from appliance.redaction.recognizers.counter import CounterEvidence
        from appliance.redaction.recognizers.spacy_names import SpacyNameRecognizer

        self.registry = RecognizerRegistry(recognizers=list(recognizers), supported_languages=["en"])
        self._nlp_engine = nlp_engine
        self._onnx = onnx
        self._spacy = SpacyNameRecognizer()
        self._counter = CounterEvidence()
        self._nlp_lock = threading.Lock()
        self._seconds = seconds

    @classmethod
    def open(
        cls, packs_dir: Path, spacy_pack: str = "spacy-en-md", ner_pack: str = "pii-rampart", threads: int = 2,
        seconds: float = SECONDS,
    ) -> "Detector":  # fmt: skip
        """Load the packs from `packs_dir` and every recognizer of this program. Downloads nothing. A text of up to
        20,000 characters must be read in `seconds`, longer ones in proportionally more.

        Raises Unavailable when a pack is missing, IntegrityFailure when its digest differs from the manifest.
        """
        from appliance.redaction.recognizers import all_recognizers
        from appliance.redaction.recognizers.onnx_names import OnnxNameRecognizer
        from appliance.redaction.recognizers.spacy_names import PackNlpEngine

        engine = PackNlpEngine(_pack(packs_dir, spacy_pack))
        engine.load()
        onnx = OnnxNameRecognizer(_pack(packs_dir, ner_pack), threads=max(1, threads))
        return cls(all_recognizers(), engine, onnx, seconds)

    def find_text(self, text: str, profile: Profile) -> Findings:
        """Findings of one text under `profile`. Raises as `find`."""
        return self.find([text], profile)

    def find(
        self, texts: Sequence[str], profile: Profile, *, hints: Sequence[BlockHint] | None = None,
        known: Sequence[Known] = (), before: Readings | None = None, seen: Seen = lambda findings, blocks: None,
    ) -> Findings:  # fmt: skip
        """Findings of one document: `texts` are its blocks in order, `hints` (if given) one for each, `known` the
        identifiers that its own fields name. With `before`, pieces that it knows are not given to the models again,
        and the findings have the readings of all.

        Offsets are code points of the original texts. Raises Quarantined naming the recognizer that failed or
        ran out of time. Thread-safe.
        """
        if hints is not None and len(hints) != len(texts):
            raise ValueError("one hint for each block")
        seconds = limit(self._seconds, sum(map(len, texts)))
        return within(seconds, lambda deadline: self._find(texts, profile, hints or (), known, before, seen, deadline))

    def _find(
        self, texts: Sequence[str], profile: Profile, hints: Sequence[BlockHint], known: Sequence[Known],
        before: Readings | None, seen: Seen, deadline: Deadline,
    ) -> Findings:  # fmt: skip
        joined = _Joined(texts)
        if not joined.text.strip():
            return Findings((), profile.name, profile.digest)
        reading = _Reading(joined, before)
        settled = self._candidates(joined, profile, hints, known, reading, seen, deadline)
        return Findings(
            tuple(self._report(settled, joined, profile)), profile.name, profile.digest, self._warnings(joined),
            tuple(reading.made),
        )  # fmt: skip

    def _candidates(
        self, joined: _Joined, profile: Profile, hints: Sequence[BlockHint], known: Sequence[Known],
        reading: "_Reading", seen: Seen, deadline: Deadline,
    ) -> list[Candidate]:  # fmt: skip
        text, enabled = joined.text, profile.detectors
        against = _guarded(deadline, "counter_evidence", lambda: list(self._counter.spans(text)))
        vetoes = resolution.Spans((start, end) for start, end, _ in against)
        alone = resolution.Spans(_guarded(deadline, "counter_evidence", lambda: list(self._counter.alone(text))))
        found: list[Candidate] = [
            Candidate(start, end, type_, 0.97, (Evidence("field", type_, 0.97, "a field of the file says so"),))
            for start, end, type_ in spans(text, known)
        ]
        if "patterns" in enabled:
            found += joined.disguised()
            found += [
                each
                for each in self._pattern_candidates(text, deadline)
                if not resolution.refuted(each, vetoes, alone)
            ]
            found += self._column_candidates(joined, hints, deadline)
        elif "labels" in enabled:
            found += self._pattern_candidates(text, deadline, LABELLED)
            found += self._column_candidates(joined, hints, deadline)

        def weighed(candidates: Iterable[Candidate]) -> list[Candidate]:
            return [new for each in candidates if (new := resolution.weigh(each, text, vetoes, alone))]

        def told(run: _Run, known: list[Candidate]) -> None:
            joint = resolution.combine(known, text)
            settled = resolution.settle([each for each in joint if each.score >= 0.3], text)
            seen(Findings(tuple(self._report(settled, joined, profile)), profile.name, profile.digest), run.blocks)

        found += self._by_models(joined, enabled, found, against, weighed, told, reading, deadline)
        combined = resolution.combine(found, text)
        if "consistency" in enabled:
            combined = self._consistent(combined, text, vetoes, deadline)
        return resolution.settle([each for each in combined if each.score >= 0.3], text)

    def _by_models(
        self, joined: _Joined, enabled: Sequence[str], found: Sequence[Candidate],
        against: Sequence[tuple[int, int, str]], weighed: Callable[[Iterable[Candidate]], list[Candidate]],
        told: Callable[[_Run, list[Candidate]], None], reading: "_Reading", deadline: Deadline,
    ) -> list[Candidate]:  # fmt: skip
        """What the models find, `weighed`. The name detector lets go of the interpreter: it reads one run of a long
        text while spaCy reads the next, and `told` is given what is known of a run that both have read."""

        def by_spacy(run: _Run) -> list[Candidate]:
            readable = [window for window in run.windows if language_of(window[1]) in ("", "en")]
            return weighed(_guarded(deadline, "spacy", lambda: reading.read("spacy", readable, self._by_spacy)))

        def by_onnx(run: _Run, known: list[Candidate]) -> list[Candidate]:
            whole = len(joined.text) < SHORT
            unread = run.windows if whole else self._unexplained(run.windows, known, against)
            work = partial(reading.read, self._onnx.name, unread, self._by_onnx)
            return weighed(_guarded(deadline, self._onnx.name, work))

        def rest(run: _Run, known: list[Candidate]) -> list[Candidate]:
            more = by_onnx(run, known) if "pii-rampart" in enabled else []
            if run.blocks:
                told(run, [*known, *more])
            return more

        models: list[Candidate] = []
        with ThreadPoolExecutor(1, "names") as beside:
            waiting = []
            for run in joined.runs():
                own = by_spacy(run) if "spacy" in enabled else []
                models += own
                near = [each for each in found if each.end > run.start and each.start < run.end]
                waiting.append(beside.submit(rest, run, [*near, *own]))
            for each in waiting:
                models += each.result()
        return models

    @staticmethod
    def _unexplained(
        windows: Sequence[tuple[int, str]], found: Sequence[Candidate], against: Sequence[tuple[int, int, str]]
    ) -> list[tuple[int, str]]:
        """The segments that may hold a name which nothing has found or explained yet."""
        from appliance.redaction.recognizers import gate

        doubtful = resolution.Spans(
            (each.start, each.end) for each in found if each.type == "PERSON" and 0.25 < each.score < 0.55
        )
        explained = resolution.Spans(
            [
                *((each.start, each.end) for each in found if each.score >= 0.55),
                *((start, end) for start, end, _ in against),
            ]
        )
        chosen: list[tuple[int, str]] = []
        for offset, text in windows:
            run: tuple[int, int] | None = None
            for start, end in gate.segments(text):
                if not (
                    doubtful.overlaps(offset + start, offset + end)
                    or gate.may_hold_name(text, start, end, explained, offset)
                ):
                    continue
                if run and run[1] == start and end - run[0] <= gate.LONGEST_RUN:
                    run = (run[0], end)
                    continue
                if run:
                    chosen.append((offset + run[0], text[run[0] : run[1]]))
                run = (start, end)
            if run:
                chosen.append((offset + run[0], text[run[0] : run[1]]))
        return chosen

    def _pattern_candidates(
        self, text: str, deadline: Deadline, names: frozenset[str] = frozenset()
    ) -> list[Candidate]:
        """What the pattern recognizers find, those called `names` only where some are given."""
        found: list[Candidate] = []
        recognizers: Iterable[Any] = self.registry.recognizers
        for recognizer in recognizers:
            if names and recognizer.name not in names:
                continue

            def run(each: Any = recognizer) -> list[Candidate]:
                return [_candidate(_span(one), each.name) for one in each.analyze(text, each.supported_entities, None)]

            found += _guarded(deadline, recognizer.name, run)
        return found

    def _column_candidates(
        self, joined: _Joined, hints: Sequence[BlockHint], deadline: Deadline
    ) -> list[Candidate]:
        """Read each cell behind its column's header, as if the row were a form."""
        from bisect import bisect_right

        from appliance.redaction.recognizers import columns

        pieces: list[tuple[int, int, int]] = []
        lines: list[str] = []
        position = 0
        for block, each in enumerate(joined.shadows):
            known = (
                [(*each.of_original(start, end), header) for start, end, header in hints[block].headers]
                if hints
                else []
            )
            for start, end, header in known or columns.cells(each.text):
                cell = each.text[start:end].replace("\n", " ")
                label = " ".join(shadow(header).text.split())
                if not cell.strip() or not label:
                    continue
                line = f"{label}: {cell}"
                offset = len(label) + 2
                pieces.append((position + offset, position + len(line), joined.starts[block] + start))
                lines.append(line)
                position += len(line) + 1
        if not lines:
            return []
        starts = [piece[0] for piece in pieces]
        found = []
        for one in self._pattern_candidates("\n".join(lines), deadline):
            index = bisect_right(starts, one.start) - 1
            if index >= 0 and one.end <= pieces[index][1]:
                shift = pieces[index][2] - pieces[index][0]
                found.append(Candidate(one.start + shift, one.end + shift, one.type, one.score, one.evidence))
        return found

    def _by_spacy(self, texts: Sequence[str]) -> "list[list[RecognizerResult]]":
        with self._nlp_lock:
            read = self._nlp_engine.process_batch(texts, "en")
            return [list(self._spacy.spans(text, artifacts)) for text, artifacts in read]

    def _by_onnx(self, texts: Sequence[str]) -> "list[list[RecognizerResult]]":
        found: list[list[RecognizerResult]] = self._onnx.find_many(texts)
        return found

    def _consistent(
        self, combined: list[Candidate], text: str, vetoes: resolution.Spans, deadline: Deadline
    ) -> list[Candidate]:
        """Add every further mention of the names that are sure."""
        from appliance.redaction.recognizers import consistency

        names = [(each.start, each.end) for each in combined if each.type == "PERSON" and each.score >= _SURE_NAME]
        known = resolution.Spans(
            (each.start, each.end) for each in combined if each.type == "PERSON" and each.score >= 0.4
        )
        more = [
            Candidate(
                start,
                end,
                type_,
                0.6,
                (Evidence("consistency", type_, 0.6, "code mentioned elsewhere in the document"),),
            )
            for start, end, type_ in _guarded(
                deadline,
                "consistency",
                lambda: list(
                    consistency.codes(
                        text,
                        [
                            (each.start, each.end, each.type)
                            for each in combined
                            if each.type in _CODES and each.score >= _SURE_NAME
                        ],
                    )
                ),
            )
        ]
        more += [
            Candidate(start, end, "PERSON", score, (Evidence("consistency", "PERSON", score, reason),))
            for start, end, score, reason in _guarded(
                deadline, "consistency", lambda: list(consistency.mentions(text, names))
            )
            if not vetoes.overlaps(start, end) and not known.covers(start, end)
        ]
        more += [
            Candidate(start, end, "PERSON", 0.5, (Evidence("consistency", "PERSON", 0.5, "initials of a name"),))
            for start, end in _guarded(deadline, "consistency", lambda: list(consistency.initials(text, names)))
        ]
        return resolution.combine([*combined, *more], text) if more else combined

    @staticmethod
    def _report(settled: Sequence[Candidate], joined: _Joined, profile: Profile) -> Iterable[Finding]:
        people = People((Place(each.start, each.end, each.type) for each in settled), joined.text)
        for each in settled:
            rule = profile.rule(each.type)
            if rule is None or each.score < rule.acts_from:
                continue
            if rule.only and not applies(rule.only, Place(each.start, each.end, each.type), joined.text, people):
                continue
            for block, start, end in joined.original(each.start, each.end):
                yield Finding(
                    block,
                    start,
                    end,
                    each.type,
                    round(each.score, 3),
                    each.recognizer,
                    each.evidence,
                    rule.wants_review(each.score),
                )

    @staticmethod
    def _warnings(joined: _Joined) -> tuple[str, ...]:
        """One code a language that the models do not read."""
        others = {code for code in joined.languages if code not in ("", "en")}
        return tuple(f"language_not_english:{code}" for code in sorted(others))


def _span(found: "RecognizerResult") -> Span:
    reason = (found.analysis_explanation.textual_explanation or "") if found.analysis_explanation else ""
    return found.start, found.end, found.entity_type, float(found.score), reason


def _candidate(found: Span, recognizer: str, offset: int = 0) -> Candidate:
    start, end, type_, score, reason = found
    why = Evidence(recognizer, type_, round(score, 3), reason)
    return Candidate(start + offset, end + offset, type_, score, (why,))


def _pack(packs_dir: Path, name: str) -> Path:
    """The folder of a pack after its files were hashed (invariant I6)."""
    from appliance.weights.checking import open_pack

    return open_pack(Path(packs_dir), name).folder
