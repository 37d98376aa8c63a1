"""WSGI (PEP 3333) for plain requests: what the application is given, and what the client gets."""

import io
import sys
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from gunicorn import SERVER
from gunicorn.util import http_date

from service.worker.plain import PlainRequest

__all__ = ["environ", "respond"]

Address = tuple[Any, ...]
Headers = list[tuple[str, str]]

_SAME = {
    "REQUEST_METHOD": "POST",
    "SCRIPT_NAME": "",
    "QUERY_STRING": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}
_OURS = {"connection", "content-length"}  # to be said by the server


def environ(sent: PlainRequest, client: Address, server: Address) -> dict[str, Any]:
    """What an application is told of a request; an address begins with a host and a port."""
    headers = {_variable(name): value.decode() for name, value in sent.headers.items()}
    return {
        **_SAME,
        **headers,
        "PATH_INFO": sent.path,
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "wsgi.input": io.BytesIO(sent.body),
    }


def respond(
    application: Callable[..., Iterable[bytes]],
    environ: dict[str, Any],
    *,
    keeps: Callable[[], bool],
) -> tuple[bytes, bool]:
    """The application's response, whole, and whether it says that the connection is kept: which
    `keeps` tells, once the application has answered."""
    status = ""
    headers: Headers = []

    def start_response(line: str, fields: Headers, _: Any = None) -> None:
        nonlocal status, headers
        status, headers = line, fields

    parts = application(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        if close := getattr(parts, "close", None):
            close()
    kept = keeps()
    lines = [
        f"HTTP/1.1 {status}",
        f"Server: {SERVER}",
        f"Date: {_date(int(time.time()))}",
        f"Connection: {'keep-alive' if kept else 'close'}",
        *(f"{name}: {value}" for name, value in headers if name.lower() not in _OURS),
        f"Content-Length: {len(body)}",
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1") + body, kept


@lru_cache(256)
def _variable(name: bytes) -> str:
    own = name.decode().upper().replace("-", "_")
    return own if own in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{own}"


@lru_cache(2)
def _date(second: int) -> str:
    return str(http_date(second))
