"""How many requests a client may make: by key, or by address where there is no key."""

import math
import time

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter

from service.access import Keyless, declared, key_name

__all__ = ["LIMIT_HEADERS", "register"]

LIMIT_HEADERS = {
    "X-RateLimit-Limit": "requests in a window",
    "X-RateLimit-Remaining": "requests left in this window",
    "X-RateLimit-Reset": "when this window ends, in seconds since 1970",
}


def register(app: Flask, limit: str | None) -> None:
    """Hold each client of `app` to `limit`, such as "600/minute"; None: to no limit.

    Counts stay in this process. Register it after keys have been looked at.
    """
    if limit is None:
        return
    limiter = Limiter(
        _client,
        app=app,
        application_limits=[limit],
        strategy="fixed-window",
        storage_uri="memory://",
    )
    limiter.request_filter(_is_exempt)

    # Not the limiter's own headers: they put Retry-After on every answer, and change that of
    # others, such as of a model that is still loading.
    def tell(response: Response) -> Response:
        current = limiter.current_limit
        if current is not None:
            values = (current.limit.amount, current.remaining, current.reset_at)
            for name, value in zip(LIMIT_HEADERS, values, strict=True):
                response.headers[name] = str(value)
            if current.breached:
                seconds = math.ceil(current.reset_at - time.time())
                response.headers["Retry-After"] = str(max(1, seconds))
        return response

    app.after_request(tell)


def _client() -> str:
    name = key_name()
    return f"key {name}" if name else f"address {request.remote_addr}"


def _is_exempt() -> bool:
    rule = request.url_rule
    if rule is None or request.method == "OPTIONS":
        return True
    return Keyless.ANYONE in declared(current_app.view_functions[rule.endpoint])
