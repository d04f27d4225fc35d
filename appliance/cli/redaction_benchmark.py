"""`appliance bench redaction`: every detector of the profile `strict` against plain Presidio, same text, same run.

1. Paragraphs of the sample documents, in an order drawn anew for each text, make texts of 2 kB, 20 kB and 80 kB.
2. Ours: a process for each processor, as `appliance redact-batch --workers` does. The peer: `AnalyzerEngine` with its
   own recognizers and the same spaCy pack, in one process, as its documentation shows it.
3. One text of 7 MB by one of our processes against texts of 20 kB by the same: cost a character. Memory: PSS.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import psutil

from appliance.assembly.standalone import finders
from appliance.cli import demonstration as demo
from appliance.cli.output import output
from appliance.documents import intake
from appliance.documents.sandbox import Sandbox
from appliance.redaction.policy import load_profile
from appliance.settings import Settings

SIZES = {"2kb": 2_000, "80kb": 80_000}
CHARACTERS = 160_000
"""Of each size, for each side."""
LONG = 7_000_000
MIB = 2**20
KINDS = (".docx", ".html", ".eml", ".md")
WANTED = {
    "times_plain_presidio_2kb": "1.0", "times_plain_presidio_80kb": "1.5", "cost_at_7mb": "1.3", "memory_mib": "1,229",
}  # fmt: skip


def bench_redaction(settings: Settings, long: int = LONG) -> dict[str, Any]:
    """All figures, by name. `long` is the length of the longest text, in characters."""
    profile = load_profile(settings.policies, "strict")
    draw = _Texts(settings)
    sets = {name: draw.texts(size, CHARACTERS) for name, size in SIZES.items()}
    processors = os.cpu_count() or 1
    ours = {}
    with finders(settings, profile, processors) as find_all:
        for name, texts in sets.items():
            ours[name] = _rate(texts, lambda texts: list(find_all(texts)))
            output.note(f"{name}: {ours[name]:,.0f} characters a second")
        memory = sum(each.memory_full_info().pss for each in psutil.Process().children())
    peer = _presidio(settings)
    theirs = {name: _rate(texts, peer) for name, texts in sets.items()}
    with finders(settings, profile, 1) as find_all:
        usual = _rate(draw.texts(20_000, CHARACTERS), lambda texts: list(find_all(texts)))
        output.note(f"one text of {long:,} characters")
        one = _rate(draw.texts(long, long), lambda texts: list(find_all(texts)))
    return {
        "processes": processors,
        **{f"chars_per_second_{name}": round(rate) for name, rate in ours.items()},
        **{f"plain_presidio_chars_per_second_{name}": round(rate) for name, rate in theirs.items()},
        **{f"times_plain_presidio_{name}": round(ours[name] / theirs[name], 2) for name in SIZES},
        "cost_at_7mb": round(usual / one, 2),
        "memory_mib": round(memory / MIB),
    }


class _Texts:
    """Draws texts from the paragraphs of the sample documents; the same ones in every run."""

    def __init__(self, settings: Settings) -> None:
        self._random = random.Random(2)
        self._paragraphs = list(_paragraphs(settings))

    def texts(self, size: int, characters: int) -> list[str]:
        """Texts of about `size` characters, `characters` of them together."""
        return [self._text(size) for _ in range(max(1, characters // size))]

    def _text(self, size: int) -> str:
        parts: list[str] = []
        length = 0
        while length < size:
            parts.append(self._random.choice(self._paragraphs))
            length += len(parts[-1]) + 1
        return "\n".join(parts)[:size]


def _paragraphs(settings: Settings) -> Iterator[str]:
    with closing(Sandbox(settings)) as sandbox:
        for file in sorted(path for path in demo.SAMPLES.rglob("*") if path.suffix in KINDS):
            original = intake.accept(file, file.name, settings)
            document = sandbox.parse(replace(original, kind=sandbox.detect(original.content, original.name)))
            yield from (block.text for block in document.blocks if len(block.text) > 40)


def _rate(texts: list[str], run: Callable[[list[str]], object]) -> float:
    started = time.perf_counter()
    run(texts)
    return sum(map(len, texts)) / (time.perf_counter() - started)


def _presidio(settings: Settings) -> Callable[[list[str]], object]:
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    pack = next(iter(sorted(settings.packs.joinpath(settings.spacy_pack).rglob("config.cfg")))).parent
    models = [{"lang_code": "en", "model_name": str(pack)}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine)
    analyzer.analyze("Warm up.", language="en")
    return lambda texts: [analyzer.analyze(text, language="en") for text in texts]
