"""Reading a request's body, by people who may send one and no further than a limit.

The framework would read a body whole before it looks at who sent it, and would spool a form to a temporary
file, unencrypted (I1). So no route declares one: a dependency that has authorised the request reads it here,
into memory.
"""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from appliance.errors import TooLarge, UsageError
from appliance.settings import MIB

Model = TypeVar("Model", bound=BaseModel)


async def read(request: Request, limit: int, advice: str) -> bytes:
    """The body, of at most `limit` bytes. Raises TooLarge as soon as that is passed, or announced."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _over(limit, advice)
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > limit:
            raise _over(limit, advice)
    return bytes(content)


async def read_json(request: Request, model: type[Model], limit: int) -> Model:
    """The body as `model`. Raises UsageError unless it is JSON of that form and says so: a form of another
    site can't send that content type."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise UsageError("the request is not JSON", "Reload the page")
    return await read_model(request, model, limit)


async def read_model(request: Request, model: type[Model], limit: int) -> Model:
    """The body as `model`, whatever content type it names. Raises UsageError unless it is JSON of that form."""
    try:
        return model.model_validate_json(await read(request, limit, "Send less"))
    except ValidationError as error:
        raise UsageError("the request is malformed", "Reload the page") from error


def _over(limit: int, advice: str) -> TooLarge:
    size = f"{limit // MIB} MiB" if limit >= MIB else f"{limit // 1024} KiB"
    return TooLarge(f"more than {size} were sent", advice)
