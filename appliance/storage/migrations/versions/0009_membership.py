"""Who is in a group that an identity provider keeps."""

from alembic import op

from appliance.storage.additions import add_table
from appliance.storage.tables import membership

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_table(membership)


def downgrade() -> None:
    op.drop_table("membership")
