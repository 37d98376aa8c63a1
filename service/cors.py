"""Cross-origin requests: the pages of some origins may call the service, those of others not.

The Fetch standard's CORS protocol, for an exact list of origins. No credentials are allowed, since
there are no cookies: a page sends its key in a header.
"""

from collections.abc import Collection
from functools import partial
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request

__all__ = ["check_origin", "register", "shared"]

_REQUEST_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, X-API-Key, X-Request-ID, traceparent"
)
_ANSWER_HEADERS = (
    "Retry-After, WWW-Authenticate, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
    "X-Request-ID"
)
_MAX_AGE_SECONDS = "600"


def check_origin(origin: str) -> str:
    """The origin, if a browser could send it as such. Raises ValueError."""
    parts = urlsplit(origin)
    written = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not parts.hostname or written.lower() != origin:
        raise ValueError(
            f"{origin!r} is no origin: write scheme, host and port alone, in lower case, "
            "such as https://cms.example"
        )
    return origin


def register(app: Flask, origins: tuple[str, ...]) -> None:
    """Let pages of `origins` call `app`; with no origins, change nothing."""
    if origins:
        app.before_request(partial(_preflight, frozenset(origins)))
        app.after_request(partial(_share, frozenset(origins)))


def shared(origin: str | None, origins: Collection[str]) -> dict[str, str]:
    """The headers by which pages of `origin` may read an answer, if it is one of `origins`."""
    if origin is None or origin not in origins:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": _ANSWER_HEADERS,
    }


def _preflight(origins: frozenset[str]) -> Response | None:
    wanted = request.headers.get("Access-Control-Request-Method")
    if request.method != "OPTIONS" or wanted is None or request.url_rule is None:
        return None
    if request.headers.get("Origin") not in origins:
        return None
    response: Response = current_app.make_default_options_response()
    response.status_code = 204
    response.headers["Access-Control-Allow-Methods"] = response.headers["Allow"]
    response.headers["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
    response.headers["Access-Control-Max-Age"] = _MAX_AGE_SECONDS
    return response


def _share(origins: frozenset[str], response: Response) -> Response:
    response.vary.add("Origin")
    response.headers.update(shared(request.headers.get("Origin"), origins))
    return response
