"""Every table, grouped by the room that owns it. Column names say what is sealed (encrypted).

No column holds unredacted text in the clear. Times are ISO 8601, UTC.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlalchemy import String as AnyString
from sqlalchemy.dialects.postgresql import VARCHAR

String = AnyString().with_variant(VARCHAR(collation="C"), "postgresql")
"""Text that is ordered by its bytes in every database: times and ids are compared as text."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# storage

installation = Table("installation", metadata, Column("id", String, primary_key=True))
"""On PostgreSQL, the number of the home that the records belong to."""

# access

person = Table(
    "person",
    metadata,
    Column("id", String, primary_key=True),
    Column("login", String, nullable=False, unique=True),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("clearance", Integer, nullable=False, default=0),
    Column("compartments", JSON, nullable=False),
    Column("active", Integer, nullable=False, default=1),
    Column("created", String, nullable=False),
    Column("revision", Integer, nullable=False, default=1, server_default="1"),
    Column("source", String, nullable=False, default="local", server_default="local"),
    Column("totp_sealed", LargeBinary),
    Column("totp_step", Integer, nullable=False, default=0, server_default="0"),
)
"""`revision` counts changes: who edits an older one is refused. `source` is what may sign the person in and
change them: `local`, `ldap`, `oidc` or `scim`. `totp_step` is the last time step whose code was used."""

