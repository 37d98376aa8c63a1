"""Errors as clients see them: application/problem+json (RFC 9457), from one table.

What a client sent stays out of these answers: they say where the fault is, not what stood there.
"""

import json
import logging
import re
import traceback
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from apiflask import APIFlask, HTTPError
from flask import Response
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from service.queue import QueueFull
from tagger import InputError, ModelError

__all__ = [
    "MEDIA_TYPE",
    "Fault",
    "NotReady",
    "Problem",
    "SetupError",
    "body",
    "pointer",
    "register",
]

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: a JSON pointer (RFC 6901) into its body, a code, a reason."""

    pointer: str
    code: str
    detail: str


@dataclass
class Problem(Exception):
    """A request that gets no answer but an error; `detail` never holds what was sent."""

    status: int
    detail: str
    errors: list[Fault] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


class NotReady(Exception):
    """The service can't answer now; its text says why."""

    retry_after = 1


class SetupError(Exception):
    """What the service was set up with can't be used; its text, one line, names the file."""


_STATUS: tuple[tuple[type[Exception], int, str | None], ...] = (
    (InputError, 422, None),
    (NotReady, 503, None),
    (QueueFull, 429, None),
    (ModelError, 503, "the model can't be used: the service's log says why"),  # it names files
    (SetupError, 503, "the service is not set up rightly: its log says why"),  # so does this
)
"""Exceptions, their status, and what clients read where the exception's own text is not for them.

werkzeug's exceptions carry their own status; everything else is a 500.
"""

_HTTP_DETAILS = {
    404: "there is nothing at this path: /openapi.json lists what there is",
    405: "this path does not take this method: the Allow header lists those it takes",
    429: "too many requests: the Retry-After header tells when to send the next one",
}
_VALIDATION_DETAILS = {
    "dict_type": "must be a JSON object",
    "extra_forbidden": "there is no such field",
    "list_type": "must be a JSON array",
    "missing": "this field is required",
    "model_type": "must be a JSON object",
}
_MOST_FAULTS = 20
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


def pointer(path: Iterable[str | int]) -> str:
    """The JSON pointer of a path; it stops before a name that could be a text by mistake."""
    steps: list[str] = []
    for step in path:
        if not _NAME.fullmatch(str(step)):
            break
        steps.append(f"/{step}")
    return "".join(steps)


def body(problem: Problem) -> dict[str, Any]:
    """The members of the problem document; of many errors it holds the first."""
    return {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES.get(problem.status, "Error"),
        "status": problem.status,
        "detail": problem.detail,
        "errors": [asdict(fault) for fault in problem.errors[:_MOST_FAULTS]],
    }


def register(app: APIFlask) -> None:
    """Answer every error of `app` with a problem document, those of its routing included."""
    for kind in (HTTPError, HTTPException, Exception):  # APIFlask and Flask catch the first two
        app.register_error_handler(kind, _answer)


def _answer(error: Exception) -> Response | HTTPException:
    if isinstance(error, HTTPException) and (error.code or 0) < 400:
        return error  # a redirect, or a response that someone raised
    problem = _problem(error)
    response = Response(json.dumps(body(problem)), problem.status, mimetype=MEDIA_TYPE)
    response.headers.update(problem.headers)
    if isinstance(error, NotReady | QueueFull):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error.__cause__, ValidationError):  # APIFlask's own error flattens it
        return _validation(error.__cause__)
    if isinstance(error, HTTPException):
        headers = {k: v for k, v in error.get_headers() if k.lower() != "content-type"}
        status = error.code or 500
        return Problem(status, _HTTP_DETAILS.get(status, error.name), headers=headers)
    for kind, status, detail in _STATUS:
        if isinstance(error, kind):
            if detail:
                _log.error("%s", error)
            return Problem(status, detail or str(error))
    # The exception's text and its chain may quote the request, so the log gets frames alone.
    frames = traceback.extract_tb(error.__traceback__)
    where = "\n".join(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    _log.error("unexpected %s\n%s", type(error).__name__, where)
    return Problem(500, "the service failed: its log has the request id of this answer")


def _validation(error: ValidationError) -> Problem:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    more = len(details) - _MOST_FAULTS
    detail = "the request does not fit the schema" + (f"; {more} more errors" if more > 0 else "")
    return Problem(422, detail, [_fault(each) for each in details])


def _fault(detail: ErrorDetails) -> Fault:
    reason = _VALIDATION_DETAILS.get(detail["type"], detail["msg"])
    return Fault(pointer(detail["loc"]), detail["type"], reason)
