"""Factors, passkeys, tokens, identities elsewhere, groups, policies under approval, what decides access."""

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, String

from appliance.storage import tables
from appliance.storage.additions import add_columns, add_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ADDED = (
    tables.identity,
    tables.passkey,
    tables.token,
    tables.directory_group,
    tables.access_policy,
    tables.access_revision,
)
WATCHED = ("collection", "grant", "label")


def upgrade() -> None:
    add_columns(
        "person",
        Column("revision", Integer, nullable=False, server_default="1"),
        Column("source", String, nullable=False, server_default="local"),
        Column("totp_sealed", LargeBinary),
        Column("totp_step", Integer, nullable=False, server_default="0"),
    )
    add_columns("session", Column("method", String, nullable=False, server_default="password"))
    for table in ADDED:
        add_table(table)
    op.execute("INSERT INTO access_revision (id, revision) VALUES (1, 1)")
    up = "UPDATE access_revision SET revision = revision + 1 WHERE id = 1;"
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        body = f"BEGIN {up} RETURN NULL; END"
        op.execute(f"CREATE FUNCTION access_revision_up() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
    does = "FOR EACH ROW EXECUTE FUNCTION access_revision_up()" if postgresql else f"BEGIN {up} END"
    for name in WATCHED:
        for change in ("insert", "update", "delete"):
            op.execute(
                f'CREATE TRIGGER access_revision_{name}_{change} AFTER {change.upper()} ON "{name}" {does}'
            )


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name in WATCHED:
        for change in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER access_revision_{name}_{change}" + (f' ON "{name}"' if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION access_revision_up()")
    for table in reversed(ADDED):
        op.drop_table(table.name)
    with op.batch_alter_table("session") as session:
        session.drop_column("method")
    with op.batch_alter_table("person") as person:
        for column in ("revision", "source", "totp_sealed", "totp_step"):
            person.drop_column(column)
