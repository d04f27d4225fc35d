"""The prompt: a template file that a compliance officer can read (`prompts/answer.txt`), filled deterministically.

Evidence and question are untrusted. They stand between fence lines whose mark is a digest of what they fence, so
no document can write it; marks of chat templates in them are broken up, so no text can end its own message.
"""

import hashlib
import json
import re
from functools import lru_cache
from importlib import resources
from string import Template

from appliance.answering.answer import Evidence, Question
from appliance.answering.engines.engine import EngineInfo
from appliance.answering.expansion import spelt_out

CHARS_PER_TOKEN = 3.0
"""Cautious: English runs at 4 characters a token, surrogates and tables at 2 to 3."""
RESERVED_TOKENS = 64
PROMPTED = 3
"""Evidence sentences given to the model: more cost seconds on two cores and mislead a small one."""

_MARKS = re.compile(
    r"<(?=\|)|(?<=\|)>|<(?=/?(?:s|think|thinking|reasoning|bos|eos|pad|unk|start_of_turn|end_of_turn|tool_call|system|user|assistant)>)"
    r"|\[(?=/?INST\])|<(?=</?SYS>)|<(?=｜)|(?<=｜)>",
    re.IGNORECASE,
)
_FENCE = re.compile(r"={3,}")


def build(
    question: Question, evidence: Evidence, engine_info: EngineInfo, *, max_tokens: int = 160, salt: str = ""
) -> list[dict[str, str]]:
    """Chat messages for the engine: system rules, then fenced evidence and the question.

    As many evidence sentences as fit `engine_info.context_tokens` less `max_tokens`, best first. `salt` (the
    digest of the person's scope) goes into the fence, so that prompts of different scopes have no common prefix
    beyond the rules, and a model's prefix cache is never shared between them.
    """
    system, user = _template()
    asked = neutral(spelt_out(question))
    room = int((engine_info.context_tokens - max_tokens - RESERVED_TOKENS) * CHARS_PER_TOKEN)
    room -= len(system) + len(user.template) + len(asked)
    lines: list[str] = []
    for number, sentence in enumerate(evidence.sentences[:PROMPTED], 1):
        line = (
            f"[{number}] {_place(sentence.passage.chunk.title, sentence.passage.chunk.section)}{neutral(sentence.text)}"
        )
        if lines and len(line) + 1 > room:
            break
        lines.append(line[: max(200, room)])
        room -= len(lines[-1]) + 1
    body = "\n".join(lines)
    fence = hashlib.sha256("\0".join((salt, asked, body)).encode()).hexdigest()[:12]
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": user.substitute(fence=fence, evidence=body, question=asked)},
    ]


def render(messages: list[dict[str, str]]) -> str:
    """The messages as the one text that the record keeps: JSON, keys sorted, byte for byte the same each time."""
    return json.dumps(messages, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def neutral(text: str) -> str:
    """`text` without the power to end its message or its fence: template marks get a space, fences are shortened."""
    return _FENCE.sub("==", _MARKS.sub(lambda match: f" {match.group()} ", text)).strip()


@lru_cache(maxsize=1)
def _source() -> str:
    return resources.files("appliance.answering").joinpath("prompts", "answer.txt").read_text("utf-8")


@lru_cache(maxsize=1)
def _template() -> tuple[str, Template]:
    system, user = _source().split("\n=====\n")
    return system.strip(), Template(user.strip())


def _place(title: str, section: tuple[str, ...]) -> str:
    place = section[-1] if section else title
    return f"{neutral(place)[:80]}: " if place else ""
