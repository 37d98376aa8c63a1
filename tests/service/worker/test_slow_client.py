"""Clients that are slow, silent, far too large or never hang up cost the others nothing.

The service has the fewest threads here, and always meets at least as many such clients.
"""

import gzip
import json
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

THREADS = 17
MANY = 24
SECONDS = 5
HEAD = b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
START = b'{"text": "'
BEGUN = {
    "in the body": HEAD + b"X-Request-ID: slow-1\r\nContent-Length: 1000\r\n\r\n" + START,
    "in a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + START,
    "between chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\na\r\n" + START + b"\r\n",
    "in the head": b"POST /v1/tag HTTP/1.1\r\nX-Long: ",
    "in the first line": b"POST /v1/",
    "silent": b"",
}


@pytest.fixture(scope="module")
def service(serve: Callable[..., Any]) -> Any:
    return serve("--queue-requests", "1", "--request-timeout", str(SECONDS))


@pytest.fixture
def clients(service: Any) -> Iterator[list[socket.socket]]:
    opened = [service.connect() for _ in range(MANY)]
    yield opened
    for client in opened:
        client.close()


def answered(clients: list[socket.socket]) -> list[socket.socket]:
    """Those for whom an answer or the end of the connection is there."""
    return select.select(clients, [], [], 0)[0]


def read(client: socket.socket) -> tuple[list[int], bytes]:
    """The statuses of all answers until the connection ends, and all that came."""
    whole = b"".join(iter(lambda: client.recv(65_536), b""))
    return [int(answer[:3]) for answer in whole.split(b"HTTP/1.1 ")[1:]], whole


def serves(service: Any) -> bool:
    status, _, answer = service.ask("/v1/tag", {"text": "They lied."})
    return bool(status == 200 and json.loads(answer)["results"])


def test_one_byte_a_second(service: Any, clients: list[socket.socket]) -> None:
    kinds = dict(zip(clients, [*BEGUN] * (MANY // len(BEGUN)), strict=True))
    for client, kind in kinds.items():
        client.sendall(BEGUN[kind])
    assert serves(service)
    assert answered(clients) == []  # so the others were served while these were still waited for
    for _ in range(5 * SECONDS):
        waiting = set(clients) - set(answered(clients))
        for client in waiting:
            client.sendall(b"1" if kinds[client] != "silent" else b"")
        select.select(waiting, [], [], 1 if waiting else 0)
    for client, kind in kinds.items():
        statuses, whole = read(client)
        if kind == "silent":  # a browser's spare connection: nothing was asked
            assert whole == b""
            continue
        head, _, problem = whole.partition(b"\r\n\r\n")
        assert (statuses, json.loads(problem)["status"]) == ([408], 408)
        for part in (b"application/problem+json", b"Connection: close", b"nosniff"):
            assert part in head
    # What has a head is logged like any request.
    lines = [line for line in service.lines() if line.get("request_id") == "slow-1"]
    assert [(line["route"], line["status"]) for line in lines] == [("/v1/tag", 408)] * (
        MANY // len(BEGUN)
    )


def test_clients_that_never_hang_up(service: Any, clients: list[socket.socket]) -> None:
    for client in clients:
        client.settimeout(10)  # one after the other they would take longer
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert [read(client)[0] for client in clients] == [[200]] * MANY
    assert serves(service)


def test_clients_that_never_read(serve: Callable[..., Any]) -> None:
    service = serve("--queue-requests", "1", "--request-timeout", "1")
    stuck = []
    for _ in range(THREADS):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(("127.0.0.1", service.port))
        # More than the kernel takes for the client.
        client.sendall(b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: [::1]\r\n\r\n" * 8)
        stuck.append(client)
    time.sleep(1)  # by now all threads are at it
    try:
        assert serves(service)
    finally:
        for client in stuck:
            client.close()


@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: 100000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n5f5e100\r\n"],
)
def test_a_body_of_100_mb_is_not_read(service: Any, framing: bytes) -> None:
    block = b" " * 1_000_000
    for _ in range(THREADS + 1):
        with service.connect() as client:
            sent = 0
            with suppress(OSError):  # the service hangs up
                client.sendall(HEAD + framing)
                while sent < 100 and not answered([client]):
                    client.sendall(block)
                    sent += 1
            assert sent < 20
            answer = b""
            with suppress(OSError):
                while data := client.recv(65_536):
                    answer += data
            assert answer.startswith(b"HTTP/1.1 413 ")
            assert b"too_many_bytes" in answer
    assert serves(service)


@pytest.mark.parametrize(
    ("head", "body", "status", "code"),
    [
        (b"", b'{"paragraphs": [%s]}' % b",".join([b'{"text": ""}'] * 10_000), 413,
         b"too_many_paragraphs"),
        (b"Content-Encoding: gzip\r\n", gzip.compress(b" " * 100_000_000), 415,
         b"content_encoding"),
        (b"", b"[" * 200_000, 400, b"too_deep"),
        (b"", b'{"text": "", "text": ""}', 400, b"duplicate_key"),
        (b"", rb'{"text": "\ud83d"}', 422, b"lone_surrogate"),
        (b"", b'{"text": "\0"}', 400, b"not_json"),
        (b"", rb'{"text": "a\u0000b", "thresholds": {"default": 0}}', 200, b'"results"'),
    ],
)  # fmt: skip
def test_odd_bodies(service: Any, head: bytes, body: bytes, status: int, code: bytes) -> None:
    framing = b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with service.connect() as client:
        client.sendall(HEAD + head + framing + body)
        statuses, whole = read(client)
    assert statuses == [status]
    assert code in whole
    assert serves(service)


@pytest.mark.parametrize(("length", "statuses"), [(b"12", [100, 200]), (b"999999999", [413])])
def test_a_client_may_ask_before_it_sends(service: Any, length: bytes, statuses: list[int]) -> None:
    head = b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: " + length
    with service.connect() as client:
        client.sendall(HEAD + head + b"\r\n\r\n")
        first = client.recv(25)
        client.sendall(b'{"text": ""}' if b"100" in first else b"")
        whole = first + read(client)[1]
    assert [int(answer[:3]) for answer in whole.split(b"HTTP/1.1 ")[1:]] == statuses


def test_requests_sent_at_once_are_answered_in_order(service: Any) -> None:
    tag = HEAD + b'Content-Length: 12\r\n\r\n{"text": ""}'
    live = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    with service.connect() as client:
        client.sendall(live % b"" + tag + tag + live % b"Connection: close\r\n")
        statuses, whole = read(client)
    assert statuses == [200] * 4
    assert [whole.count(b'"results"'), whole.count(b'"ok"')] == [2, 2]


def test_stopping_does_not_wait_for_slow_clients(serve: Callable[..., Any]) -> None:
    service = serve("--request-timeout", "600")
    clients = [service.connect() for _ in range(3)]
    clients[0].sendall(BEGUN["in the body"])
    clients[1].sendall(BEGUN["in the head"])
    assert serves(service)
    service.process.send_signal(signal.SIGTERM)
    stopped = time.monotonic()
    # The first has a head, so it is told that the service stops.
    assert [read(client)[0] for client in clients] == [[503], [408], []]
    assert time.monotonic() - stopped < 6  # at 9 seconds all is cut off
    assert service.process.wait(120) == 0
    for client in clients:
        client.close()
