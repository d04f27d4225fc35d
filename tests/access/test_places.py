"""The site's names for its networks."""

import pytest

from appliance.access.places import Places
from appliance.errors import UsageError


def test_the_narrowest_network_names_the_place() -> None:
    places = Places({"hospital": ["10.0.0.0/8", "fd00::/8"], "ward": ["10.1.0.0/16"]})
    assert [places.of(a) for a in ("10.1.2.3", "10.9.9.9", "fd00::1", "192.0.2.1", "", "x")] == [
        "ward", "hospital", "hospital", "", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize("network", ["10.1.0.0/33", "ward", "10.1.2.3/16"])
def test_what_is_no_network_is_refused(network: str) -> None:
    with pytest.raises(UsageError, match="places"):
        Places({"ward": [network]})
