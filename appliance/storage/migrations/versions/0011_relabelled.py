"""Versions whose label changed and whose points do not all bear it yet."""

from alembic import op

from appliance.storage.additions import add_table
from appliance.storage.tables import relabelled

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_table(relabelled)


def downgrade() -> None:
    op.drop_table("relabelled")
