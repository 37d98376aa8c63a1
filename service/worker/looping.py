"""Short requests are answered in the worker's loop, all by one thread.

What a paragraph costs besides its windows is Python, which only one thread can run at a time. On
the way through a thread of its own, a request met two more parsers of HTTP, and waited for Python
again and again; in the loop it meets little but the application, and that takes turns by itself.
"""

import socket
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn

from service.engine import Engine
from service.waiting import Call, result
from service.worker.intake import BufferingWorker
from service.worker.plain import PlainRequest
from service.worker.shedding import SheddingWorker
from service.worker.wsgi import environ, respond

__all__ = ["LoopingWorker"]

_SHORT = 4096
"""Bytes of the longest body that the loop takes on: while it plans or decodes a request, for some
milliseconds, it does nothing else."""

_TURN_SECONDS = 0.004
"""After which the loop turns from what is ready to those who wait to be heard, or refused."""


class LoopingWorker(SheddingWorker, BufferingWorker):
    """A worker that gives a thread to no plain request that is short: its loop runs them in turn,
    each from one wait to the next."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ready: deque[Call] = deque()
        self._asleep = False

    def accept(self, listener: socket.socket) -> None:
        """Take all who have connected: while there is much to do, a turn of the loop takes long."""
        before = -1
        while before < self.nr_conns:
            before = self.nr_conns
            super().accept(listener)
            if self.nr_conns >= self.worker_connections:
                break

    def start(self, conn: TConn) -> None:
        """Answer a request that has come, in the loop or in a thread."""
        sent: PlainRequest | None = conn.arrival.plain
        if sent is None or len(sent.body) > _SHORT:
            super().start(conn)
        else:
            self._threads.under_way += 1
            self._wake(Call(partial(self._answer, conn, sent), self._wake))

    def keeps(self) -> bool:
        """Whether a connection is kept after an answer that is given now."""
        engine: Engine = self.wsgi.extensions["engine"]
        full = len(self.keepalived_conns) >= self.max_keepalived
        return self.alive and not engine.draining and not full

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """One turn of the loop: whatever has happened, and then the calls that can go on."""
        self._asleep = True
        super().wait_for_and_dispatch_events(0 if self._ready else timeout)
        self._asleep = False
        until = time.monotonic() + _TURN_SECONDS
        while self._ready and time.monotonic() < until:
            call = self._ready.popleft()
            answered = call.switch()
            if call.dead:
                self._finish(*answered)

    def _answer(self, conn: TConn, sent: PlainRequest) -> tuple[TConn, bool]:
        """Answer, in a call; the connection, and whether it is kept."""
        try:
            given = environ(sent, conn.client, conn.server)
            data, kept = respond(self.wsgi, given, keeps=self.keeps)
            try:
                taken = conn.sock.send(data)
            except BlockingIOError:
                taken = 0
            if taken < len(data):
                result(ThreadPoolExecutor.submit(self._threads, _send, conn, data[taken:]))
        except OSError:  # the client has gone
            return conn, False
        except Exception as error:
            self.log.exception("an error in the loop")
            self.handle_error(None, conn.sock, conn.client, error)
            return conn, False
        return conn, kept

    def _finish(self, conn: TConn, kept: bool) -> None:
        """As gunicorn does it after a thread has answered."""
        self._threads.under_way -= 1
        if not kept:
            self._linger(conn)
            return
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        readable = partial(self.on_client_socket_readable, conn)
        self.poller.register(conn.sock, EVENT_READ, readable)

    def _wake(self, call: Call) -> None:
        self._ready.append(call)
        if self._asleep:
            self._asleep = False
            self.method_queue.defer(_look)


def _send(conn: TConn, data: bytes) -> None:
    """Send in a thread what a client was slow to take; the socket knows for how long to try."""
    conn.sock.setblocking(True)
    conn.sock.sendall(data)


def _look() -> None:
    """Nothing: the loop is awake, and sees what is ready."""
