"""Stopping without losing a request: what was taken before is answered."""

import logging
import os
import select
from functools import cache
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from service.engine import Engine

__all__ = ["DrainingWorker"]


class DrainingWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, which stops in two steps.

    At SIGTERM the engine takes no new work, while connections are still accepted, so that clients
    and health checks are told. Once the queue is empty, gunicorn's own graceful stop answers what
    is left.
    """

    _draining = False

    def run(self) -> None:
        """Serve until stopped, and end the process."""
        super().run()
        self.log.info("Worker exiting (pid: %s)", self.pid)
        logging.shutdown()
        # All is answered. The interpreter's own end would take a while to undo what it has loaded,
        # and wait for threads that a client still holds up.
        os._exit(0)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: leave it to the main loop, since a signal may come at any point of it."""
        self.method_queue.defer(self._drain)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request, in a thread; every answer after SIGTERM is its connection's last."""
        asked = req.should_close

        @cache  # what the answer's head says is what is done after it
        def closes() -> bool:
            return self._draining or bool(asked())

        req.should_close = closes
        return super().handle_request(req, conn)

    def _drain(self) -> None:
        if not self._draining:
            self._draining = True
            engine: Engine = self.wsgi.extensions["engine"]
            engine.drain(then=lambda: self.method_queue.defer(self._stop))

    def _stop(self) -> None:
        self.alive = False

    def set_accept_enabled(self, enabled: bool) -> None:
        """As gunicorn has it; but a worker that stops takes all who have connected already, and
        lets those who come later be refused instead of waiting until the process ends."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                while select.select([listener], [], [], 0)[0]:
                    self.accept(listener)
                listener.close()
