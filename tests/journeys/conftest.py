"""An open appliance of this folder's own, over a copy of the sample home."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.assembly.parts import Appliance
from tests.web import site


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory, packs: Path) -> site.Made:
    """A home with people, grants and documents, made once a session."""
    return site.made(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def made(original: site.Made, tmp_path_factory: pytest.TempPathFactory) -> site.Made:
    """A copy of it, for one module's tests to write to."""
    return site.copied(original, tmp_path_factory.mktemp("journeys"))


@pytest.fixture(scope="module")
def appliance(made: site.Made) -> Iterator[Appliance]:
    """The open appliance. Its models are loaded once a module."""
    opened = Appliance.open(site.chosen(made.home))
    yield opened
    opened.close()
