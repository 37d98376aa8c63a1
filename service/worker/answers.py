"""Answers that the worker gives by itself, where the application is not asked."""

import json
from collections.abc import Mapping

from gunicorn.util import http_date

from service.headers import SECURITY_HEADERS
from service.problems import MEDIA_TYPE, Problem, body
from service.tracing import HEADER

__all__ = ["CLOSE", "answer"]

CLOSE = {"Connection": "close"}

_SAME = [f"{name}: {value}" for name, value in SECURITY_HEADERS.items()]


def answer(problem: Problem, request_id: str, headers: Mapping[str, str]) -> bytes:
    """A problem as a whole HTTP response, with the headers that all answers carry and `headers`."""
    members = body(problem)
    document = json.dumps(members)
    fields = {
        "Date": http_date(),
        "Content-Type": MEDIA_TYPE,
        "Content-Length": len(document),
        HEADER: request_id,
        **problem.headers,
        **headers,
    }
    head = [f"HTTP/1.1 {problem.status} {members['title']}", *_SAME]
    head += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*head, "", document]).encode()
