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
from service.queue import QueueFull
from service.shedding import plain_request, refuse
from tagger import Tagger

WAIT = 120
BODY = b'{"text": "xyzzy"}'


def post(*headers: str, top: str = "POST /v1/tag HTTP/1.1", body: bytes = BODY) -> bytes:
    """A request; without headers, one of the right length."""
    lines = [top, "Host: x", *(headers or (f"Content-Length: {len(BODY)}",)), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


LENGTH = f"Content-Length: {len(BODY)}"


@pytest.mark.parametrize(
    ("request_", "request_id"),
    [
        (post(), ""),
        (post("Content-Type: application/json", LENGTH, "Accept: */*", "X-Empty:"), ""),
        (post("content-length:17", "x-request-id:   req-1  "), "req-1"),
        (post("Content-Length: 0", body=b""), ""),
    ],
)
def test_plain(request_: bytes, request_id: str) -> None:
    assert plain_request(request_) == ("/v1/tag", request_id)


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
    "a length of other digits": post("Content-Length: \xb2"),
    "a space before the colon": post("Content-Length : 17"),
    "a folded line": post("X-A: b", " c", LENGTH),
    "bare line feeds": post().replace(b"\r\n", b"\n"),
    "a control character": post("X-A: \x00", LENGTH),
    "chunks": post("Transfer-Encoding: chunked", LENGTH),
    "no body before 100": post("Expect: 100-continue", LENGTH),
    "a page of another origin": post("Origin: https://cms.example", LENGTH),
    "a last request": post("Connection: close", LENGTH),
    "another protocol": post("Upgrade: h2c", LENGTH),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_all_else_is_left_to_the_application(name: str, sockets: tuple[Any, Any]) -> None:
    service, client = sockets
    client.sendall(UNUSUAL[name])
    assert plain_request(UNUSUAL[name]) is None
    assert not refuse(service, QueueFull(1))
    left = service.recv(10_000, socket.MSG_DONTWAIT) if UNUSUAL[name] else b""
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


def test_a_refusal_is_like_the_applications(
    sockets: tuple[Any, Any], client: Any, tagger: Tagger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    app = create_app(Settings(), tagger)
    client.application = app

    def check() -> None:
        raise QueueFull(3)

    app.before_request_funcs["tag"] = [check]
    expected = client.post("/v1/tag", data=BODY, headers={"X-Request-ID": "req-1"})
    service, peer = sockets
    for _ in range(2):  # the connection can be used again
        peer.sendall(post("X-Request-ID: req-1", LENGTH))
        assert refuse(service, QueueFull(3))
        response, problem = read(peer)
        assert (response.status, problem) == (429, expected.json)
        for name in ("Content-Type", "Content-Length", "Retry-After", "X-Request-ID"):
            assert response.headers[name] == expected.headers[name]
        assert response.headers["Date"].endswith(" GMT")
        with pytest.raises(BlockingIOError):
            service.recv(1, socket.MSG_DONTWAIT)
    assert caplog.text.count("request_id=req-1 method=POST route=/v1/tag status=429") == 3
    assert "xyzzy" not in caplog.text


def test_an_insane_request_id_is_replaced(sockets: tuple[Any, Any]) -> None:
    service, client = sockets
    client.sendall(post('X-Request-ID: a"b', LENGTH))
    assert refuse(service, QueueFull(1))
    assert read(client)[0].headers["X-Request-ID"].isalnum()


def test_a_client_that_reads_no_answers(sockets: tuple[Any, Any]) -> None:
    service, client = sockets
    client.sendall(post())
    with suppress(BlockingIOError):  # until no more fits between the two
        while service.send(b"x" * 1_000, socket.MSG_DONTWAIT):
            pass
    assert not refuse(service, QueueFull(1))
    assert service.recv(10_000) == post()


def test_a_client_that_has_gone(sockets: tuple[Any, Any]) -> None:
    service, client = sockets
    client.sendall(post())
    client.close()
    assert not refuse(service, QueueFull(1))


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
        assert tag("Origin: https://cms.example") == (429, "gunicorn")
        assert service.ask("/health/ready")[0] == 200
        assert not first.done()
        gated.open()
        assert first.result(WAIT)[0] == 200
        while (answer := tag()) == (429, None):
            pass  # the loop has yet to hear that the first is done
        assert answer == (200, "gunicorn")
