"""Request ids, and one line of log per request. Texts, paths and query strings are not logged."""

import logging
import re
import time
from typing import Any
from uuid import uuid4

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

__all__ = ["HEADER", "log_request", "method", "register", "request_id", "sane", "trace_parent"]

HEADER = "X-Request-ID"

_log = logging.getLogger(__name__)
_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
# W3C Trace Context: version, trace id, parent id, flags.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}


def request_id() -> str:
    """The id of the request under way: the client's if it is sane, else a new one."""
    if "request_id" not in g:
        g.request_id = sane(request.headers.get(HEADER, ""))
    return str(g.request_id)


def sane(sent: str) -> str:
    """The id that a client sent if it is sane, else a new one."""
    return sent if _SANE.fullmatch(sent) else uuid4().hex


def trace_parent(sent: str) -> str | None:
    """The `traceparent` that a client sent, if it is one."""
    return sent if _TRACEPARENT.fullmatch(sent) else None


def method() -> str:
    """The method of the request under way; _OTHER for one that HTTP does not define."""
    return request.method if request.method in _METHODS else "_OTHER"


def log_request(**fields: Any) -> None:
    """Log that a request has been answered; fields that are None are left out."""
    _log.info("request", extra={name: value for name, value in fields.items() if value is not None})


def register(app: Flask) -> None:
    """Give every answer of `app` its request id, and log it."""
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.started = time.perf_counter()
    clear_contextvars()  # a thread serves one request after another
    bind_contextvars(request_id=request_id())
    if traceparent := trace_parent(request.headers.get("traceparent", "")):
        bind_contextvars(traceparent=traceparent)


def _finish(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    log_request(
        method=method(),
        # The rule, not the path: a client may put a text into a path by mistake.
        route=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        duration_ms=round((time.perf_counter() - g.started) * 1000, 1),
        key=g.get("key_name"),
        request_bytes=request.content_length,
        # Not calculated for a stream, which would be read to its end for that.
        response_bytes=response.content_length
        if response.is_streamed
        else response.calculate_content_length(),
    )
    return response
