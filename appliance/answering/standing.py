"""The last look before something is shown: may this person still read what it is taken from?

Between the search and the screen a grant may be withdrawn, a document told apart or deleted. What search found is
compared with the rights and labels of this moment.
"""

from collections.abc import Iterable

from appliance.access.grants import Person, ReadableScope
from appliance.access.scope import Access
from appliance.documents.catalog import Catalog
from appliance.errors import NotFound, Refused


class Standing:
    """What one question found, held against what its asker may read now."""

    def __init__(self, access: Access, catalog: Catalog, person: Person, scope: ReadableScope) -> None:
        self._access = access
        self._catalog = catalog
        self._person = person
        self._scope = scope

    def readable(self, versions: Iterable[str]) -> frozenset[str]:
        """Those of `versions` that may be shown now."""
        try:
            now = self._access.readable(self._person, self._scope.purpose).labels & self._scope.labels
        except NotFound:
            return frozenset()
        return frozenset(version for version, label in self._catalog.labels_of(versions).items() if label in now)

    def check(self, versions: Iterable[str]) -> None:
        """Raise Refused unless all of `versions` may be shown now."""
        wanted = frozenset(versions)
        if self.readable(wanted) != wanted:
            raise Refused("what you may read has changed", "Ask again")
