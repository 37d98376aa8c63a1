"""What keys, rate limits and slow clients add to every operation of the OpenAPI document."""

from collections.abc import Callable
from typing import Any

from apiflask import APIFlask

from service.access import Keyless, declared
from service.keys import Scope
from service.openapi import problem_responses
from service.rate_limits import LIMIT_HEADERS
from service.settings import Settings

__all__ = ["guards"]

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_STRING = {"schema": {"type": "string"}}
_INTEGER = {"schema": {"type": "integer", "minimum": 0}}


def guards(app: APIFlask, settings: Settings) -> Callable[[Any], Any]:
    """The step that describes, for each operation, what `app` does before its view runs."""

    def complete(document: Any) -> Any:
        scopes = {
            view._spec.get("operation_id"): declared(view)
            for view in app.view_functions.values()
            if hasattr(view, "_spec")
        }
        for path in document["paths"].values():
            for operation in path.values():
                _guard(operation, scopes[operation["operationId"]], settings)
        if settings.keys is not None:
            document["components"]["securitySchemes"] = _SCHEMES
        return document

    return complete


def _guard(operation: Any, scopes: frozenset[Scope | Keyless], settings: Settings) -> None:
    answers = operation["responses"]

    def add(status: int, headers: dict[str, Any] | None = None) -> None:
        response = answers.setdefault(str(status), problem_responses(status)[status])
        response.setdefault("headers", {}).update(headers or {})

    wanted = sorted(scope.value for scope in scopes if isinstance(scope, Scope))
    if Keyless.ANYONE not in scopes:
        add(403)
    if wanted and settings.keys is not None:
        add(401, {"WWW-Authenticate": _STRING})
        operation["security"] = [
            {scheme: [scope]} for scheme in _SCHEMES for scope in wanted
        ]  # the names of roles, which OpenAPI 3.1 allows where a scheme is not OAuth's
    if "requestBody" in operation:
        add(408)
    if settings.rate_limit is not None and Keyless.ANYONE not in scopes:
        add(429)
        limits = {
            name: {**_INTEGER, "description": description}
            for name, description in LIMIT_HEADERS.items()
        }
        for status, response in answers.items():
            if status not in ("401", "403"):
                response.setdefault("headers", {}).update(limits)
    if "429" in answers:
        add(429, {"Retry-After": _INTEGER})
