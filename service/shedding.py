"""Refusing in the worker's loop what a full queue has no room for.

A refusal by the application costs a good part of what tagging a paragraph costs, so clients that
try again at once would wait for their 429, and slow down those whose requests were admitted.
"""

import json
import logging
import re
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gunicorn.util import http_date
from gunicorn.workers.gthread import TConn, ThreadWorker

from service.engine import Engine
from service.problems import MEDIA_TYPE, Problem, body
from service.queue import QueueFull
from service.tracing import HEADER, sane

__all__ = ["SheddingWorker", "plain_request", "refuse"]

_log = logging.getLogger(__name__)

_MOST_BYTES = 65_536
_REQUEST = re.compile(
    rb"POST (?P<path>/v1/tag) HTTP/1\.1\r\n"
    rb"(?P<headers>(?:[A-Za-z0-9-]+:[\t\x20-\x7e]*\r\n)+)\r\n"
)
# What changes how a request is framed, how it is answered, or whether its connection is kept.
_UNUSUAL = {b"connection", b"expect", b"origin", b"transfer-encoding", b"upgrade"}
_REQUEST_ID = HEADER.lower().encode()


def plain_request(data: bytes) -> tuple[str, str] | None:
    """Path and request id ("" if none) of a request for the queue, if `data` is exactly one that
    has come whole and has nothing unusual; else None."""
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
    return head["path"].decode(), headers.get(_REQUEST_ID, b"").decode()


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
        if full and not engine.draining and refuse(client, engine.queue.full()):
            self.keepalived_conns.remove(conn)
            conn.set_timeout()
            self.keepalived_conns.append(conn)  # they are in the order of their timeouts
        else:
            super().on_client_socket_readable(conn, client)


class _Threads(ThreadPoolExecutor):
    """Counts what it is given; whoever gives counts what is done."""

    under_way = 0

    def submit(self, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.under_way += 1
        return super().submit(*args, **kwargs)


def refuse(client: socket.socket, full: QueueFull) -> bool:
    """Read a plain request and answer 429; False if it is another, of which nothing is read."""
    try:
        data = client.recv(_MOST_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        found = plain_request(data)
        if found is None:
            return False
        path, sent_id = found
        request_id = sane(sent_id)
        answer = _answer(full, request_id)
        if client.send(answer, socket.MSG_DONTWAIT) < len(answer):
            client.shutdown(socket.SHUT_RDWR)  # a client that reads no answers gets no more
        client.recv(len(data))
    except OSError:
        return False
    _log.info("request_id=%s method=POST route=%s status=429", request_id, path)
    return True


def _answer(full: QueueFull, request_id: str) -> bytes:
    document = json.dumps(body(Problem(429, str(full))))
    head = (
        "HTTP/1.1 429 Too Many Requests",
        f"Date: {http_date()}",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(document)}",
        f"Retry-After: {full.retry_after}",
        f"{HEADER}: {request_id}",
    )
    return "\r\n".join([*head, "", document]).encode()
