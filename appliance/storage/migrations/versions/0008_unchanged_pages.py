"""What was found on each page, for versions that change few of them; how often a worker vanished."""

from alembic import op
from sqlalchemy import Column, Integer

from appliance.storage.additions import add_columns, add_table
from appliance.storage.tables import read_page

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_columns("version", Column("vanished", Integer, nullable=False, server_default="0"))
    add_table(read_page)


def downgrade() -> None:
    op.drop_table("read_page")
    with op.batch_alter_table("version") as version:
        version.drop_column("vanished")
