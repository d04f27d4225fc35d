"""The web application: routes, security headers, one error shape."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from appliance.assembly.parts import Appliance
from appliance.errors import ApplianceError, NotFound, UsageError
from appliance.web.routes import (
    account,
    asking,
    collections,
    conversations,
    leakrate,
    openai,
    oversight,
    page,
    pages,
    policies,
    reveal,
    review,
    scim,
    signing,
    status,
)
from appliance.web.streaming import Streams

STATIC = Path(__file__).parent / "static"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
THROUGH_TLS = {"Strict-Transport-Security": "max-age=31536000"}


def application(appliance: Appliance) -> FastAPI:
    """The application over one open appliance. No generated documentation pages: those load from elsewhere."""
    modules = (
        page, signing, account, scim, asking, conversations, openai,
        collections, pages, reveal, review, leakrate, oversight, policies, status,
    )
    routes = [route for module in modules for route in module.router.routes]
    static = Mount("/static", StaticFiles(directory=STATIC), name="static")
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, routes=[*routes, static])
    app.state.appliance = appliance
    app.state.streams = Streams()
    app.state.headers = HEADERS | (THROUGH_TLS if appliance.settings.secure_cookies else {})
    app.add_middleware(SecurityHeaders, headers=app.state.headers)
    app.add_exception_handler(ApplianceError, _appliance_error)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _plain_http_error)
    app.add_exception_handler(Exception, _unexpected)
    return app


def error_body(code: str, message: str, advice: str = "") -> dict[str, dict[str, str]]:
    """The one shape of an error on the wire."""
    return {"error": {"code": code, "message": message, "advice": advice}}


class SecurityHeaders:
    """Adds `headers` to every response that doesn't set them itself. Plain ASGI: a stream passes untouched."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def secured(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-cache"
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, secured if scope["type"] == "http" else send)


async def _appliance_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApplianceError)
    headers = {"Retry-After": "60"} if error.http_status in (429, 503) else {}
    if request.url.path.startswith(scim.PREFIX):
        return scim.refused(error)
    return JSONResponse(error_body(error.code, error.message, error.advice), error.http_status, headers)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if any(each["loc"][0] == "path" for each in error.errors()):
        return await _appliance_error(request, NotFound("no such document"))
    return await _appliance_error(request, UsageError("the request is malformed", "Reload the page"))


async def _plain_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = "no such page" if error.status_code == 404 else str(error.detail).lower()
    code = "not_found" if error.status_code == 404 else "http"
    return JSONResponse(error_body(code, message), error.status_code, error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    """A defect. Its message stays here: it may quote what no reader and no log may see."""
    body = error_body("failed", "the appliance met a defect", "Its log says where; tell your administrator")
    return JSONResponse(body, 500, request.app.state.headers)
