"""The same port by `qdrant-client`.

No Qdrant server binary is at hand where these tests run: the contract runs against the client's own local
mode, which speaks the same calls and filters exactly but is not the server.
"""

from collections.abc import Iterator

import pytest
from qdrant_client import QdrantClient

from appliance.errors import Unavailable
from appliance.search.server import ServerIndex
from tests.search.index_contract import SIZE, IndexContract


class TestServerIndex(IndexContract):
    @pytest.fixture
    def index(self) -> Iterator[ServerIndex]:
        opened = ServerIndex(QdrantClient(":memory:"), SIZE)
        yield opened
        opened.close()


def test_a_server_that_is_down_is_named_as_the_cause() -> None:
    with pytest.raises(Unavailable, match="qdrant_url"):
        ServerIndex.open("http://127.0.0.1:9", SIZE)
