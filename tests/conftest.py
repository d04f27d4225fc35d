"""What every test stands on: no network, model packs from set-up, a home of its own."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Libraries read these at import, so they are set before anything else is imported.
os.environ.update(
    HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1",
    TOKENIZERS_PARALLELISM="false", OMP_NUM_THREADS=os.environ.get("OMP_NUM_THREADS", "2"),
    HF_HOME=os.path.join(tempfile.gettempdir(), "appliance-tests-no-hub"),
)  # fmt: skip
for name in [name for name in os.environ if name.startswith("APPLIANCE_")]:
    del os.environ[name]
os.environ["APPLIANCE_BACKGROUND_NICENESS"] = "0"  # tests stand beside each other, not beside questions

from appliance import settings, weights  # noqa: E402
from appliance.isolation import egress  # noqa: E402
from tests import postgresql as servers  # noqa: E402

REPOSITORY = Path(__file__).parents[1]


def pytest_configure() -> None:
    """Install the egress guard before any test module is imported: the whole suite runs behind it."""
    egress.install(settings.Settings().allowed_networks)


@pytest.fixture(scope="session")
def packs() -> Path:
    """The directory of model packs. Fails where set-up has not filled it."""
    folder = settings.load().packs
    missing = [name for name in weights.defaults() if not weights.is_present(folder, name)]
    assert not missing, f"model packs are missing ({', '.join(missing)}): run make setup"
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home directory of an appliance."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Evaluation data that lies beside the repository; skips where it does not."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the evaluation data is not beside this repository")
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Server]:
    """A PostgreSQL server of this test run."""
    with servers.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def either_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs twice: what it opens by the settings of a home stands on SQLite, then on PostgreSQL."""
    kind: str = request.param
    if kind == "postgresql":
        server: servers.Server = request.getfixturevalue("postgresql")
        monkeypatch.setenv("APPLIANCE_DATABASE_URL", server.shared())
    return kind
