"""Whether the service is well: a word for a load balancer, a page of facts for those who sign in."""

from typing import Any

from fastapi import APIRouter

from appliance.web.dependencies import SignedIn, TheAppliance

router = APIRouter()


@router.get("/healthz")
async def health() -> dict[str, str]:
    """The process answers. Says nothing else to strangers."""
    return {"status": "ok"}


@router.get("/api/status")
def status(session: SignedIn, appliance: TheAppliance) -> dict[str, Any]:
    """What runs here: models, policies, log size; for whoever is signed in, no document facts."""
    engine = appliance.engine
    return {
        "model": engine.info.name if engine else "none: quotations only",
        "model_digest": engine.info.digest if engine else "",
        "embedding": appliance.settings.embedding_pack,
        "access_policy": appliance.access.policies.digest,
        "redaction_profile": appliance.settings.redaction_profile,
        "records": appliance.log.size,
        "root": appliance.log.root().hex(),
    }
