"""What a span said on which a person decided, as a keyed digest: a newer parser may put it elsewhere."""

from alembic import op
from sqlalchemy import Column, String

from appliance.storage.additions import add_columns

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_columns("review", Column("said", String, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("review", "said")
