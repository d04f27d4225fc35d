"""Filters of SCIM 2.0 (RFC 7644, section 3.4.2.2): text in, a test of resources out."""

import json
import re
from collections.abc import Callable
from typing import Any

from appliance.errors import UsageError

Test = Callable[[dict[str, Any]], bool]
MAX_CHARS, MAX_DEPTH = 2000, 20
_WORD = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[()\[\]]|[^\s()\[\]"]+)')
_ATTRIBUTE = re.compile(r"(?:urn:[\w:.-]+:)?[A-Za-z][\w$-]*(?:\.[A-Za-z][\w$-]*)?")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "co": lambda a, b: isinstance(a, str) and isinstance(b, str) and b in a,
    "sw": lambda a, b: isinstance(a, str) and isinstance(b, str) and a.startswith(b),
    "ew": lambda a, b: isinstance(a, str) and isinstance(b, str) and a.endswith(b),
    "gt": lambda a, b: type(a) is type(b) and a > b,
    "ge": lambda a, b: type(a) is type(b) and a >= b,
    "lt": lambda a, b: type(a) is type(b) and a < b,
    "le": lambda a, b: type(a) is type(b) and a <= b,
}


def parse(text: str) -> Test:
    """The test that a filter stands for. Strings compare without regard to case. Raises UsageError."""
    if len(text) > MAX_CHARS:
        raise _wrong()
    words = _words(text)
    reader = _Reader(words)
    test = reader.either(0)
    if reader.more():
        raise _wrong()
    return test


def _words(text: str) -> list[str]:
    words, position = [], 0
    text = text.rstrip()
    while position < len(text):
        found = _WORD.match(text, position)
        if found is None:
            raise _wrong()
        words.append(found[1])
        position = found.end()
    return words


class _Reader:
    """Recursive descent: `or` binds least, then `and`, then `not` and comparisons."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._next = 0

    def more(self) -> bool:
        return self._next < len(self._words)

    def take(self) -> str:
        if not self.more():
            raise _wrong()
        self._next += 1
        return self._words[self._next - 1]

    def is_next(self, word: str) -> bool:
        if self.more() and self._words[self._next].lower() == word:
            self._next += 1
            return True
        return False

    def either(self, depth: int) -> Test:
        tests = [self.both(depth)]
        while self.is_next("or"):
            tests.append(self.both(depth))
        return lambda resource: any(test(resource) for test in tests)

    def both(self, depth: int) -> Test:
        tests = [self.one(depth)]
        while self.is_next("and"):
            tests.append(self.one(depth))
        return lambda resource: all(test(resource) for test in tests)

    def one(self, depth: int) -> Test:
        if depth > MAX_DEPTH:
            raise _wrong()
        if self.is_next("not"):
            inner = self.one(depth + 1)
            return lambda resource: not inner(resource)
        if self.is_next("("):
            inner = self.either(depth + 1)
            self.expect(")")
            return inner
        attribute = self.take()
        if not _ATTRIBUTE.fullmatch(attribute):
            raise _wrong()
        if self.is_next("["):
            inner = self.either(depth + 1)
            self.expect("]")
            return lambda resource: any(isinstance(e, dict) and inner(e) for e in values(resource, attribute))
        if self.is_next("pr"):
            return lambda resource: any(value not in (None, "", []) for value in values(resource, attribute))
        compare, wanted = _COMPARE.get(self.take().lower()), self.literal()
        if compare is None:
            raise _wrong()
        if compare is _COMPARE["ne"]:
            return lambda resource: all(_folded(value) != wanted for value in values(resource, attribute))
        return lambda resource: any(compare(_folded(value), wanted) for value in values(resource, attribute))

    def expect(self, word: str) -> None:
        if not self.is_next(word):
            raise _wrong()

    def literal(self) -> Any:
        try:
            value = json.loads(self.take())
        except ValueError as error:
            raise _wrong() from error
        if isinstance(value, dict | list):
            raise _wrong()
        return _folded(value)


def values(resource: dict[str, Any], path: str) -> list[Any]:
    """The values of an attribute (`userName`, `name.formatted`, `members`), names without regard to case; of a list
    of objects each one's `value` too."""
    found: list[Any] = [resource]
    for part in path.rpartition(":")[2].lower().split("."):
        inner = [
            value for each in found if isinstance(each, dict) for name, value in each.items() if name.lower() == part
        ]
        found = [each for value in inner for each in (value if isinstance(value, list) else [value])]
    return [
        each for value in found for each in ([value, value["value"]] if isinstance(value, dict) and "value" in value
                                             else [value])
    ]  # fmt: skip


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _wrong() -> UsageError:
    return UsageError("the filter is malformed", "See RFC 7644, section 3.4.2.2")
