"""Which routes a key opens, and who is served where there are none."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from service import Settings, create_app
from service.access import Keyless, declared
from service.keys import Scope, add_key
from tagger import Tagger


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def app_with(file: Path, tagger: Tagger) -> APIFlask:
    return create_app(Settings(keys=file), tagger)


def test_every_route_names_its_scopes(app: APIFlask) -> None:
    closed = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if not declared(app.view_functions[rule.endpoint])
    ]
    assert closed == []
    open_to_all = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if Keyless.ANYONE in declared(app.view_functions[rule.endpoint])
    }
    assert open_to_all == {"/health/live", "/health/ready"}


@pytest.mark.parametrize("with_keys", [True, False])
def test_a_route_that_names_none_is_closed(tagger: Tagger, file: Path, with_keys: bool) -> None:
    secret = add_key(file, "all", list(Scope))
    app = create_app(Settings(keys=file if with_keys else None), tagger)
    app.add_url_rule("/forgotten", view_func=lambda: "xyzzy")
    response = app.test_client().get("/forgotten", headers={"X-API-Key": secret})
    assert response.status_code == 403
    assert "xyzzy" not in response.text


SENT: list[tuple[str, Callable[[str], dict[str, str]], int, str, str]] = [
    ("tag", lambda key: {"Authorization": f"Bearer {key}"}, 200, "", ""),
    ("tag", lambda key: {"Authorization": f"bearer  {key}"}, 200, "", ""),
    ("tag", lambda key: {"X-API-Key": key}, 200, "", ""),
    ("tag,admin", lambda key: {"X-API-Key": key}, 200, "", ""),
    ("tag", lambda key: {"Authorization": "Basic eHl6enk=", "X-API-Key": key}, 200, "", ""),
    ("tag", lambda key: {}, 401, "no_key", ""),
    ("tag", lambda key: {"Authorization": "Bearer"}, 401, "no_key", ""),
    ("tag", lambda key: {"Authorization": f"Basic {key}"}, 401, "no_key", ""),
    ("tag", lambda key: {"X-API-Key": ""}, 401, "no_key", ""),
    ("tag", lambda key: {"X-API-Key": key[:-1]}, 401, "unknown_key", "invalid_token"),
    ("tag", lambda key: {"X-API-Key": key + "x"}, 401, "unknown_key", "invalid_token"),
    ("tag", lambda key: {"X-API-Key": f"{key},{key}"}, 401, "unknown_key", "invalid_token"),
    ("tag", lambda key: {"X-API-Key": "é💩"}, 401, "unknown_key", "invalid_token"),
    ("tag", lambda key: {"X-API-Key": sha256(key.encode()).hexdigest()}, 401, "unknown_key",
     "invalid_token"),
    ("tag", lambda key: {"Authorization": "Bearer x", "X-API-Key": key}, 401, "unknown_key",
     "invalid_token"),
    ("feedback", lambda key: {"X-API-Key": key}, 403, "scope", "insufficient_scope"),
    ("admin", lambda key: {"X-API-Key": key}, 403, "scope", "insufficient_scope"),
]  # fmt: skip


@pytest.mark.parametrize(("scopes", "headers", "status", "code", "challenge"), SENT)
def test_what_a_key_opens(
    file: Path,
    tagger: Tagger,
    scopes: str,
    headers: Callable[[str], dict[str, str]],
    status: int,
    code: str,
    challenge: str,
) -> None:
    secret = add_key(file, "cms", scopes.split(","))
    add_key(file, "other", ["feedback"])
    client = app_with(file, tagger).test_client()
    response = client.post("/v1/tag", json={"text": ""}, headers=headers(secret))
    assert response.status_code == status
    assert secret not in response.text
    if status != 200:
        answer: Any = response.json
        assert [error["code"] for error in answer["errors"]] == [code]
        told = response.headers["WWW-Authenticate"]
        assert told.startswith('Bearer realm="tagger"')
        assert ("error=" in told) == bool(challenge)
        assert challenge in told
        assert ('scope="tag"' in told) == (status == 403)


@pytest.mark.parametrize(
    ("path", "scope"), [("/v1/labels", "tag"), ("/v1/labels", "feedback"), ("/metrics", "admin")]
)
def test_scopes_of_routes(file: Path, tagger: Tagger, path: str, scope: str) -> None:
    secret = add_key(file, "cms", [scope])
    client = app_with(file, tagger).test_client()
    assert client.get(path, headers={"X-API-Key": secret}).status_code == 200
    assert client.get(path).status_code == 401
    assert client.options(path).status_code == 200
    assert client.delete(path).status_code == 405


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/docs", "/openapi.json"])
def test_what_needs_no_key(file: Path, tagger: Tagger, path: str) -> None:
    add_key(file, "cms", ["tag"])
    client = app_with(file, tagger).test_client()
    assert client.get(path, buffered=True).status_code == 200
    wrong = client.get(path, headers={"X-API-Key": "wrong"}, buffered=True)
    assert wrong.status_code == 200


PEERS: list[tuple[str, dict[str, str], int]] = [
    ("127.0.0.1", {}, 200),
    ("127.9.9.9", {}, 200),
    ("::1", {"Host": "[::1]:8000"}, 200),
    ("::ffff:127.0.0.1", {"Host": "127.0.0.1:8000"}, 200),
    ("127.0.0.1", {"Host": "LOCALHOST"}, 200),
    ("192.0.2.1", {}, 403),
    ("10.0.0.1", {}, 403),
    ("::ffff:192.0.2.1", {}, 403),
    ("fe80::1%eth0", {}, 403),
    ("", {}, 403),
    # From afar, saying it is not.
    ("192.0.2.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
    ("192.0.2.1", {"Forwarded": "for=127.0.0.1"}, 403),
    # Through a proxy on this machine, or a page of another site whose name resolves to it.
    ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, 403),
    ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
    ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, 403),
    ("127.0.0.1", {"Host": "evil.example"}, 403),
    ("127.0.0.1", {"Host": "localhost.evil.example:8000"}, 403),
    ("127.0.0.1", {"Host": "192.0.2.1"}, 403),
    ("127.0.0.1", {"Host": "[::1"}, 403),
]


@pytest.mark.parametrize(("peer", "headers", "status"), PEERS)
def test_without_keys_this_machine_is_served(
    client: FlaskClient, peer: str, headers: dict[str, str], status: int
) -> None:
    environment = {"REMOTE_ADDR": peer}
    for path in ("/v1/labels", "/metrics", "/docs", "/openapi.json"):
        response = client.get(path, headers=headers, environ_base=environment, buffered=True)
        assert response.status_code == status, response.text
    for path in ("/health/live", "/health/ready"):
        assert client.get(path, headers=headers, environ_base=environment).status_code == 200


def test_with_keys_every_peer_with_one_is_served(file: Path, tagger: Tagger) -> None:
    secret = add_key(file, "cms", ["tag"])
    client = app_with(file, tagger).test_client()
    peer = {"REMOTE_ADDR": "192.0.2.1"}
    headers = {"Host": "tagger.example", "X-Forwarded-For": "198.51.100.7"}
    answer = client.get("/v1/labels", headers=headers | {"X-API-Key": secret}, environ_base=peer)
    assert answer.status_code == 200
    assert client.get("/v1/labels", headers=headers, environ_base=peer).status_code == 401
    page = client.get("/docs", headers=headers, environ_base=peer, buffered=True)
    assert page.status_code == 200


def test_openapi_document_tells_which_keys_open_what(file: Path, tagger: Tagger) -> None:
    add_key(file, "cms", ["tag"])
    document: Any = app_with(file, tagger).test_client().get("/openapi.json").json
    schemes = document["components"]["securitySchemes"]
    assert schemes["bearer"] == {"type": "http", "scheme": "bearer"}
    assert schemes["api_key"] == {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    paths = document["paths"]
    assert paths["/v1/tag"]["post"]["security"] == [{"bearer": ["tag"]}, {"api_key": ["tag"]}]
    assert {"401", "403", "408"} <= set(paths["/v1/tag"]["post"]["responses"])
    assert "security" not in paths["/health/live"]["get"]
    assert not {"401", "403"} & set(paths["/health/live"]["get"]["responses"])
