"""Refusing in the worker's loop what a full queue has no room for.

A refusal by the application costs a good part of what tagging a paragraph costs, so clients that
try again at once would wait for their 429, and slow down those whose requests were admitted.
"""

import re
import socket
import time
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from gunicorn.workers.gthread import TConn, ThreadWorker

from service import cors
from service.engine import Engine
from service.loop_answers import answer
from service.metrics import Metrics
from service.problems import Problem
from service.queue import QueueFull
from service.tracing import HEADER, log_request, sane, trace_parent

__all__ = ["PlainRequest", "SheddingWorker", "plain_request", "refuse"]

_MOST_BYTES = 65_536
_REQUEST = re.compile(
    rb"POST (?P<path>/v1/(?:classify|moderate|tag)) HTTP/1\.1\r\n"
    rb"(?P<headers>(?:[A-Za-z0-9-]+:[\t\x20-\x7e]*\r\n)+)\r\n"
)
# What changes how a request is framed, how it is answered, or whether its connection is kept.
_UNUSUAL = {b"connection", b"expect", b"transfer-encoding", b"upgrade"}
_REQUEST_ID = HEADER.lower().encode()


class PlainRequest(NamedTuple):
    """What an answer to a request, and the log, take from it; "" is what it does not bear."""

    path: str
    body_bytes: int
    request_id: str
    origin: str
    traceparent: str


def plain_request(data: bytes) -> PlainRequest | None:
    """The request for the queue, if `data` is exactly one that has come whole and has nothing
    unusual; else None."""
    head = _REQUEST.match(data)
    if head is None:
        return None
    lines = [line.partition(b":") for line in head["headers"].splitlines()]
    headers = {name.lower(): value.strip() for name, _, value in lines}
    if len(headers) < len(lines) or _UNUSUAL & headers.keys():
        return None
    length = headers.get(b"content-length", b"")
    if not length.isdigit() or int(length) != len(data) - head.end():
        return None
    borne = (headers.get(name, b"").decode() for name in (_REQUEST_ID, b"origin", b"traceparent"))
    return PlainRequest(head["path"].decode(), int(length), *borne)


class SheddingWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, which answers 429 in its loop while as many requests are under
    way as the queue holds.

    It does so for plain requests on connections that were kept alive. All others reach the
    application, which refuses what the queue has no room for.
    """

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """The threads that requests are handed to."""
        self._threads = _Threads(self.cfg.threads)
        return self._threads

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """A thread is done with a request."""
        self._threads.under_way -= 1
        super().finish_request(conn, fs)

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """The next request on a kept connection: refuse it, or hand it to a thread."""
        engine: Engine = self.wsgi.extensions["engine"]
        full = self._threads.under_way >= engine.queue.limits.requests
        if full and not engine.draining and self._shed(client, engine):
            self.keepalived_conns.remove(conn)
            conn.set_timeout()
            self.keepalived_conns.append(conn)  # they are in the order of their timeouts
        else:
            super().on_client_socket_readable(conn, client)

    def _shed(self, client: socket.socket, engine: Engine) -> bool:
        origins = self.app.settings.cors_origins
        return refuse(client, engine.queue.full(), engine.metrics, origins)


class _Threads(ThreadPoolExecutor):
    """Counts what it is given; whoever gives counts what is done."""

    under_way = 0

    def submit(self, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.under_way += 1
        return super().submit(*args, **kwargs)


def refuse(
    client: socket.socket, full: QueueFull, metrics: Metrics, origins: Collection[str] = ()
) -> bool:
    """Read a plain request and answer 429; False if it is another, of which nothing is read.

    metrics  count it
    origins  whose pages may read the answer
    """
    started = time.perf_counter()
    try:
        data = client.recv(_MOST_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        sent = plain_request(data)
        if sent is None:
            return False
        request_id = sane(sent.request_id)
        headers = cors.shared(sent.origin, origins) | ({"Vary": "Origin"} if origins else {})
        problem = Problem(429, str(full), headers={"Retry-After": str(full.retry_after)})
        refusal = answer(problem, request_id, headers)
        if client.send(refusal, socket.MSG_DONTWAIT) < len(refusal):
            client.shutdown(socket.SHUT_RDWR)  # a client that reads no answers gets no more
        client.recv(len(data))
    except OSError:
        return False
    seconds = time.perf_counter() - started
    metrics.time_request("POST", sent.path, 429, seconds)
    log_request(
        request_id=request_id,
        traceparent=trace_parent(sent.traceparent),
        method="POST",
        route=sent.path,
        status=429,
        duration_ms=round(seconds * 1000, 1),
        request_bytes=sent.body_bytes,
    )
    return True
