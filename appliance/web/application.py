"""The web application: routes, security headers, one error shape."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from appliance.assembly.parts import Appliance
from appliance.errors import ApplianceError
from appliance.web.routes import asking, collections, page, pages, signing, status

STATIC = Path(__file__).parent / "static"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def application(appliance: Appliance) -> FastAPI:
    """The application over one open appliance. No generated documentation pages: those load from elsewhere."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.appliance = appliance
    for module in (page, signing, asking, collections, pages, status):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.middleware("http")(_secure)
    app.add_exception_handler(ApplianceError, _appliance_error)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _plain_http_error)
    return app


def error_body(code: str, message: str, advice: str = "") -> dict[str, dict[str, str]]:
    """The one shape of an error on the wire."""
    return {"error": {"code": code, "message": message, "advice": advice}}


async def _secure(request: Request, follow: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await follow(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-cache"
    return response


async def _appliance_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApplianceError)
    headers = {"Retry-After": "60"} if error.http_status in (429, 503) else {}
    return JSONResponse(error_body(error.code, error.message, error.advice), error.http_status, headers)


async def _malformed(request: Request, error: Exception) -> Response:
    if request.path_params:
        return JSONResponse(error_body("not_found", "no such document"), 404)
    return JSONResponse(error_body("usage", "the request is malformed", "Reload the page"), 400)


async def _plain_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = "no such page" if error.status_code == 404 else str(error.detail)
    code = "not_found" if error.status_code == 404 else "http"
    return JSONResponse(error_body(code, message), error.status_code)
