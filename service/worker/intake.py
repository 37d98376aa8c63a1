"""A gunicorn worker in which slow clients hold no threads.

gunicorn's threaded worker gives a connection a thread while its request still trickles in, so that
as many slow clients as there are threads stop the service. Here the worker's own loop collects
requests, as a buffering proxy would, and a thread gets those that are whole. It closes connections
in the loop too, where gunicorn waits up to two seconds for each client to hang up.
"""

import socket
import struct
import time
from concurrent.futures import Future
from contextlib import suppress
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import get_parser
from gunicorn.workers.gthread import ThreadWorker

from service.problems import Problem
from service.settings import Settings
from service.tracing import sane
from service.worker.answers import CLOSE, answer
from service.worker.arrival import Arrival, Stage

__all__ = ["BufferingWorker"]

_READ_BYTES = 65_536
_LINGER_SECONDS = 2.0
_STOP_SECONDS = 1.0  # what slow clients are left with once the worker stops
_TURN_SECONDS = 0.25  # the most for which the loop then waits before it looks at the clock
_LINGER_BYTES = 1_048_576
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BufferingWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, which gets a request once it is all there.

    What follows is in terms of gunicorn's own methods, all of which but `handle_request` run in
    the worker's loop.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        settings: Settings = self.app.settings
        self._seconds = float(settings.request_timeout)
        self._most_bytes = settings.max_bytes
        self._stopping = False
        # Connections and what has come; in both, those that time out first stand first.
        self._arriving: dict[Any, Arrival] = {}
        self._lingering: dict[Any, int] = {}
        self._watched: set[Any] = set()

    def enqueue_req(self, conn: Any) -> None:
        """Begin to collect the request that comes next on a connection."""
        rest = conn.arrival.rest if conn.initialized else b""
        if not conn.initialized:
            # A client that does not take its answer must not hold the thread that sends it.
            limit = struct.pack("ll", int(self._seconds), 0)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + (self._seconds if self.alive else _STOP_SECONDS)
        self._arriving[conn] = Arrival(self._most_bytes)
        if rest:
            self._feed(conn, rest)
        else:
            self._receive(conn)  # most requests are there at once
        if conn in self._arriving:
            self._watch(conn, self._receive)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """One turn of the loop. A stopping gunicorn would wait for an event for all the time that
        it has, and clients from which none comes would be cut off unanswered by its end."""
        super().wait_for_and_dispatch_events(timeout if self.alive else min(timeout, _TURN_SECONDS))

    def murder_pending(self) -> None:
        """End what has taken too long; once stopping, what does not arrive very soon."""
        now = time.monotonic()
        if not self.alive and not self._stopping:
            self._stopping = True
            for conn in self._arriving:
                conn.timeout = min(conn.timeout, now + _STOP_SECONDS)
        while (conn := next(iter(self._arriving), None)) and conn.timeout <= now:
            if self._arriving[conn].stage is Stage.SILENT:
                self._drop(conn)
            else:
                self._cut(conn, 408)
        while (conn := next(iter(self._lingering), None)) and conn.timeout <= now:
            self._drop(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request, in a thread; one whose body was cut is the last of its connection."""
        req._expected_100_continue = False  # the loop has sent it
        if conn.arrival.stage is not Stage.WHOLE:
            req.force_close()
        return super().handle_request(req, conn)

    def start(self, conn: Any) -> None:
        """Answer a request that has come: hand it to a thread."""
        conn.parser = get_parser(self.cfg, conn.arrival.source(), conn.client)
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        """Keep the connection or close it, after an answer."""
        if fs.cancelled() or fs.exception() is not None or not fs.result():
            self._linger(conn)
        elif conn.arrival.rest:
            self.enqueue_req(conn)
        else:
            super().finish_request(conn, fs)

    def _receive(self, conn: Any) -> None:
        try:
            data = conn.sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._drop(conn)
            return
        if data:
            self._feed(conn, data)
        elif self._arriving[conn].stage is Stage.BODY:
            self._cut(conn)
        else:
            self._drop(conn)

    def _feed(self, conn: Any, data: bytes) -> None:
        arrival = self._arriving[conn]
        try:
            arrival.feed(data)
        except Problem as problem:
            self._refuse(conn, problem)
            return
        if arrival.ended:
            self._dispatch(conn)
        elif arrival.waits_for_continue:
            with suppress(OSError):
                conn.sock.send(_CONTINUE)

    def _cut(self, conn: Any, status: int | None = None) -> None:
        try:
            self._arriving[conn].cut(status)
        except Problem as problem:
            self._refuse(conn, problem)
        else:
            self._dispatch(conn)

    def _dispatch(self, conn: Any) -> None:
        """There is no more to collect of a request."""
        self._forget(conn)
        conn.initialized = True
        self.start(conn)

    def _refuse(self, conn: Any, problem: Problem) -> None:
        """Answer from the loop what no application could; so small an answer never blocks."""
        request_id = sane("")
        self.log.warning("no answer but %d", problem.status, extra={"request_id": request_id})
        with suppress(OSError):
            conn.sock.send(answer(problem, request_id, CLOSE))
        self._linger(conn)

    def _linger(self, conn: Any) -> None:
        """Close once the client has; until then, drop what it sends (RFC 9112, section 9.6).

        Closed at once, a connection with bytes not yet read is reset, and the answer may be lost.
        """
        self._forget(conn)
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        conn.timeout = time.monotonic() + (_LINGER_SECONDS if self.alive else _STOP_SECONDS)
        self._lingering[conn] = 0
        self._watch(conn, self._discard)

    def _discard(self, conn: Any) -> None:
        try:
            received = len(conn.sock.recv(_READ_BYTES))
        except BlockingIOError:
            return
        except OSError:
            received = 0
        self._lingering[conn] += received
        if not received or self._lingering[conn] > _LINGER_BYTES:
            self._drop(conn)

    def _watch(self, conn: Any, act: Any) -> None:
        self.poller.register(conn.sock, EVENT_READ, lambda _: act(conn))
        self._watched.add(conn)

    def _forget(self, conn: Any) -> None:
        conn.arrival = self._arriving.pop(conn, None) or conn.arrival
        self._lingering.pop(conn, None)
        if conn in self._watched:
            self._watched.remove(conn)
            with suppress(KeyError, ValueError):
                self.poller.unregister(conn.sock)

    def _drop(self, conn: Any) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()
