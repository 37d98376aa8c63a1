"""Which pages may call the service, and what they may read."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError

from service import Settings, create_app
from service.keys import add_key
from tagger import Tagger

OURS = "https://cms.example"
OTHER = "http://localhost:5173"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.fixture
def client(tagger: Tagger, tmp_path: Path) -> FlaskClient:
    """Of a service with keys, which a preflight request does not bear."""
    add_key(tmp_path / "keys", "cms", ["tag"])
    settings = Settings(cors_origins=(OURS, OTHER), keys=tmp_path / "keys")
    return create_app(settings, tagger).test_client()


def shared(headers: object) -> dict[str, str]:
    return {k: v for k, v in dict(headers).items() if k.startswith("Access-Control")}  # type: ignore[call-overload]


@pytest.mark.parametrize("origin", [OURS, OTHER])
def test_a_preflight_is_answered_without_a_key(client: FlaskClient, origin: str) -> None:
    response = client.options("/v1/tag", headers=PREFLIGHT | {"Origin": origin})
    assert (response.status_code, response.data) == (204, b"")
    answer = response.headers
    assert answer["Access-Control-Allow-Origin"] == origin
    assert "Origin" in answer["Vary"]
    assert {m.strip() for m in answer["Access-Control-Allow-Methods"].split(",")} == {
        "OPTIONS",
        "POST",
    }
    allowed = {h.strip().lower() for h in answer["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "x-api-key", "content-type", "x-request-id", "idempotency-key"} < (
        allowed
    )
    assert int(answer["Access-Control-Max-Age"]) > 0
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize(("method", "status"), [("get", 401), ("delete", 405)])
def test_answers_can_be_read_errors_included(client: FlaskClient, method: str, status: int) -> None:
    response = client.open("/v1/labels", method=method, headers={"Origin": OURS})
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == OURS
    exposed = {h.strip() for h in response.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"X-Request-ID", "X-RateLimit-Remaining", "Retry-After"} < exposed
    assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://cms.example.evil.example",
        "http://cms.example",
        "https://cms.example:8443",
        "https://CMS.example",
        "https://cms.example/",
        "null",
        "*",
        "",
        None,
    ],
)
@pytest.mark.parametrize("method", ["options", "get"])
def test_others_get_no_leave(client: FlaskClient, origin: str | None, method: str) -> None:
    headers = PREFLIGHT | ({} if origin is None else {"Origin": origin})
    response = client.open("/v1/labels", method=method, headers=headers)
    assert shared(response.headers) == {}
    assert "Origin" in response.headers["Vary"]  # else a cache might give them another's answer


def test_off_unless_asked_for(tagger: Tagger) -> None:
    client = create_app(Settings(), tagger).test_client()
    for method in ("options", "get"):
        response = client.open("/v1/labels", method=method, headers=PREFLIGHT | {"Origin": OURS})
        assert shared(response.headers) == {}
        assert "Vary" not in response.headers


def test_a_preflight_to_nowhere_is_a_404(client: FlaskClient) -> None:
    response = client.options("/nothing", headers=PREFLIGHT | {"Origin": OURS})
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        (OURS, (OURS,)),
        (f"{OURS}, {OTHER}", (OURS, OTHER)),
        ("http://[::1]:8080", ("http://[::1]:8080",)),
    ],
)
def test_setting(value: str, origins: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGGER_CORS_ORIGINS", value)
    assert Settings().cors_origins == origins
    assert Settings(cors_origins=value).cors_origins == origins  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    ["*", "null", "cms.example", "https://cms.example/", "https://CMS.example", "ftp://a.example",
     "https://a.example,", "https://*.example.org/x", "https://", "https://[::1"],
)  # fmt: skip
def test_what_is_no_origin(value: str) -> None:
    with pytest.raises(ValidationError):
        Settings(cors_origins=value)  # type: ignore[arg-type]
