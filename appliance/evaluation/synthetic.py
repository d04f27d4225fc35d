"""Text in bulk for measuring speed: new sentences in the words of given ones, the same for the same seed.

A Markov chain of the first order over the words of the samples: frequencies and neighbours are theirs, so that
lexical search has lists as long as real ones. It means nothing; nothing of quality is measured on it.
"""

import random
import re
import uuid
from collections.abc import Iterator, Sequence
from itertools import pairwise

from appliance.search.chunk import Chunk, ChunkSpan

_WORD = re.compile(r"[A-Za-z0-9][\w/%.-]*")
SHORTEST, LONGEST = 60, 140
"""Words of a chunk."""
SENTENCE = 16
"""Words of a sentence."""


class Babbler:
    """Writes text like `samples`, deterministically."""

    def __init__(self, samples: Sequence[str], seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._after: dict[str, list[str]] = {}
        for text in samples:
            words = _WORD.findall(text)
            for one, next_one in pairwise(words):
                self._after.setdefault(one, []).append(next_one)
        self._starts = sorted(self._after)

    def text(self) -> str:
        """Sentences of `SHORTEST` to `LONGEST` words in all."""
        left = self._random.randint(SHORTEST, LONGEST)
        sentences = []
        while left > 0:
            word = self._random.choice(self._starts)
            words = [word]
            for _ in range(min(SENTENCE, left) - 1):
                word = self._random.choice(self._after.get(word) or self._starts)
                words.append(word)
            left -= len(words)
            sentences.append(" ".join(words).capitalize() + ".")
        return " ".join(sentences)

    def chunks(self, version: str, count: int) -> Iterator[Chunk]:
        """`count` chunks of a version, on pages of four."""
        for ordinal in range(count):
            text = self.text()
            name = uuid.uuid5(uuid.NAMESPACE_OID, f"{version}/{ordinal}")
            span = ChunkSpan(0, len(text), 1 + ordinal // 4, ordinal)
            yield Chunk(str(name), ordinal, text, f"Manual {version[:4]}", (f"Part {ordinal // 20}",), (span,))
