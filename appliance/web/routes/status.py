"""Whether the service is well: a word for a load balancer, a page of facts for those who sign in."""

from typing import Any

from fastapi import APIRouter

from appliance.assembly.parts import Appliance
from appliance.errors import ApplianceError
from appliance.web.dependencies import SignedIn, TheAppliance

router = APIRouter()


@router.get("/healthz")
async def health() -> dict[str, str]:
    """The process answers. Says nothing else to strangers."""
    return {"status": "ok"}


def _model(appliance: Appliance) -> tuple[str, str]:
    """Name and digest of what composes, or why nothing does."""
    try:
        engine = appliance.engine
    except ApplianceError as error:
        return f"none, quotations only: {error.message}", ""
    return (engine.info.name, engine.info.digest) if engine else ("none: quotations only", "")


@router.get("/api/status")
def status(session: SignedIn, appliance: TheAppliance) -> dict[str, Any]:
    """What runs here: models, policies, log size; for whoever is signed in, no document facts."""
    name, digest = _model(appliance)
    return {
        "model": name,
        "model_digest": digest,
        "embedding": appliance.settings.embedding_pack,
        "access_policy": appliance.access.policies.digest,
        "redaction_profile": appliance.settings.redaction_profile,
        "records": appliance.log.size,
        "root": appliance.log.root().hex(),
    }
