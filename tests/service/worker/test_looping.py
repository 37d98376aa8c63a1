"""Requests that the loop answers: as gunicorn does it, and without waiting for anyone."""

import json
import select
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.http import wsgi as gunicorn_wsgi
from gunicorn.workers.gthread import ThreadWorker

from service.waiting import Call
from service.worker.looping import LoopingWorker
from service.worker.plain import PlainRequest, plain_request
from service.worker.wsgi import environ, respond

WAIT = 120
CLIENT, SERVER = ("192.0.2.1", 40_000), ("127.0.0.1", 8000)
SHORT = {"text": "A wave of wartime ecstasy."}
# What makes a request no plain one, and so gets it a thread, without any other effect.
THREAD = "Upgrade: xyzzy"


def post(body: Any, *headers: str, path: str = "/v1/tag") -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    lines += [*headers, f"Content-Length: {len(data)}", "", ""]
    return "\r\n".join(lines).encode() + data


def plain(request: bytes) -> PlainRequest:
    found = plain_request(request)
    assert found is not None
    return found


def read(client: socket.socket) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body of an answer."""
    response = HTTPResponse(client)
    response.begin()
    return response.status, dict(response.headers), json.loads(response.read())


def test_the_application_is_told_what_gunicorn_tells_it() -> None:
    sent = post(SHORT, "X-Request-ID:  a-b ", "Authorization: Bearer xyzzy", "X-Empty:", "Proxy: x")
    parsed = next(get_parser(Config(), iter([sent]), CLIENT))
    theirs = gunicorn_wsgi.create(parsed, None, CLIENT, SERVER, Config())[1]
    ours = environ(plain(sent), CLIENT, SERVER)
    assert ours.pop("wsgi.input").read() == theirs.pop("wsgi.input").read()
    differ = {"wsgi.errors", "wsgi.multithread"}  # both set elsewhere
    assert {key: ours[key] for key in ours.keys() - differ} == {
        key: theirs[key] for key in ours.keys() - differ
    }
    added = {"RAW_URI", "SERVER_SOFTWARE", "gunicorn.socket"}
    added |= {"wsgi.early_hints", "wsgi.file_wrapper"}
    assert theirs.keys() - ours.keys() <= added


def test_a_response_is_closed_and_framed() -> None:
    class Parts(list[bytes]):
        closed = False

        def close(self) -> None:
            self.closed = True

    parts = Parts([b"a", b"", b"bc"])

    def application(_: Any, start: Callable[..., None]) -> Parts:
        start("200 OK", [("X-A", "1"), ("content-length", "9"), ("Connection", "close")])
        return parts

    data, kept = respond(application, {}, keeps=lambda: True)
    head, _, body = data.decode().partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert (lines[0], lines[3:], body) == (
        "HTTP/1.1 200 OK",
        ["Connection: keep-alive", "X-A: 1", "Content-Length: 3"],
        "abc",
    )
    assert kept
    assert parts.closed
    assert b"\r\nConnection: close\r\n" in respond(application, {}, keeps=lambda: False)[0]


@pytest.fixture(scope="module")
def service(serve: Callable[..., Any]) -> Any:
    return serve("--queue-requests", "64")


@pytest.mark.parametrize(
    ("body", "path", "status"),
    [
        (SHORT, "/v1/tag", 200),
        (SHORT | {"thresholds": {"default": 0}, "offset_unit": "utf8"}, "/v1/tag", 200),
        (SHORT, "/v1/moderate", 200),
        (SHORT | {"fragments": [{"start": 10, "end": 25}]}, "/v1/classify", 200),
        (SHORT | {"xyzzy": 1}, "/v1/tag", 422),
        (b"{", "/v1/tag", 400),
        (b"", "/v1/classify", 400),
    ],
)
def test_the_loop_answers_as_threads_do(service: Any, body: Any, path: str, status: int) -> None:
    with service.connect() as client:
        found = []
        for headers in ((), (THREAD,), ()):
            client.sendall(post(body, "X-Request-ID: same", *headers, path=path))
            found.append(read(client))
    for _, headers, _ in found:
        assert headers.pop("Date").endswith(" GMT")
    assert found[0] == found[1] == found[2]
    assert (found[0][0], found[0][1]["Connection"]) == (status, "keep-alive")


def test_requests_at_the_same_time_are_not_mixed_up(service: Any) -> None:
    def client(number: int) -> None:
        with service.connect() as connection:
            for turn in range(12):
                own = f"client-{number}-{turn}"
                text = f"They are a gang of {'greedy ' * (1 + number)}hypocrites number {turn}."
                headers = [f"X-Request-ID: {own}", *[THREAD] * (turn % 3 == 2)]
                connection.sendall(post({"id": own, "text": text}, *headers))
                status, answered, body = read(connection)
                assert (status, answered["X-Request-ID"], body["id"]) == (200, own, own)
                for span in body["results"][0]["spans"]:
                    assert text[span["start"] : span["end"]] == span["text"]

    with ThreadPoolExecutor(16) as clients:
        list(clients.map(client, range(16)))
    logged = {line.get("request_id") for line in service.lines()}
    assert {f"client-{n}-{turn}" for n in range(16) for turn in range(12)} <= logged


def test_a_call_under_way_is_the_last_of_its_connection_after_sigterm(gated: Any) -> None:
    service = gated.service
    with service.connect() as first, service.connect() as later:
        first.sendall(post(SHORT))
        gated.wait()
        service.process.send_signal(signal.SIGTERM)
        while service.ask("/health/ready")[0] == 200:
            pass  # the signal is on its way
        later.sendall(post(SHORT))
        status, headers, _ = read(later)
        assert (status, headers["Connection"]) == (503, "close")
        gated.open()
        status, headers, _ = read(first)
        assert (status, headers["Connection"]) == (200, "close")
    assert service.process.wait(WAIT) == 0
    assert "Traceback" not in service.log.read_text("utf-8")


def test_who_asks_for_little_does_not_wait_for_who_asks_for_much(serve: Callable[..., Any]) -> None:
    service = serve("--queue-requests", "64", "--answer-seconds", "3600")
    with ExitStack() as stack:
        busy = [stack.enter_context(service.connect()) for _ in range(32)]
        for connection in busy:
            connection.sendall(post({"text": "They lied. " * 360}))  # together, a second or more
        later = [stack.enter_context(service.connect()) for _ in range(40)]
        for connection in later:
            connection.sendall(post(b"{"))  # which costs the queue nothing
        for connection in reversed(later):
            assert read(connection)[0] == 400
        assert len(select.select(busy, [], [], 0)[0]) < len(busy)
        for connection in busy:
            assert read(connection)[0] == 200


@pytest.mark.parametrize(
    ("open_", "waiting", "taken"), [(0, 0, 0), (5, 3, 3), (997, 9, 3), (1000, 9, 1)]
)
def test_no_more_are_taken_than_may_be_open(
    monkeypatch: pytest.MonkeyPatch, open_: int, waiting: int, taken: int
) -> None:
    worker: Any = object.__new__(LoopingWorker)
    worker.nr_conns, worker.worker_connections = open_, 1000
    left = [None] * waiting

    def accept(self: Any, _: Any) -> None:
        if left:
            left.pop()
            self.nr_conns += 1

    monkeypatch.setattr(ThreadWorker, "accept", accept)
    worker.accept(None)
    assert waiting - len(left) == taken


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_who_is_slow_to_read_does_not_hold_up_the_loop(threads: ThreadPoolExecutor) -> None:
    body = b"x" * 10_000_000  # more than the system takes for a client that does not read

    def application(_: Any, start: Callable[..., None]) -> list[bytes]:
        start("200 OK", [])
        return [body]

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        conn = SimpleNamespace(sock=ours, client=CLIENT, server=SERVER)
        worker: Any = SimpleNamespace(wsgi=application, keeps=lambda: True, _threads=threads)
        ready: list[Call] = []
        sent = plain(post(SHORT))
        call = Call(lambda: LoopingWorker._answer(worker, conn, sent), ready.append)
        call.switch()
        assert not call.dead
        with theirs.makefile("rb") as file:
            while file.readline() != b"\r\n":
                pass
            assert file.read(len(body)) == body
        threads.submit(int).result(WAIT)
        assert ready == [call]
        assert call.switch() == (conn, True)


def test_who_has_gone_is_not_kept(threads: ThreadPoolExecutor) -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        conn = SimpleNamespace(sock=ours, client=CLIENT, server=SERVER)

        def application(_: Any, start: Callable[..., None]) -> list[bytes]:
            start("200 OK", [])
            return [b"x"]

        worker: Any = SimpleNamespace(wsgi=application, keeps=lambda: True, _threads=threads)
        call = Call(lambda: LoopingWorker._answer(worker, conn, plain(post(SHORT))), print)
        assert call.switch() == (conn, False)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads as Linux does")
def test_short_requests_take_no_threads(serve: Callable[..., Any]) -> None:
    service = serve("--queue-requests", "64")
    master = service.process.pid
    [worker] = Path(f"/proc/{master}/task/{master}/children").read_text().split()

    def threads() -> int:
        return len(list(Path(f"/proc/{worker}/task").iterdir()))

    def client(number: int) -> None:
        with service.connect() as connection:
            for _ in range(5):
                connection.sendall(post(SHORT))
                assert read(connection)[0] == 200

    before = threads()
    with ThreadPoolExecutor(16) as clients:
        list(clients.map(client, range(16)))
    assert threads() <= before
