"""Who vouches for people elsewhere, from the settings; nobody unless they are set (an air-gapped box needs none)."""

from pathlib import Path

from appliance.access import ldap
from appliance.access.clock import Clock
from appliance.access.grants import Person
from appliance.access.joining import Joining
from appliance.access.oidc import Issuer, OpenIdConnect
from appliance.access.people import Elsewhere
from appliance.errors import Unavailable
from appliance.settings import Settings

ANSWER = "/api/sign-in/openid/answer"


def open_identity_provider(settings: Settings, clock: Clock) -> OpenIdConnect | None:
    """The issuer of the settings, if there is one. Raises UsageError when they are incomplete."""
    if not settings.oidc_issuer:
        return None
    issuer = Issuer(
        url=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        redirect_uri=settings.public_url.rstrip("/") + ANSWER,
        secret=_secret(settings.oidc_client_secret_file),
        scope=settings.oidc_scope,
        login_claim=settings.oidc_login_claim,
        groups_claim=settings.oidc_groups_claim,
        ca_file=settings.oidc_ca_file,
    )
    return OpenIdConnect(issuer, clock)


def directory_of(settings: Settings) -> ldap.Directory | None:
    """The directory of the settings, if there is one. Raises UsageError when they are incomplete."""
    if not settings.ldap_url:
        return None
    return ldap.Directory(
        url=settings.ldap_url,
        base=settings.ldap_base,
        login_attribute=settings.ldap_login_attribute,
        bind_dn=settings.ldap_bind_dn,
        password=_secret(settings.ldap_bind_password_file),
        ca_file=settings.ldap_ca_file,
        group_base=settings.ldap_group_base,
        without_tls=settings.insecure_ldap_without_tls,
    )


def open_directory(settings: Settings, joining: Joining) -> Elsewhere | None:
    """Sign-in against the directory of the settings, if there is one."""
    directory = directory_of(settings)
    if directory is None:
        return None

    def elsewhere(login: str, password: str) -> Person | None:
        known = ldap.authenticate(directory, login, password)
        return joining.admit(known, "ldap") if known else None

    return elsewhere


def _secret(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"the secret in {file.name} cannot be read", "Check its path, owner and mode") from error
