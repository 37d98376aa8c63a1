"""Who may call what: every route names the scopes that open it, and is closed if it names none."""

from collections.abc import Callable
from enum import Enum
from functools import lru_cache, partial
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from apiflask import APIFlask
from flask import current_app, g, request

from service.keys import Key, Keys, Scope
from service.problems import Fault, Problem

__all__ = ["Keyless", "declared", "key_name", "needs", "register"]

View = TypeVar("View", bound=Callable[..., Any])

_HTTP_KEYS = "Authorization: Bearer KEY, or X-API-Key: KEY"
_FORWARDED = ("Forwarded", "X-Forwarded-For")


class Keyless(Enum):
    """What a route that needs no key says in place of a scope."""

    ANYONE = "served to every peer, even where no keys are configured"
    PAGE = "a page or document for browsers, which send no keys; it holds no data"


def needs(*scopes: Scope | Keyless) -> Callable[[View], View]:
    """Declare, right under a view's route, which scopes open it; any one of them does."""

    def declare(view: View) -> View:
        view.scopes = frozenset(scopes)  # type: ignore[attr-defined]
        return view

    return declare


def declared(view: Callable[..., Any]) -> frozenset[Scope | Keyless]:
    """The scopes that open a view."""
    scopes: frozenset[Scope | Keyless] = getattr(view, "scopes", frozenset())
    return scopes


def register(app: APIFlask, keys: Keys | None) -> None:
    """Let nobody past but those whom a view's scopes let; without keys, this machine alone."""
    app.before_request(partial(_check, keys))


def key_name() -> str | None:
    """The name of the key that the request under way came with, if it is a known one."""
    name: str | None = g.get("key_name")
    return name


def _check(keys: Keys | None) -> None:
    rule = request.url_rule
    if rule is None or (
        request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False)
    ):
        return  # no view will run: the answer is an error, or Flask's list of methods
    scopes = declared(current_app.view_functions[rule.endpoint])
    if Keyless.ANYONE in scopes:
        return
    if keys is None:
        _check_local()
    key = _key(keys) if keys is not None else None
    if not scopes:
        raise _refusal(403, "closed", "this route names no scope, so it is closed")
    if keys is not None and Keyless.PAGE not in scopes:
        _check_scopes(key, scopes)


def _key(keys: Keys) -> Key | None:
    sent = _sent()
    key = keys.find(sent) if sent else None
    if key is not None:
        g.key_name = key.name
    return key


def _check_scopes(key: Key | None, scopes: frozenset[Scope | Keyless]) -> None:
    """RFC 6750, section 3, says what stands in WWW-Authenticate."""
    challenge = 'Bearer realm="tagger"'
    if key is None:
        if not _sent():
            raise _refusal(401, "no_key", f"send a key: {_HTTP_KEYS}", challenge)
        challenge += ', error="invalid_token"'
        raise _refusal(401, "unknown_key", "the key sent is not known here", challenge)
    if not key.scopes & scopes:
        wanted = sorted(scope.value for scope in scopes if isinstance(scope, Scope))
        challenge += f', error="insufficient_scope", scope="{" ".join(wanted)}"'
        detail = f"the key sent has not the scope {' or '.join(wanted)}"
        raise _refusal(403, "scope", detail, challenge)


def _sent() -> str:
    kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return bearer.strip() if kind.lower() == "bearer" else request.headers.get("X-API-Key", "")


def _check_local() -> None:
    """Without keys the peer's address is all there is to go by, and it can deceive.

    Behind a proxy on this machine everyone comes from loopback, and a page of any site can reach
    it by a name that resolves to 127.0.0.1 (DNS rebinding). So what says that it was forwarded, or
    asks for a host by another name, is refused. None of these headers ever lets anyone in.
    """
    forwarded = any(name in request.headers for name in _FORWARDED)
    host = request.headers.get("Host", "localhost")
    if forwarded or not _is_loopback(request.remote_addr or "") or not _is_local_name(host):
        detail = "no keys are configured, so only this machine is served, as localhost"
        raise _refusal(403, "not_local", detail)


@lru_cache(64)
def _is_local_name(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


@lru_cache(64)
def _is_loopback(address: str) -> bool:
    try:
        peer = ip_address(address)
    except ValueError:
        return False
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped:  # an IPv4 peer of a listener on ::
        return peer.ipv4_mapped.is_loopback
    return peer.is_loopback


def _refusal(status: int, code: str, detail: str, challenge: str = "") -> Problem:
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return Problem(status, detail, [Fault("", code, detail)], headers)
