"""The service: the web page on TCP, the command line's socket beside it, one process, one home."""

import contextlib
from collections.abc import Callable

import uvicorn

from appliance.assembly import background, rounds
from appliance.assembly.listening import listen
from appliance.assembly.local import LocalServer
from appliance.assembly.operations import perform
from appliance.assembly.parts import Appliance
from appliance.settings import Settings
from appliance.web import logs
from appliance.web.application import application


def serve(settings: Settings, ready: Callable[[str], object]) -> None:
    """Serve until interrupted. Calls `ready` with the address once questions can be put.

    Raises Unavailable when the port is taken, before anything is opened.
    """
    logs.prepare()
    listener = listen(settings.host, settings.port)
    with contextlib.closing(Appliance.open(settings)) as appliance:
        local = LocalServer(settings.home, lambda verb, arguments, uid: perform(appliance, verb, arguments, uid))
        appliance.warm()
        rest = background.start(appliance)
        by_the_clock = rounds.start(appliance)
        config = uvicorn.Config(
            application(appliance), log_config=None, access_log=False, server_header=False, date_header=False,
            timeout_graceful_shutdown=5, h11_max_incomplete_event_size=64 * 1024,
            proxy_headers=settings.secure_cookies,  # only then does a proxy stand in front; else anybody could lie
        )  # fmt: skip
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        ready(f"http://{host}:{listener.getsockname()[1]}")
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            local.close()
            rest()
            by_the_clock()
