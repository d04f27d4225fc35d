"""Every setting, in one place: defaults here, then `settings.toml` of the home, then `APPLIANCE_*` variables.

Read once by `load`, validated, and immutable afterwards. `docs/settings.md` is generated from this file.
"""

import os
import sys
import tomllib
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from appliance.errors import UsageError

ENVIRONMENT_PREFIX = "APPLIANCE_"
SHIPPED_POLICIES = Path(__file__).parents[1] / "policies"
MIB = 1024 * 1024


def default_home() -> Path:
    """`$APPLIANCE_HOME`, else `~/.appliance`."""
    return Path(os.environ.get("APPLIANCE_HOME") or Path.home() / ".appliance")


class Settings(BaseModel):
    """All settings of one appliance. Frozen: a change needs a restart and is an audit event."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(
        default_factory=default_home, description="Directory that holds everything the appliance writes."
    )
    packs: Path = Field(
        default_factory=lambda: Path(sys.prefix) / "share" / "appliance" / "packs",
        description="Directory of the model packs, one folder a pack.",
    )

    host: str = Field("127.0.0.1", description="Address the web page listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port the web page listens on.")
    session_minutes: int = Field(480, ge=1, description="Minutes until a sign-in ends.")
    secure_cookies: bool = Field(False, description="Set when the page is reached through TLS.")

    database_url: str = Field(
        "",
        description="PostgreSQL database of the records, postgresql://USER@HOST/NAME, on the premises; `?sslmode=` and "
        "for a Unix socket, `?host=/FOLDER` may follow. Empty: SQLite in the home.",
    )
    database_password_file: Path | None = Field(None, description="File holding the password of that user.")
    database_ca_file: Path | None = Field(None, description="Authority of the database's certificate, as PEM.")

    passphrase_file: Path | None = Field(None, description="File holding the passphrase of the key ring.")
    insecure_plain_key_file: bool = Field(
        False, description="ALARMING: keep the master key in a plain file beside the data. Demonstrations only."
    )
    insecure_parse_without_sandbox: bool = Field(
        False, description="ALARMING: parse documents although the kernel lacks the minimum protections."
    )

    public_url: str = Field(
        "", description="Address at which people reach the page, such as https://ask.example; for passkeys and OpenID."
    )
    require_second_factor: bool = Field(
        False, description="Let nobody with a password here do anything before they have set up a second factor."
    )
    directory_groups: dict[str, tuple[str, ...]] = Field(
        {},
        description="What groups of LDAP or OpenID Connect give here: a table of lists of group:NAME, role:NAME, "
        "clearance:NUMBER, compartment:NAME.",
    )
    ldap_url: str = Field("", description="Address of the directory, ldaps://HOST or ldap://HOST (StartTLS).")
    ldap_base: str = Field("", description="Distinguished name below which people stand.")
    ldap_group_base: str = Field("", description="Distinguished name below which groups name their members.")
    ldap_login_attribute: str = Field("uid", description="Attribute of the login; sAMAccountName in Active Directory.")
    ldap_bind_dn: str = Field("", description="Account that searches the directory; empty for an anonymous search.")
    ldap_bind_password_file: Path | None = Field(None, description="File holding that account's password.")
    ldap_ca_file: Path | None = Field(None, description="Authority of the directory's certificate, as PEM.")
    insecure_ldap_without_tls: bool = Field(
        False, description="ALARMING: send passwords to the directory in the clear. Never outside a test bench."
    )
    oidc_issuer: str = Field("", description="The one OpenID Connect issuer whose word counts, on the premises.")
    oidc_name: str = Field("your organisation", description="What the page calls it: Sign in with ...")
    oidc_client_id: str = Field("", description="Name of this appliance at the issuer.")
    oidc_client_secret_file: Path | None = Field(None, description="File holding its secret there, if it has one.")
    oidc_scope: str = Field("openid profile", description="Scopes to ask the issuer for.")
    oidc_login_claim: str = Field("preferred_username", description="Claim that holds the login.")
    oidc_groups_claim: str = Field("groups", description="Claim that lists groups.")
    oidc_ca_file: Path | None = Field(None, description="Authority of the issuer's certificate, as PEM.")
    places: dict[str, tuple[str, ...]] = Field(
        {}, description="Names of networks, for access policies: a table of lists such as ward = [\"10.1.0.0/16\"]."
    )

    embedding_pack: str = Field("all-minilm-l6-v2", description="Model pack that turns text into vectors.")
    spacy_pack: str = Field("spacy-en-md", description="spaCy pack that redaction uses.")
    ner_pack: str = Field("pii-rampart", description="ONNX name and address detector that redaction uses.")
    engine: Literal["llama_cpp", "huggingface", "openai_compatible"] = Field(
        "llama_cpp", description="What runs the language model."
    )
    generation_pack: str = Field("qwen2.5-coder-0.5b-instruct", description="Model pack that composes answers.")
    reranking_pack: str = Field(
        "", description="Cross-encoder pack that reranks; empty: the one that is here, if any; `none`: none."
    )
    nli_pack: str = Field(
        "", description="NLI pack that verifies beside the verifier; empty: the one that is here, if any; `none`: none."
    )
    endpoint_url: str = Field("", description="Base URL of an OpenAI-compatible endpoint on the premises.")
    endpoint_model: str = Field("", description="Model name to ask that endpoint for.")
    endpoint_key_file: Path | None = Field(None, description="File holding that endpoint's bearer token.")
    allowed_networks: tuple[str, ...] = Field(
        ("127.0.0.0/8", "::1/128"), description="Networks that sockets may reach. Nothing else ever leaves."
    )
    context_tokens: int = Field(4096, ge=512, description="Context window given to the language model, in tokens.")
    threads: int = Field(0, ge=0, description="Threads for models; 0 means the number of processors.")

    index: Literal["edge", "server"] = Field("edge", description="Vectors in process, or on a Qdrant server.")
    qdrant_url: str = Field(
        "http://127.0.0.1:6333", description="Address of the Qdrant server, if `index` is `server`."
    )

    redaction_profile: str = Field("strict", description="Redaction profile of collections that name none.")
    ingest_processes: int = Field(
        0, ge=0, le=256, description="Processes that detect identifiers when many files come in; 0: one a processor."
    )
    background_niceness: int = Field(
        10, ge=0, le=19, description="How far processes that read files give way to questions; 0: not at all."
    )
    keep_originals: bool = Field(True, description="Keep the encrypted original of a document after publication.")
    max_document_bytes: int = Field(64 * MIB, ge=1, description="Largest document accepted, in bytes.")
    parse_memory_bytes: int = Field(
        1536 * MIB, ge=64 * MIB, description="Address space of the parsing child, in bytes."
    )
    parse_seconds: int = Field(300, ge=1, description="Processor seconds of the parsing child.")
    detect_seconds: float = Field(
        60.0, gt=0, description="Seconds to find the identifiers of up to 20,000 characters; longer texts get more."
    )

    names_per_hour: int = Field(60, ge=0, description="Names that one person may ask by within an hour.")
    reveals_per_hour: int = Field(600, ge=0, description="Names that one person may see again within an hour.")
    max_question_chars: int = Field(4000, ge=1, description="Longest question accepted, in characters.")
    retrieve_depth: int = Field(60, ge=1, le=1000, description="Candidates from each of dense and lexical search.")
    dense_weight: float = Field(0.5, ge=0, le=1, description="Weight of dense against lexical scores in fusion.")
    passages: int = Field(8, ge=1, le=50, description="Passages that evidence is selected from.")
    quotes: int = Field(4, ge=1, le=20, description="Quotations shown with an answer.")
    abstain_below: float = Field(0.25, ge=0, le=1, description="Probability of an answer below which it abstains.")
    sure_above: float = Field(
        0.62, ge=0, le=1, description="Probability from which quotations answer although no composed sentence passed."
    )
    compose: bool = Field(True, description="Let the language model compose on top of the quotations.")
    compose_seconds: float = Field(20.0, gt=0, description="Seconds after which the quotations stand alone.")
    golden_questions: Path | None = Field(
        None, description="File of the site's golden questions; with it nothing composes that was not measured on them."
    )
    second_approval: bool = Field(False, description="A change of model waits for a second administrator's approval.")
    compose_at_once: int = Field(
        1, ge=1, le=256, description="Answers composed at the same time; an endpoint on a bigger machine takes more."
    )
    queue_seconds: float = Field(
        60.0, gt=0, description="Seconds to wait for the language model, after which the quotations stand alone."
    )
    watts: float = Field(65.0, ge=0, description="Power that the machine draws while it answers, to estimate energy.")
    price_kilowatt_hour: float = Field(0.30, ge=0, description="Price of a kilowatt-hour, in your currency.")
    price_million_in: float = Field(
        2.5, ge=0, description="Price of a million prompt tokens at the API that a month is compared with."
    )
    price_million_out: float = Field(10.0, ge=0, description="Price of a million tokens that such an API writes.")
    compose_tokens: int = Field(160, ge=16, description="Longest composed answer, in tokens.")

    audit_devices: tuple[Path, ...] = Field((), description="Audit log directories; empty means `audit` in the home.")
    audit_seconds: float = Field(1.0, gt=0, description="Seconds an audit write may take before refusal.")
    audit_reserve_bytes: int = Field(8 * MIB, ge=0, description="Disk kept free for closing records, in bytes.")

    keep_question_wordings: bool = Field(
        True, description="Keep the original words of a question that held identifiers, encrypted in the vault."
    )
    anchor_folders: tuple[Path, ...] = Field(
        (), description="Folders outside this machine's disk (a share, a stick) that keep the log's checkpoints."
    )
    anchor_minutes: float = Field(60.0, gt=0, description="Minutes between two checkpoints written there.")
    witnesses: tuple[str, ...] = Field((), description="Public keys (vkeys) of witnesses that cosign checkpoints.")

    @field_validator("database_url")
    @classmethod
    def _without_password(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and parts.scheme != "postgresql":
            raise ValueError("it starts with postgresql://")
        if parts.password is not None or "password" in parts.query:
            raise ValueError("a password does not belong into it; name its file in database_password_file")
        return url

    @property
    def policies(self) -> Path:
        """The site's own policies, else those shipped with the program."""
        own = self.home / "policies"
        return own if own.is_dir() else SHIPPED_POLICIES

    @property
    def golden(self) -> Path | None:
        """The golden questions: the setting, else `golden.json` of the home where there is one."""
        own = self.home / "golden.json"
        return self.golden_questions or (own if own.is_file() else None)

    @property
    def threads_in_use(self) -> int:
        """Threads for models: the setting, else the processors this process may use."""
        return self.threads or len(os.sched_getaffinity(0))


def load(home: Path | None = None, **overrides: Any) -> Settings:
    """Read the settings of `home`. Later sources win: defaults, `settings.toml`, environment, `overrides`.

    Raises UsageError when a name is unknown or a value is out of range.
    """
    home = Path(home or default_home()).expanduser().absolute()
    values: dict[str, Any] = {}
    file = home / "settings.toml"
    try:
        values.update(tomllib.loads(file.read_text("utf-8")))
    except FileNotFoundError:
        pass
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not valid TOML ({error})", "Correct it or move it away") from error
    for name, field in Settings.model_fields.items():
        raw = os.environ.get(ENVIRONMENT_PREFIX + name.upper())
        if raw is not None and name != "home":
            values[name] = raw.split(",") if "tuple" in str(field.annotation) else raw
    values.update(overrides)
    values["home"] = home
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"setting {name}: {first['msg'].lower()}", "See docs/settings.md") from error