session = Table(
    "session",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("person", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf", String, nullable=False),
    Column("created", String, nullable=False),
    Column("expires", String, nullable=False),
    Column("method", String, nullable=False, default="password", server_default="password"),
)

identity = Table(
    "identity",
    metadata,
    Column("provider", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("person", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
)
"""Who a person is elsewhere: `provider` is `ldap`, `scim` or an OpenID Connect issuer."""

passkey = Table(
    "passkey",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("uses", BigInteger, nullable=False, default=0),
    Column("created", String, nullable=False),
)
"""WebAuthn credentials by their id (base64url). `uses` is the authenticator's own counter."""

token = Table(
    "token",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("secret_hash", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("purpose", String, nullable=False, default=""),
    Column("created", String, nullable=False),
    Column("expires", String, nullable=False),
    Column("revoked", String, nullable=False, default=""),
)
"""API tokens: the SHA-256 of the secret, never the secret. `purpose` is what the token is for, in a word."""

directory_group = Table(
    "directory_group",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("external", String, nullable=False, default=""),
    Column("revision", Integer, nullable=False, default=1),
    Column("created", String, nullable=False),
)
"""Groups that an identity provider keeps by SCIM."""

membership = Table(
    "membership",
    metadata,
    Column("group", ForeignKey("directory_group.id", ondelete="CASCADE"), primary_key=True),
    Column("person", ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True),
)
"""Who is in such a group. What that gives here stands with the person."""

access_policy = Table(
    "access_policy",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String, nullable=False, index=True),
    Column("files", JSON, nullable=False),
    Column("status", String, nullable=False),
    Column("replaces", String, nullable=False, default=""),
    Column("proposed_by", String, nullable=False),
    Column("proposed", String, nullable=False),
    Column("approved_by", String, nullable=False, default=""),
    Column("approved", String, nullable=False, default=""),
)
"""Access policies by content: `proposed`, `in_force` (one at most), `retired` or `rejected`."""

access_revision = Table(
    "access_revision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),
)
"""One row that triggers count up with every change of collections, grants and labels, so that what was decided
from them can be kept until one of them changes."""

collection = Table(
    "collection",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("title_sealed", LargeBinary, nullable=False),
    Column("profile", String, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("created", String, nullable=False),
)
"""`attributes` decide access beside grants: `classification` (int), `compartments` (list of str)."""

grant = Table(
    "grant",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("collection", ForeignKey("collection.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("principal", String, nullable=False),
    Column("right", String, nullable=False),
    Column("purposes", JSON, nullable=False),
    UniqueConstraint("collection", "principal", "right"),
)
"""`principal` is `user:<login>` or `group:<name>`; `right` is `read`, `write`, `identify`, `reveal` or
`review`; `purposes` is a list of purposes of use, empty for every one."""

label = Table(
    "label",
    metadata,
    Column("digest", String, primary_key=True),
    Column("attributes", JSON, nullable=False),
)
"""An access label: the digest of the attributes that decide who may read a document."""

# documents

relabelled = Table(
    "relabelled",
    metadata,
    Column("version", ForeignKey("version.id", ondelete="CASCADE"), primary_key=True),
)
"""Versions whose points in the index do not all bear their label yet: hidden from search until they do."""

document = Table(
    "document",
    metadata,
    Column("id", String, primary_key=True),
    Column("collection", ForeignKey("collection.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name_mac", String, nullable=False),
    Column("created", String, nullable=False),
    UniqueConstraint("collection", "name_mac"),
)
"""`name_mac` is the keyed digest of the file name within its collection: a new version is found by it."""

version = Table(
    "version",
    metadata,
    Column("id", String, primary_key=True),
    Column("document", ForeignKey("document.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("collection", ForeignKey("collection.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", ForeignKey("label.digest"), nullable=False, index=True),
    Column("content_mac", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("status", String, nullable=False, index=True),
    Column("reason", String, nullable=False, default=""),
    Column("title_sealed", LargeBinary),
    Column("facts_sealed", LargeBinary),
    Column("pages", Integer, nullable=False, default=0),
    Column("chunks", Integer, nullable=False, default=0),
    Column("entities", JSON, nullable=False),
    Column("profile", String, nullable=False),
    Column("profile_digest", String, nullable=False, default=""),
    Column("created", String, nullable=False),
    Column("published", String),
    Column("tries", Integer, nullable=False, default=0, server_default="0"),
    Column("due", String, nullable=False, default="", server_default=""),
    Column("holder", String, nullable=False, default="", server_default=""),
    Column("held_until", String, nullable=False, default="", server_default=""),
    Column("uses_known", Integer, nullable=False, default=0, server_default="0"),
    Column("vanished", Integer, nullable=False, default=0, server_default="0"),
)
"""`status`: `received`, `indexed`, `published`, `retired`, `quarantined`, `failed`, `deleting`. Only `published`
is visible. `facts_sealed` holds page sizes and blackout boxes as sealed JSON. Unfinished work is taken by one
worker at a time: `holder`, until `held_until`; not before `due`; `tries` counts how often it failed, `vanished`
how often its worker ended without a word. `uses_known`: whether `surrogate_use` lists its surrogates."""

read_page = Table(
    "read_page",
    metadata,
    Column("version", ForeignKey("version.id", ondelete="CASCADE"), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("text_mac", String, nullable=False),
    Column("findings_sealed", LargeBinary, nullable=False),
)
"""What detection found on a page: `text_mac` is the keyed digest of its text, `findings_sealed` offsets and types
without any text, under the key of the version. The next version of a document reads changed pages only."""

followed_file = Table(
    "followed_file",
    metadata,
    Column("document", ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("collection", ForeignKey("collection.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("folder_mac", String, nullable=False),
    Column("device", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("changed", String, nullable=False),
)
"""A file of a folder that a collection is kept in step with. `folder_mac` is the keyed digest of the folder's
path, `device` the file system it was seen on, `changed` its time of change in nanoseconds."""

# search

chunk = Table(
    "chunk",
    metadata,
    Column("id", String, primary_key=True),
    Column("version", ForeignKey("version.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

definition = Table(
    "definition",
    metadata,
    Column("version", ForeignKey("version.id", ondelete="CASCADE"), primary_key=True),
    Column("term", BigInteger, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
"""Abbreviations that a version defines, by the keyed id of their short or long form."""

term_statistics = Table(
    "term_statistics",
    metadata,
    Column("label", String, primary_key=True),
    Column("term", BigInteger, primary_key=True),
    Column("chunks", Integer, nullable=False),
)
"""For each access label, how many published chunks hold a term (a keyed 32-bit hash)."""

label_statistics = Table(
    "label_statistics",
    metadata,
    Column("label", String, primary_key=True),
    Column("chunks", Integer, nullable=False),
    Column("tokens", BigInteger, nullable=False),
)

# redaction

surrogate = Table(
    "surrogate",
    metadata,
    Column("domain", String, primary_key=True),
    Column("surrogate", String, primary_key=True),
    Column("type", String, nullable=False),
    Column("subject", String, nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created", String, nullable=False),
    Column("identity", String),
    UniqueConstraint("domain", "identity"),
)
"""The vault: what each surrogate stands for, sealed under a key of its subject. `identity` is the blind
index of the normal form: one identifier of a domain has one surrogate."""

surrogate_index = Table(
    "surrogate_index",
    metadata,
    Column("domain", String, primary_key=True),
    Column("blind", String, primary_key=True),
    Column("surrogate", String, primary_key=True),
    Index("ix_surrogate_index_surrogate", "domain", "surrogate"),
)
"""Keyed blind indexes of normalised values, name parts and phonetic name parts."""

surrogate_use = Table(
    "surrogate_use",
    metadata,
    Column("version", ForeignKey("version.id", ondelete="CASCADE"), primary_key=True),
    Column("surrogate", String, primary_key=True),
    Column("domain", String, nullable=False),
    Index("ix_surrogate_use_surrogate", "domain", "surrogate"),
)
"""Which versions a surrogate stands in: one that stands in none is an orphan of the vault."""

review = Table(
    "review",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", ForeignKey("version.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("block", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("type", String, nullable=False),
    Column("score", Float, nullable=False),
    Column("decision", String, nullable=False, default=""),
    Column("decided_by", String, nullable=False, default=""),
    Column("decided", String),
    Column("said", String, nullable=False, default="", server_default=""),
)
"""Spans that wait for a person. `decision` is empty, `accepted`, `rejected` or, for a span that a person added,
`added`. Offsets only, and in `said` a keyed digest of the words; the reviewer's view parses the original again."""

redaction_policy = Table(
    "redaction_policy",
    metadata,
    Column("name", String, primary_key=True),
    Column("digest", String, primary_key=True),
    Column("content_sealed", LargeBinary, nullable=False),
    Column("accepted", String, nullable=False),
    Column("accepted_by", String, nullable=False),
)
"""Redaction profiles by content. The one accepted last is in force; sealed, so that nobody can change it."""

name_use = Table(
    "name_use",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", String, nullable=False),
    Column("what", String, nullable=False),
    Column("at", Float, nullable=False),
    Index("ix_name_use_person", "person", "what", "at"),
)
"""When a person asked by name (`search`) or saw one again (`reveal`), in seconds; forgotten after an hour."""

leak_sample = Table(
    "leak_sample",
    metadata,
    Column("id", String, primary_key=True),
    Column("collection", ForeignKey("collection.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("population", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("policies", JSON, nullable=False),
    Column("models", JSON, nullable=False),
    Column("created", String, nullable=False),
    Column("created_by", String, nullable=False),
)
"""A simple random sample of a collection's published blocks, drawn to be searched for what redaction missed."""

leak_item = Table(
    "leak_item",
    metadata,
    Column("sample", ForeignKey("leak_sample.id", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("version", String, nullable=False),
    Column("chunk", String, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("misses", JSON, nullable=False),
    Column("marked_by", String, nullable=False, default=""),
    Column("marked", String),
)
"""One block of a sample: where its redacted text stands, and the types of the identifiers a person still saw."""

# oversight

emergency = Table(
    "emergency",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("code", String, nullable=False),
    Column("reason_sealed", LargeBinary, nullable=False),
    Column("opened", String, nullable=False),
    Column("until", String, nullable=False, index=True),
    Column("due", String, nullable=False),
    Column("reviewed", String),
    Column("reviewed_by", String, nullable=False, default=""),
    Column("finding", String, nullable=False, default=""),
    Column("note_sealed", LargeBinary),
)
"""Broken glass: who, under which purpose code, from when to when, until when it is to be reviewed, and by whom
it was."""

hold = Table(
    "hold",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("target", String, nullable=False, index=True),
    Column("reason_sealed", LargeBinary, nullable=False),
    Column("placed", String, nullable=False),
    Column("placed_by", String, nullable=False),
    Column("lifted", String),
    Column("lifted_by", String, nullable=False, default=""),
)
"""Legal holds: `kind` is `document`, `collection` or `person` (a surrogate). In force while `lifted` is null."""

oversight = Table(
    "oversight",
    metadata,
    Column("id", String, primary_key=True),
    Column("record", String, nullable=False, unique=True),
    Column("number", Integer, nullable=False),
    Column("basis", String, nullable=False),
    Column("signs", JSON, nullable=False),
    Column("drawn", String, nullable=False),
    Column("drawn_by", String, nullable=False),
    Column("reviewed", String),
    Column("reviewed_by", String, nullable=False, default=""),
    Column("finding", String, nullable=False, default=""),
    Column("note_sealed", LargeBinary),
)
"""Questions drawn for a supervisor's review, each once: `record` is the id of the question's intent record,
`number` its index, `basis` `random` or `risk`, `signs` what made it risky."""

# answering

conversation = Table(
    "conversation",
    metadata,
    Column("id", String, primary_key=True),
    Column("person", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("title_sealed", LargeBinary, nullable=False),
    Column("created", String, nullable=False),
    Column("updated", String, nullable=False),
)
"""A person's conversations, theirs alone. Sealed under `conversation/<id>`: redacted text only."""

turn = Table(
    "turn",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation", ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created", String, nullable=False),
)
"""A question of a conversation, as it was understood, and what was answered: sealed JSON."""

turn_source = Table(
    "turn_source",
    metadata,
    Column("turn", ForeignKey("turn.id", ondelete="CASCADE"), primary_key=True),
    Column("version", String, primary_key=True, index=True),
    Column("label", String, nullable=False),
)
"""What an answer quotes, and the label it had then: a turn is shown while its asker may read all of it, by the labels
of now, and goes when one is erased."""

composition = Table(
    "composition",
    metadata,
    Column("id", String, primary_key=True),
    Column("digest", String, nullable=False, index=True),
    Column("model", String, nullable=False),
    Column("model_digest", String, nullable=False),
    Column("prompt_digest", String, nullable=False),
    Column("golden_digest", String, nullable=False, default=""),
    Column("scores", JSON, nullable=False),
    Column("scores_before", JSON, nullable=False),
    Column("status", String, nullable=False, index=True),
    Column("proposed_by", String, nullable=False),
    Column("decided_by", String, nullable=False, default=""),
    Column("created", String, nullable=False),
    Column("decided", String),
)
"""Model change control: what composes (`digest` of model, prompt and answering weights), what it scored on the
site's golden questions beside what it replaces; `status` is `measured`, `in_force`, `replaced` or `refused`."""
