"""Leases and tries of versions, which version uses which surrogate, folders kept in step."""

from alembic import op
from sqlalchemy import Column, Integer, String

from appliance.storage.additions import add_columns, add_table
from appliance.storage.tables import followed_file, surrogate_use

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_columns(
        "version",
        Column("tries", Integer, nullable=False, server_default="0"),
        Column("due", String, nullable=False, server_default=""),
        Column("holder", String, nullable=False, server_default=""),
        Column("held_until", String, nullable=False, server_default=""),
        Column("uses_known", Integer, nullable=False, server_default="0"),
    )
    add_table(surrogate_use)
    add_table(followed_file)


def downgrade() -> None:
    op.drop_table("followed_file")
    op.drop_table("surrogate_use")
    with op.batch_alter_table("version") as version:
        for name in ("tries", "due", "holder", "held_until", "uses_known"):
            version.drop_column(name)
