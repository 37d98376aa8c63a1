"""A thread that has answered a request takes the next one of its connection, if it comes at once.

On its way through the worker's loop a request wakes two threads, each of which then waits for
Python: for short texts, about a tenth of all the work.
"""

import select
import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import TConn

from service.arrival import Arrival, Stage
from service.engine import Engine
from service.intake import BufferingWorker
from service.problems import Problem
from service.shedding import SheddingWorker

__all__ = ["StayingWorker"]

_SECONDS = 0.01  # about what a short text takes; a thread that waits for longer is missed elsewhere
_MOST = 8  # threads that wait at the same time: half of those that are spare
_READ_BYTES = 65_536


class StayingWorker(SheddingWorker, BufferingWorker):
    """A worker whose threads wait a moment for the next request, while less than half of the queue
    is taken: above that, turns are given by the loop, and who waits for none must not count."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._staying: set[TConn] = set()

    @property
    def under_way(self) -> int:
        """Requests that threads are at."""
        return super().under_way - len(self._staying)

    def handle(self, conn: TConn) -> Any:
        """Answer requests, in a thread, until none comes at once; then whether to keep `conn`."""
        while (kept := super().handle(conn)) is True and self._may_stay(conn):
            self._staying.add(conn)
            try:
                arrival = self._next(conn)
            finally:
                self._staying.discard(conn)
            if arrival is None:
                break
            self.begin(conn, arrival)
        return kept

    def _may_stay(self, conn: TConn) -> bool:
        engine: Engine = self.wsgi.extensions["engine"]
        return (
            self.alive
            and not conn.arrival.rest
            and len(self._staying) < _MOST
            and self.under_way <= engine.queue.limits.requests // 2
        )

    def _next(self, conn: TConn) -> Arrival | None:
        """The next request, if it comes whole and at once; else the loop gets what has come."""
        arrival = Arrival(self._most_bytes)
        came = b""
        until = time.monotonic() + _SECONDS
        with suppress(Problem, OSError):  # both of which the loop will meet again
            while not arrival.ended and not arrival.waits_for_continue and _readable(conn, until):
                data = conn.sock.recv(_READ_BYTES, socket.MSG_DONTWAIT)
                if not data:
                    break
                came += data
                arrival.feed(data)
        if arrival.stage is Stage.WHOLE:
            return arrival
        conn.arrival.rest = came
        return None


def _readable(conn: TConn, until: float) -> bool:
    """Wait until there is something to read, or time is up."""
    poll = select.poll()  # which, unlike select, knows sockets of any number
    poll.register(conn.sock, select.POLLIN)
    return bool(poll.poll(max(0, until - time.monotonic()) * 1000))
