"""Refusals from the worker's loop: of what, and that they are like the application's own."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any

import pytest

from service import Settings, create_app
from service.metrics import Metrics
from service.queue import QueueFull
from service.worker.plain import plain_request
from service.worker.shedding import Refusals
from tagger import Tagger

WAIT = 120
BODY = b'{"text": "xyzzy"}'
OURS = "https://cms.example"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def post(*headers: str, top: str = "POST /v1/tag HTTP/1.1", body: bytes = BODY) -> bytes:
    """A request; without headers, one of the right length."""
    lines = [top, "Host: localhost", *(headers or (f"Content-Length: {len(BODY)}",)), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


LENGTH = f"Content-Length: {len(BODY)}"


@pytest.mark.parametrize(
    ("request_", "borne"),
    [
        (post(), ("/v1/tag", 17, "", "", "")),
        (post("Content-Type: application/json", LENGTH, "Accept: */*", "X-Empty:"),
         ("/v1/tag", 17, "", "", "")),
        (post("content-length:17", "x-request-id:   req-1  "), ("/v1/tag", 17, "req-1", "", "")),
        (post("Content-Length: 0", body=b""), ("/v1/tag", 0, "", "", "")),
        (post(LENGTH, f"Origin: {OURS}", f"traceparent: {PARENT}"),
         ("/v1/tag", 17, "", OURS, PARENT)),
        (post(top="POST /v1/moderate HTTP/1.1"), ("/v1/moderate", 17, "", "", "")),
        (post(LENGTH, "Connection: Keep-Alive"), ("/v1/tag", 17, "", "", "")),
    ],
)  # fmt: skip
def test_plain(request_: bytes, borne: tuple[Any, ...]) -> None:
    found = plain_request(request_)
    assert found is not None
    headers = (found.header(name) for name in ("X-Request-ID", "Origin", "traceparent"))
    assert (found.path, len(found.body), *headers) == borne
    assert request_.endswith(b"\r\n\r\n" + found.body)


UNUSUAL = {
    "nothing": b"",
    "a part of the head": post()[:30],
    "a part of the body": post()[:-1],
    "more than one request": post() + post(),
    "a blank line before": b"\r\n" + post(),
    "another method": post(top="PUT /v1/tag HTTP/1.1"),
    "another path": post(top="POST /v1/feedback HTTP/1.1"),
    "a longer path": post(top="POST /v1/tags HTTP/1.1"),
    "a query": post(top="POST /v1/tag?a=1 HTTP/1.1"),
    "an old client": post(top="POST /v1/tag HTTP/1.0"),
    "no length": post("Accept: */*"),
    "two lengths": post(LENGTH, LENGTH),
    "two lengths that differ": post("Content-Length: 1", LENGTH),
    "a length with a sign": post("Content-Length: +17"),
    "a length with an underscore": post("Content-Length: 1_7"),
    "a length of very many digits": post(f"Content-Length: {'0' * 5000}17"),
    "a length of other digits": post("Content-Length: \xb2"),
    "a space before the colon": post("Content-Length : 17"),
    "a folded line": post("X-A: b", " c", LENGTH),
    "bare line feeds": post().replace(b"\r\n", b"\n"),
    "a control character": post("X-A: \x00", LENGTH),
    "chunks": post("Transfer-Encoding: chunked", LENGTH),
    "no body before 100": post("Expect: 100-continue", LENGTH),
    "a last request": post("Connection: close", LENGTH),
    "an upgrade": post("Connection: keep-alive, Upgrade", LENGTH),
    "no host": post().replace(b"Host", b"Most"),
    "another protocol": post("Upgrade: h2c", LENGTH),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_all_else_is_left_to_the_application(name: str, sockets: tuple[Any, Any]) -> None:
    service, client = sockets
    client.sendall(UNUSUAL[name])
    assert plain_request(UNUSUAL[name]) is None
    left = Refusals(Metrics()).refuse(service, QueueFull(1))
    assert left == UNUSUAL[name]


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    service, client = socket.socketpair()
    with service, client:
        yield service, client


def read(client: socket.socket) -> tuple[HTTPResponse, Any]:
    response = HTTPResponse(client)
    response.begin()
    return response, json.loads(response.read())


def counted(metrics: Metrics) -> float | None:
    """How many requests to /v1/tag were answered with 429."""
    labels = {
        "http_request_method": "POST",
        "http_route": "/v1/tag",
        "http_response_status_code": "429",
    }
    name = "http_server_request_duration_seconds_count"
    return metrics.registry.get_sample_value(name, labels)


@pytest.mark.parametrize("origin", [OURS, "https://other.example", ""])
@pytest.mark.parametrize("origins", [(), (OURS,)])
def test_a_refusal_is_like_the_applications(
    sockets: tuple[Any, Any],
    client: Any,
    tagger: Tagger,
    logged: Any,
    origins: tuple[str, ...],
    origin: str,
) -> None:
    app = create_app(Settings(cors_origins=origins), tagger)
    metrics = app.extensions["engine"].metrics
    client.application = app

    def check() -> None:
        raise QueueFull(3)

    app.before_request_funcs["tag"] = [check]
    sent = {"X-Request-ID": "req-1", "traceparent": PARENT} | ({"Origin": origin} if origin else {})
    expected = client.post("/v1/tag", data=BODY, headers=sent)
    assert counted(metrics) == 1
    service, peer = sockets
    refusals = Refusals(metrics, origins)
    for count in (2, 3):  # the connection can be used again
        peer.sendall(post(*(f"{name}: {value}" for name, value in sent.items()), LENGTH))
        assert refusals.refuse(service, QueueFull(3)) is None
        response, problem = read(peer)
        assert (response.status, problem) == (429, expected.json)
        assert counted(metrics) == count
        headers = dict(response.headers)
        assert headers.pop("Date").endswith(" GMT")
        assert headers == dict(expected.headers)
        with pytest.raises(BlockingIOError):
            service.recv(1, socket.MSG_DONTWAIT)
    lines = [{**line, "timestamp": "", "duration_ms": 0} for line in logged()]
    assert lines[0].pop("response_bytes") > 0
    assert lines[0] == lines[1] == lines[2]
    assert lines[0]["traceparent"] == PARENT
    assert "xyzzy" not in str(lines)


def test_an_insane_request_id_is_replaced(sockets: tuple[Any, Any]) -> None:
    service, client = sockets
    client.sendall(post('X-Request-ID: a"b', LENGTH))
    assert Refusals(Metrics()).refuse(service, QueueFull(1)) is None
    assert read(client)[0].headers["X-Request-ID"].isalnum()


def test_a_client_that_reads_no_answers(sockets: tuple[Any, Any]) -> None:
    service, client = sockets
    client.sendall(post())
    with suppress(BlockingIOError):  # until no more fits between the two
        while service.send(b"x" * 1_000, socket.MSG_DONTWAIT):
            pass
    metrics = Metrics()
    assert Refusals(metrics).refuse(service, QueueFull(1)) == post()
    assert counted(metrics) is None


def test_a_client_that_has_gone(sockets: tuple[Any, Any]) -> None:
    service, client = sockets
    client.sendall(post())
    client.close()
    assert Refusals(Metrics()).refuse(service, QueueFull(1)) == post()
    assert Refusals(Metrics()).refuse(service, QueueFull(1)) == b""


def test_what_an_answer_tells_is_of_its_own_request(sockets: tuple[Any, Any]) -> None:
    service, client = sockets
    refusals = Refusals(Metrics(), (OURS,))
    asked = [("a", OURS, 1), ("b", OURS, 1), ("c", OURS, 7), ("d", "https://other.example", 7)]
    for id_, origin, seconds in asked:
        client.sendall(post(f"X-Request-ID: {id_}", f"Origin: {origin}", LENGTH))
        assert refusals.refuse(service, QueueFull(seconds)) is None
        response, problem = read(client)
        assert response.headers["X-Request-ID"] == id_
        assert response.headers["Retry-After"] == str(seconds)
        assert problem["detail"].endswith(f"in {seconds} s")
        shared = response.headers["Access-Control-Allow-Origin"]
        assert shared == (OURS if origin == OURS else None)


def test_the_log_of_many_refusals_is_short(sockets: tuple[Any, Any], logged: Any) -> None:
    service, client = sockets
    metrics = Metrics()
    now = 10.0
    refusals = Refusals(metrics, clock=lambda: now)

    def refuse(count: int) -> None:
        for _ in range(count):
            client.sendall(post())
            assert refusals.refuse(service, QueueFull(1)) is None
            read(client)

    refuse(60)
    refusals.log_rest()
    assert [line["event"] for line in logged()] == ["request"] * 50
    now = 11.0
    refusals.log_rest()
    refusals.log_rest()
    assert [(line["event"], line["requests"]) for line in logged()[50:]] == [
        ("requests refused, each with 429", 10)
    ]
    refuse(1)
    assert [line["event"] for line in logged()[51:]] == ["request"]
    assert counted(metrics) == 61


def test_kept_connections_are_refused_while_the_queue_is_full(gated: Any) -> None:
    service = gated.service

    def tag(*headers: str) -> tuple[int, str | None]:
        """Status, and the server that says so: the loop's own answers name none."""
        kept.sendall(post("Content-Type: application/json", LENGTH, *headers))
        response = read(kept)[0]
        return response.status, response.headers["Server"]

    with ThreadPoolExecutor(1) as elsewhere, service.connect() as kept:
        first = elsewhere.submit(service.ask, "/v1/tag", {"text": "They lied."})
        gated.wait()
        assert tag() == (429, "gunicorn")  # a new connection
        assert [tag() for _ in range(20)] == [(429, None)] * 20
        assert tag("Connection: keep-alive") == (429, None)
        assert tag("TE: trailers", "Upgrade: h2c") == (429, "gunicorn")
        assert service.ask("/health/ready")[0] == 200
        assert not first.done()
        gated.open()
        assert first.result(WAIT)[0] == 200
        while (answer := tag()) == (429, None):
            pass  # the loop has yet to hear that the first is done
        assert answer == (200, "gunicorn")
