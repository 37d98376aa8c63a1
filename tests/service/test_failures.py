"""Answers when the service itself is at fault, request ids, and the OpenAPI document."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

import service.app
from service import create_app
from tagger import InputError, ModelError, Tagger

MEMBERS = ["type", "title", "status", "detail", "errors"]


class Broken:
    """A tagger whose work fails."""

    labels = ()

    def __init__(self, error: Exception) -> None:
        self.error = error

    def plan_document(self, paragraphs: list[str]) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (InputError("a plain reason"), 422, "a plain reason"),
        (ModelError("model/x is damaged"), 503, "the model can't be used"),
        (RuntimeError("xyzzy marker"), 500, "the service failed: its log has the request id"),
        (MemoryError(), 500, "the service failed"),
    ],
)
def test_errors_of_the_tagger(
    error: Exception, status: int, detail: str, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    client = create_app(tagger=Broken(error)).test_client()  # type: ignore[arg-type]
    response = client.post(
        "/v1/tag", json={"text": "xyzzy marker"}, headers={"X-Request-ID": "req-1"}
    )
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    problem: Any = response.json
    assert list(problem) == MEMBERS
    assert problem["status"] == status
    assert detail in problem["detail"]
    assert "model/x" not in response.text
    *errors, line = logged()
    assert "xyzzy" not in response.text + str(logged())
    assert {line["request_id"] for line in logged()} == {"req-1"}
    assert line["status"] == status
    events = [error["event"] for error in errors]
    if status == 503:
        assert events == ["model/x is damaged"]
    elif status == 500:  # what failed, and where, without what was said of it
        assert events[0].startswith(f"unexpected {type(error).__name__}\n")
        assert "plan_document" in events[0]
    else:
        assert events == []


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("/v1/tag", b"{", 400),
        ("/nothing", b"{}", 404),
        ("/v1/labels", b"{}", 405),
        ("/v1/tag", b"x" * 100_001, 413),
        ("/v1/tag", b"{}", 422),
    ],
)
def test_every_error_has_one_shape(
    client: FlaskClient, path: str, data: bytes, status: int
) -> None:
    response = client.post(path, data=data, content_type="application/json")
    problem: Any = response.json
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert list(problem) == MEMBERS
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert problem["title"]
    assert problem["detail"]
    for error in problem["errors"]:
        assert list(error) == ["pointer", "code", "detail"]


def test_answers_while_the_model_loads(monkeypatch: pytest.MonkeyPatch, tagger: Tagger) -> None:
    loaded = threading.Event()

    def load(settings: Any) -> Tagger:
        loaded.wait(10)
        return tagger

    monkeypatch.setattr(service.app, "_load", load)
    app = create_app()
    client = app.test_client()
    assert client.get("/health/live").status_code == 200
    for path in ("/health/ready", "/v1/labels", "/openapi.json"):
        response = client.get(path)
        assert (response.status_code, response.mimetype) == (503, "application/problem+json")
        assert response.headers["Retry-After"] == "1"
    assert client.post("/v1/tag", json={"text": ""}).status_code == 503
    loaded.set()
    app.extensions["engine"].loading.result(10)
    for path in ("/health/ready", "/v1/labels", "/openapi.json"):
        assert client.get(path).status_code == 200
    assert client.post("/v1/tag", json={"text": ""}).status_code == 200


def test_a_model_that_can_not_be_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def load(settings: Any) -> Tagger:
        raise ModelError("models/x/encoder.onnx is damaged")

    monkeypatch.setattr(service.app, "_load", load)
    app = create_app()
    with pytest.raises(ModelError):
        app.extensions["engine"].loading.result(10)
    assert "models/x/encoder.onnx is damaged" in caplog.text
    client = app.test_client()
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503
    assert client.post("/v1/tag", json={"text": ""}).status_code == 503


@pytest.mark.parametrize("sent", ["a", "0af7651916cd43dd-8448_eb.211c", "x" * 128])
def test_a_sane_request_id_is_kept(
    client: FlaskClient, logged: Callable[[], list[dict[str, Any]]], sent: str
) -> None:
    response = client.get("/health/live", headers={"X-Request-ID": sent})
    assert response.headers["X-Request-ID"] == sent
    assert [line["request_id"] for line in logged()] == [sent]


@pytest.mark.parametrize("sent", [None, "", "a b", "é", "x" * 129, 'a"b', "<b>"])
def test_any_other_request_id_is_replaced(client: FlaskClient, sent: str | None) -> None:
    headers = {} if sent is None else {"X-Request-ID": sent}
    first = client.get("/nothing", headers=headers).headers["X-Request-ID"]
    second = client.get("/nothing", headers=headers).headers["X-Request-ID"]
    assert sent != first != second
    assert first.isalnum()


def test_openapi_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)
    routes = {(path, method) for path, item in document["paths"].items() for method in item}
    assert routes == {
        ("/v1/tag", "post"),
        ("/v1/classify", "post"),
        ("/v1/labels", "get"),
        ("/v1/moderate", "post"),
        ("/v1/policies", "get"),
        ("/v1/model", "get"),
        ("/v1/feedback", "post"),
        ("/v1/feedback", "get"),
        ("/health/live", "get"),
        ("/health/ready", "get"),
        ("/metrics", "get"),
    }
    for path in ("/v1/tag", "/v1/classify"):
        assert document["paths"][path]["post"]["requestBody"]["required"]
