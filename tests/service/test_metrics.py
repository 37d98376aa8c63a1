"""What Prometheus reads."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from service import create_app
from tagger import Tagger

HEATED = "Who would trust such a disgraceful, corrupt liar?"


def samples(client: FlaskClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Values by name and labels."""
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def requests(client: FlaskClient, **labels: str) -> float:
    wanted = {f"http_{name}": value for name, value in labels.items()}.items()
    return sum(
        value
        for (name, found), value in samples(client).items()
        if name == "http_server_request_duration_seconds_count" and wanted <= set(found)
    )


@pytest.fixture
def client(tagger: Tagger) -> FlaskClient:
    return create_app(tagger=tagger).test_client()


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("POST", "/v1/tag", ("POST", "/v1/tag", "422")),
        ("HEAD", "/v1/labels", ("HEAD", "/v1/labels", "200")),
        ("GET", "/docs/docs.js", ("GET", "/docs/<name>", "200")),
        ("GET", "/xyzzy/1", ("GET", "", "404")),
        ("XYZZY", "/v1/tag", ("_OTHER", "", "405")),
    ],
)
def test_requests(
    client: FlaskClient, method: str, path: str, labels: tuple[str, str, str]
) -> None:
    names = ("request_method", "route", "response_status_code")
    wanted = dict(zip(names, labels, strict=True))
    assert requests(client, **wanted) == 0
    for _ in range(3):
        client.open(path, method=method, json={}, buffered=True)
    assert requests(client, **wanted) == 3
    assert "xyzzy" not in client.get("/metrics").text.lower()


def test_paths_that_lead_nowhere_make_one_series(client: FlaskClient) -> None:
    before = len(samples(client))
    client.get("/nothing")
    one = len(samples(client)) - before
    for number in range(20):
        client.get(f"/nothing/{number}")
        client.open("/nothing", method=f"X{number}")
    assert 0 < len(samples(client)) - before < 3 * one


def test_spans(client: FlaskClient, tagger: Tagger) -> None:
    answer: Any = client.post("/v1/tag", json={"text": HEATED, "thresholds": {"default": 0}}).json
    spans = answer["results"][0]["spans"]
    assert spans
    for label in tagger.labels:
        count = sum(span["label"] == label for span in spans)
        name = ("tagger_spans_total", frozenset({("label", label)}))
        assert samples(client).get(name, 0) == count


def test_the_queue(client: FlaskClient, tagger: Tagger) -> None:
    texts = ["They lied. " * 40, "!?" * 96]
    windows = [len(tagger.plan_document([text])) for text in texts]
    for text in texts:
        client.post("/v1/tag", json={"text": text})
    client.post("/v1/classify", json={"text": "They lied.", "fragments": [{"start": 0, "end": 4}]})
    deadline = time.monotonic() + 60
    none = frozenset[tuple[str, str]]()
    ran = "tagger_inference_duration_seconds_count", none
    while samples(client)[ran] < sum(windows) + 1:  # it is told after the answer
        assert time.monotonic() < deadline
    found = samples(client)
    assert found[ran] == sum(windows) + 1
    assert found["tagger_inference_duration_seconds_sum", none] > 0
    assert found["tagger_batch_windows_count", none] == 3
    assert found["tagger_batch_windows_sum", none] == sum(windows) + 1
    assert found["tagger_queue_duration_seconds_count", none] == 3
    assert found["tagger_queue_size", none] == 0


def test_the_queue_while_it_works(gated: Any) -> None:
    def size() -> str:
        page = gated.service.ask("/metrics")[2].decode()
        [line] = [line for line in page.splitlines() if line.startswith("tagger_queue_size ")]
        return str(line.split()[1])

    with ThreadPoolExecutor(1) as elsewhere:
        first = elsewhere.submit(gated.service.ask, "/v1/tag", {"text": "They lied."})
        gated.wait()
        assert size() == "1.0"
        gated.open()
        assert first.result(120)[0] == 200
    assert size() == "0.0"


def test_model(client: FlaskClient, tagger: Tagger) -> None:
    manifest = tagger.manifest
    labels = {(name, getattr(manifest, name)) for name in ("name", "version", "sha256")}
    found = {key: value for key, value in samples(client).items() if key[0] == "tagger_model_info"}
    assert found == {("tagger_model_info", frozenset(labels)): 1}


def test_no_model_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.engine.Engine.load", lambda *_: None)
    client = create_app().test_client()
    assert "tagger_model_info" not in {name for name, _ in samples(client)}


@pytest.mark.parametrize(
    "name",
    [
        "tagger_queue_duration_seconds_count",
        "tagger_inference_duration_seconds_count",
        "tagger_batch_windows_count",
        "tagger_queue_size",
        "process_resident_memory_bytes",
    ],
)
def test_declared(client: FlaskClient, name: str) -> None:
    assert (name, frozenset[tuple[str, str]]()) in samples(client)


def test_two_apps_count_apart(client: FlaskClient, tagger: Tagger) -> None:
    other = create_app(tagger=tagger).test_client()
    other.get("/health/live")
    assert requests(other, route="/health/live") == 1
    assert requests(client, route="/health/live") == 0


def test_the_document_describes_it(app: APIFlask, document: dict[str, Any]) -> None:
    answer = document["paths"]["/metrics"]["get"]["responses"]["200"]
    assert list(answer["content"]) == ["text/plain"]
