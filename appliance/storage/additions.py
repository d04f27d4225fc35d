"""What a migration adds to the schema, unless it is there: a new home gets today's whole schema from the first one."""

from alembic import op
from sqlalchemy import Column, Table, inspect


def add_table(table: Table) -> None:
    """Create `table` with its indexes if the database lacks it."""
    table.create(op.get_bind(), checkfirst=True)


def add_columns(table: str, *columns: "Column[object]") -> None:
    """Add those of `columns` that `table` lacks; each is nullable or has a server default."""
    there = {column["name"] for column in inspect(op.get_bind()).get_columns(table)}
    for column in columns:
        if column.name not in there:
            op.add_column(table, column)
