"""Loading a library without the heavy ones that it only tries to use.

Presidio and spaCy's thinc import torch and transformers where they find them, each behind `except ImportError`.
The detectors use neither, so they would only cost seconds and some 300 MB in every process that redacts.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from threading import get_ident
from types import ModuleType


class _Refusing(MetaPathFinder):
    """Finds nothing, and refuses `names`, to the thread that made it."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._thread = get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        # Why not when one of them is loaded: transformers half refused raises more than ImportError.
        if fullname in self._names and get_ident() == self._thread and self._names.isdisjoint(sys.modules):
            raise ModuleNotFoundError(f"{fullname} is left out here", name=fullname)
        return None


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Inside, importing a top-level package of `names` raises ModuleNotFoundError, for this thread alone.

    Nothing is refused once one of them is loaded. Afterwards all of them import as ever: `sys.modules` keeps
    no trace, only the libraries loaded inside know that they were missing.
    """
    finder = _Refusing(frozenset(names))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
