"""Request ids, and one line of log per request. Texts, paths and query strings are not logged."""

import logging
import re
import time
from uuid import uuid4

from flask import Flask, Response, g, request

__all__ = ["HEADER", "register", "request_id", "sane"]

HEADER = "X-Request-ID"

_log = logging.getLogger(__name__)
_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)


def request_id() -> str:
    """The id of the request under way: the client's if it is sane, else a new one."""
    if "request_id" not in g:
        g.request_id = sane(request.headers.get(HEADER, ""))
    return str(g.request_id)


def sane(sent: str) -> str:
    """The id that a client sent if it is sane, else a new one."""
    return sent if _SANE.fullmatch(sent) else uuid4().hex


def register(app: Flask) -> None:
    """Give every answer of `app` its request id, and log it."""
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    _log.info(
        "request_id=%s method=%s route=%s status=%d duration_ms=%.1f",
        request_id(),
        request.method if request.url_rule else "-",
        # The rule, not the path: a client may put a text into a path by mistake.
        request.url_rule or "-",
        response.status_code,
        (time.perf_counter() - g.started) * 1000,
    )
    return response
