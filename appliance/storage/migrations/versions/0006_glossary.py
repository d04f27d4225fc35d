"""Abbreviations that versions define. What was ingested before has none until it is ingested again."""

from alembic import op

from appliance.storage import tables
from appliance.storage.additions import add_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_table(tables.definition)


def downgrade() -> None:
    op.drop_table(tables.definition.name)
