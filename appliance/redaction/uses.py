"""Which document versions a surrogate stands in, so that deleting a document forgets the people only it named.

Every function runs in a transaction of the caller's. Surrogates are no personal data; what they stand for is
in the vault.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select, update

from appliance.redaction.surrogates import SURROGATE
from appliance.storage.tables import surrogate_use
from appliance.storage.tables import version as versions_table

_MOST = 500
"""Rows of one query."""


def replace(connection: Connection, domain: str, version: str, surrogates: Iterable[str]) -> None:
    """`version` uses these surrogates and no others. Nothing happens for a version that is gone."""
    there = connection.execute(
        update(versions_table).where(versions_table.c.id == version).values(uses_known=1)
    ).rowcount
    drop(connection, [version])
    rows = [{"version": version, "surrogate": each, "domain": domain} for each in sorted(set(surrogates))]
    if there and rows:
        connection.execute(insert(surrogate_use), rows)


def in_texts(texts: Iterable[str]) -> set[str]:
    """The surrogates that redacted texts hold."""
    return {match[0] for text in texts for match in SURROGATE.finditer(text)}


def unknown(connection: Connection, domain: str) -> list[str]:
    """Ids of the domain's versions with text whose uses are not on record: made before uses were kept."""
    row = versions_table.c
    known = (row.collection == domain) & (row.uses_known == 0) & (row.chunks > 0)
    return list(connection.execute(select(row.id).where(known)).scalars())


def orphaned(connection: Connection, domain: str, versions: Sequence[str]) -> list[str]:
    """The surrogates that `versions` use and no other version of the domain does."""
    use = surrogate_use.c
    here = select(use.surrogate).where(use.version.in_(versions)).distinct()
    found = list(connection.execute(here).scalars())
    elsewhere: set[str] = set()
    for start in range(0, len(found), _MOST):
        part = found[start : start + _MOST]
        query = select(use.surrogate).where(
            use.domain == domain, use.surrogate.in_(part), use.version.not_in(versions)
        )
        elsewhere.update(connection.execute(query.distinct()).scalars())
    return sorted(set(found) - elsewhere)


def domains(connection: Connection, surrogate: str, labels: Iterable[str]) -> frozenset[str]:
    """The domains in which a version under one of these access labels uses a surrogate."""
    use, version = surrogate_use.c, versions_table.c
    query = select(use.domain).join(versions_table, version.id == use.version)
    under = query.where(use.surrogate == surrogate, version.label.in_(sorted(labels)))
    return frozenset(connection.execute(under.distinct()).scalars())


def drop(connection: Connection, versions: Sequence[str]) -> None:
    """Forget the uses of `versions`."""
    connection.execute(delete(surrogate_use).where(surrogate_use.c.version.in_(versions)))
