"""Refusing in the worker's loop what a full queue has no room for.

A refusal by the application costs a good part of what tagging a paragraph costs, so clients that
try again at once would wait for their 429, and slow down those whose requests were admitted.
"""

import logging
import socket
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from gunicorn.workers.gthread import TConn, ThreadWorker

from service import cors
from service.engine import Engine
from service.metrics import Metrics
from service.problems import Problem
from service.queue import QueueFull
from service.tracing import HEADER, log_request, sane, trace_parent
from service.worker.answers import answer
from service.worker.plain import PlainRequest, plain_request

__all__ = ["Refusals", "SheddingWorker"]

_log = logging.getLogger(__name__)

_MOST_BYTES = 65_536
_LINES = 50  # of log a second
_ID = uuid4().hex.encode()  # stands for a request's id in an answer that is made once


class SheddingWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, which answers 429 in its loop while as many requests are under
    way as the queue holds.

    It does so for plain requests on connections that were kept alive. All others reach the
    application, which refuses what the queue has no room for.
    """

    _refusals: "Refusals | None" = None

    @property
    def under_way(self) -> int:
        """Requests that are being answered."""
        return self._threads.under_way

    @property
    def full(self) -> bool:
        """Whether as many requests are under way as the queue holds."""
        engine: Engine = self.wsgi.extensions["engine"]
        return self.under_way >= engine.queue.limits.requests

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
        if self.full and not engine.draining:
            if self._refusals is None:
                self._refusals = Refusals(engine.metrics, self.app.settings.cors_origins)
            read = self._refusals.refuse(client, engine.queue.full())
            if read is None:
                self.keepalived_conns.remove(conn)
                conn.set_timeout()
                self.keepalived_conns.append(conn)  # they are in the order of their timeouts
                return
            conn.arrival.rest = read
        super().on_client_socket_readable(conn, client)

    def murder_pending(self) -> None:
        """Called on every turn of the loop."""
        super().murder_pending()
        if self._refusals is not None:
            self._refusals.log_rest()


class _Threads(ThreadPoolExecutor):
    """Counts what it is given; whoever gives counts what is done."""

    under_way = 0

    def submit(self, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.under_way += 1
        return super().submit(*args, **kwargs)


class Refusals:
    """Answers 429 to plain requests.

    metrics  count them
    origins  whose pages may read the answers
    clock    seconds, from any start

    Of each second the first lines of log tell of a request each, and one of how many more: under
    overload a line costs more than the refusal.
    """

    def __init__(
        self,
        metrics: Metrics,
        origins: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._origins = origins
        self._clock = clock
        self._second = 0
        self._lines = 0
        self._unlogged = 0
        self._key: tuple[int, str, int] | None = None
        self._template = b"", b"", b""

    def refuse(self, client: socket.socket, full: QueueFull) -> bytes | None:
        """Read a request and answer 429; what was read, if it is to be answered by another."""
        started = time.perf_counter()
        data = b""
        try:
            data = client.recv(_MOST_BYTES, socket.MSG_DONTWAIT)
            sent = plain_request(data)
            if sent is None:
                return data
            request_id = sane(sent.header(HEADER))
            refusal = self._answer(full, request_id, sent.header("Origin"))
            if client.send(refusal, socket.MSG_DONTWAIT) < len(refusal):
                client.shutdown(socket.SHUT_RDWR)  # a client that reads no answers gets no more
        except OSError:
            return data
        seconds = time.perf_counter() - started
        self._metrics.time_request("POST", sent.path, 429, seconds)
        self._log(sent, request_id, seconds)
        return None

    def log_rest(self) -> None:
        """Log how many refusals of a second that is over have no line of their own."""
        if self._unlogged and int(self._clock()) != self._second:
            _log.warning("requests refused, each with 429", extra={"requests": self._unlogged})
            self._unlogged = 0

    def _answer(self, full: QueueFull, request_id: str, origin: str) -> bytes:
        key = full.retry_after, origin, int(time.time())  # which is all that the answer tells
        if key != self._key:
            self._key, self._template = key, self._new_answer(full, origin).partition(_ID)
        head, _, rest = self._template
        return head + request_id.encode() + rest

    def _new_answer(self, full: QueueFull, origin: str) -> bytes:
        headers = cors.shared(origin, self._origins) | ({"Vary": "Origin"} if self._origins else {})
        problem = Problem(429, str(full), headers={"Retry-After": str(full.retry_after)})
        return answer(problem, _ID.decode(), headers)

    def _log(self, sent: PlainRequest, request_id: str, seconds: float) -> None:
        self.log_rest()
        now = int(self._clock())
        if now != self._second:
            self._second, self._lines = now, 0
        if self._lines == _LINES:
            self._unlogged += 1
            return
        self._lines += 1
        log_request(
            request_id=request_id,
            traceparent=trace_parent(sent.header("traceparent")),
            method="POST",
            route=sent.path,
            status=429,
            duration_ms=round(seconds * 1000, 1),
            request_bytes=len(sent.body),
        )
