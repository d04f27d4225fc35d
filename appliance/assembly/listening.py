"""The socket of the web page."""

import socket

from appliance.errors import Unavailable


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any that is free. Raises Unavailable when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"port {port} of {host} cannot be used ({error.strerror})", "Stop what uses it, or choose another --port"
        ) from error
    return listener
