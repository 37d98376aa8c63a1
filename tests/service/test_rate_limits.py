"""How many requests a client may make."""

import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError

from service import Settings, create_app
from service.keys import add_key
from tagger import Tagger

LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def client(tagger: Tagger, keys: Path | None = None) -> FlaskClient:
    # A window that no test outlasts.
    return create_app(Settings(rate_limit="3/day", keys=keys), tagger).test_client()


def test_headers_count_down(tagger: Tagger) -> None:
    labels = client(tagger)
    for left in (2, 1, 0):
        response = labels.get("/v1/labels")
        assert response.status_code == 200
        limit, remaining, reset = (int(response.headers[name]) for name in LIMITS)
        assert (limit, remaining) == (3, left)
        assert 0 < reset - time.time() <= 86_401
        assert "Retry-After" not in response.headers


def test_one_too_many(tagger: Tagger) -> None:
    limited = client(tagger)
    for _ in range(3):
        limited.post("/v1/tag", json={})  # an error counts too
    response = limited.post("/v1/tag", json={"text": ""})
    assert (response.status_code, response.mimetype) == (429, "application/problem+json")
    problem: Any = response.json
    assert problem["status"] == 429
    assert "Retry-After" in problem["detail"]
    assert response.headers["X-RateLimit-Remaining"] == "0"
    reset = int(response.headers["X-RateLimit-Reset"])
    assert abs(time.time() + int(response.headers["Retry-After"]) - reset) < 60


def test_what_is_exempt(tagger: Tagger) -> None:
    limited = client(tagger)
    for _ in range(10):
        for path in ("/health/live", "/health/ready", "/nothing"):
            response = limited.get(path)
            assert response.status_code != 429
            assert not set(LIMITS) & set(response.headers.keys())
        assert limited.options("/v1/labels").status_code == 200
    assert limited.get("/v1/labels").headers["X-RateLimit-Remaining"] == "2"


def test_each_key_has_its_own(tagger: Tagger, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    cms, desk = (add_key(keys, name, ["tag"]) for name in ("cms", "desk"))
    limited = client(tagger, keys)

    def left(secret: str, address: str) -> str:
        response = limited.get(
            "/v1/labels", headers={"X-API-Key": secret}, environ_base={"REMOTE_ADDR": address}
        )
        return response.headers["X-RateLimit-Remaining"]

    assert [left(cms, "192.0.2.1"), left(cms, "192.0.2.2")] == ["2", "1"]
    assert left(desk, "192.0.2.1") == "2"
    refused = limited.get("/v1/labels", headers={"X-API-Key": "wrong"})
    assert refused.status_code == 401
    assert not set(LIMITS) & set(refused.headers.keys())


def test_each_address_has_its_own_where_no_key_is_sent(tagger: Tagger) -> None:
    limited = client(tagger)

    def left(address: str) -> str:
        response = limited.get("/docs", environ_base={"REMOTE_ADDR": address}, buffered=True)
        return response.headers["X-RateLimit-Remaining"]

    assert [left("127.0.0.1"), left("127.0.0.2"), left("127.0.0.1")] == ["2", "2", "1"]


def test_waiting_for_the_model_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.engine.Engine.load", lambda *_: None)
    limited = create_app(Settings(rate_limit="3/day")).test_client()
    response = limited.get("/v1/labels")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert response.headers["X-RateLimit-Remaining"] == "2"


def test_off_unless_asked_for(tagger: Tagger) -> None:
    unlimited = create_app(Settings(), tagger).test_client()
    for _ in range(20):
        response = unlimited.get("/v1/labels")
        assert response.status_code == 200
        assert not set(LIMITS) & set(response.headers.keys())


def test_two_apps_count_apart(tagger: Tagger) -> None:
    first, second = client(tagger), client(tagger)
    assert first.get("/v1/labels").headers["X-RateLimit-Remaining"] == "2"
    assert second.get("/v1/labels").headers["X-RateLimit-Remaining"] == "2"


def test_the_document_describes_it(tagger: Tagger) -> None:
    document: Any = client(tagger).get("/openapi.json").json
    answers = document["paths"]["/v1/tag"]["post"]["responses"]
    assert "Retry-After" in answers["429"]["headers"]
    for status in ("200", "422", "429"):
        assert set(LIMITS) <= set(answers[status]["headers"])
    assert "429" not in document["paths"]["/health/live"]["get"]["responses"]


@pytest.mark.parametrize("limit", ["600/minute", "10 per second; 5000 per day"])
def test_setting(limit: str) -> None:
    assert Settings(rate_limit=limit).rate_limit == limit


@pytest.mark.parametrize("limit", ["", "many", "600", "600/fortnight", "0/minute", "-1/minute"])
def test_what_is_no_limit(limit: str) -> None:
    with pytest.raises(ValidationError):
        Settings(rate_limit=limit)
