"""Redaction profiles in force, uses of names, samples for the leak rate."""

from alembic import op

from appliance.storage import tables
from appliance.storage.additions import add_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ADDED = (tables.redaction_policy, tables.name_use, tables.leak_sample, tables.leak_item)


def upgrade() -> None:
    for table in ADDED:
        add_table(table)


def downgrade() -> None:
    for table in reversed(ADDED):
        op.drop_table(table.name)
