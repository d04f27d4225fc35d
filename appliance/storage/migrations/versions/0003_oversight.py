"""Emergency access, legal holds, supervisors' reviews."""

from alembic import op

from appliance.storage.tables import emergency, hold, oversight

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in (emergency, hold, oversight):
        table.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    for table in (oversight, hold, emergency):
        table.drop(op.get_bind())
