"""Which home the records of a PostgreSQL database belong to."""

from alembic import op

from appliance.storage.additions import add_table
from appliance.storage.tables import installation

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_table(installation)


def downgrade() -> None:
    op.drop_table("installation")
