"""What a month of answers cost on this machine, beside the same tokens at an API's prices."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from appliance.answering.usage import Prices, month_of
from appliance.assembly.acting import Events
from appliance.assembly.parts import Appliance
from appliance.audit.events import AuditRead
from appliance.errors import UsageError


def cost(appliance: Appliance, operator: str, month: str = "") -> Events:
    """The cost of a month (2026-01; default: this one), from the public parts of its records. Reading is recorded."""
    month = month or datetime.now(UTC).strftime("%Y-%m")
    if not re.fullmatch(r"\d{4}-(?:0[1-9]|1[0-2])", month):
        raise UsageError(f"{month[:20]} is no month", "Write it as 2026-01")
    appliance.log.append(
        AuditRead(start=0, end=appliance.log.size, opened=False, filters={"cost": month}), actor=operator
    )
    settings = appliance.settings
    found = month_of(
        record.public.get("usage") or {}
        for record in appliance.log.records(opened=False)
        if record.kind == "answer_given" and record.time.startswith(month)
    )
    prices = Prices(settings.price_kilowatt_hour, settings.price_million_in, settings.price_million_out)
    told = found.compared(prices)
    yield {"month": month, **told, "prices": {
        "kilowatt_hour": prices.kilowatt_hour, "million_in": prices.million_in, "million_out": prices.million_out,
    }, "watts": settings.watts}  # fmt: skip


OPERATIONS: dict[str, Callable[..., Events]] = {"cost": cost}
