"""Conversations, and what composes answers under change control."""

from alembic import op

from appliance.storage import tables
from appliance.storage.additions import add_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ADDED = (tables.conversation, tables.turn, tables.turn_source, tables.composition)


def upgrade() -> None:
    for table in ADDED:
        add_table(table)


def downgrade() -> None:
    for table in reversed(ADDED):
        op.drop_table(table.name)
