"""Where somebody asks from, as the site names its networks (setting `places`): a word that policies can use.

It is the address of the connection. Behind a proxy that is the proxy's, so a site with one leaves places alone, or
gives each proxy a place.
"""

import ipaddress
from collections.abc import Mapping, Sequence

from appliance.errors import UsageError


class Places:
    """The site's table of networks."""

    def __init__(self, table: Mapping[str, Sequence[str]]) -> None:
        """Raises UsageError for what is no network."""
        try:
            self._networks = [(ipaddress.ip_network(each), name) for name, nets in table.items() for each in nets]
        except ValueError as error:
            raise UsageError(f"setting places: {error}", "Write networks as 10.1.0.0/16") from error
        self._networks.sort(key=lambda entry: -entry[0].prefixlen)

    def of(self, address: str) -> str:
        """The name of the narrowest network that holds an address; empty where none does."""
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return ""
        return next((name for network, name in self._networks if known in network), "")
