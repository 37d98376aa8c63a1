"""gunicorn, set up for this service: one process, many threads."""

import os
import socket
import sys
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.http import errors

from service.app import create_app
from service.engine import Engine
from service.problems import Problem
from service.settings import Settings
from service.tracing import sane
from service.worker.answers import CLOSE, answer
from service.worker.draining import DrainingWorker
from service.worker.looping import LoopingWorker

__all__ = ["Server"]

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (errors.LimitRequestLine, 414),
    (errors.LimitRequestHeaders, 431),
    (errors.UnsupportedTransferCoding, 501),
    (errors.ParseException, 400),
)

_SPARE_THREADS = 16
"""Threads beyond those whose requests are queued: they refuse, and answer health checks."""

_KEPT_SECONDS = 75
"""How long a connection is kept without a request: longer than proxies keep theirs, usually 60
seconds. Whoever closes first resets a request that is sent at that moment."""

_STOP_SECONDS = 9
"""Seconds after SIGTERM until a process that has not ended by itself is killed."""

_SWITCH_SECONDS = 0.0001
"""After which a thread of Python gives way to another that waits. By default it is fifty times as
long: for so long the loop could keep a core without a window, and a long text the loop."""


class Log(Logger):  # type: ignore[misc]
    """gunicorn's log, which goes where all others go, and looks alike."""

    def setup(self, cfg: Any) -> None:
        """Take gunicorn's level, and leave out its own handlers."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Worker(LoopingWorker, DrainingWorker):
    """A threaded worker whose answers to requests that are not HTTP quote nothing.

    gunicorn quotes what it could not parse, in its log and its answer. That can be a text: all
    that follows a body longer than its Content-Length is read as the next request.
    """

    def init_process(self) -> None:
        """Called in the new process."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        super().init_process()

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer with a problem document and log the kind of error alone."""
        status = next((code for kind, code in _STATUS if isinstance(exc, kind)), 500)
        request_id = sane("")
        kind = type(exc).__name__
        self.log.warning("no answer but %d: %s", status, kind, extra={"request_id": request_id})
        problem = Problem(status, "this is not a request that the service can read")
        with suppress(OSError):  # the client may have gone
            client.sendall(answer(problem, request_id, CLOSE))


class Server(BaseApplication):  # type: ignore[misc]
    """The service under gunicorn; `run` returns when it has been stopped."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """gunicorn's settings, none of them from its own files or environment."""
        chosen = {
            "bind": self.settings.address,
            "workers": 1,
            "worker_class": Worker,
            # More than the queue holds: what overloads it is refused, not left to wait unanswered.
            "threads": self.settings.queue_requests + _SPARE_THREADS,
            "keepalive": _KEPT_SECONDS,
            "graceful_timeout": _STOP_SECONDS,
            "preload_app": False,  # the queue's threads would not survive the fork
            "control_socket_disable": True,
            "sendfile": False,  # it waits without end for a client that takes no answer
            "proc_name": "tagger-service",
            "logger_class": Log,
            "loglevel": self.settings.log_level,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application of a worker; a worker whose model can't be used stops the server."""
        app = create_app(self.settings)
        engine: Engine = app.extensions["engine"]
        engine.loading.add_done_callback(_stop_without_model)
        return app


def _stop_without_model(loading: "Future[Any]") -> None:
    if loading.exception() is not None:
        # Runs in the loading thread, where SystemExit would end that thread alone.
        os._exit(Arbiter.APP_LOAD_ERROR)
