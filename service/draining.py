"""New work is refused while the service stops; worker/draining.py tells how it does."""

from apiflask import APIFlask
from flask import request

from service.engine import Engine

__all__ = ["register"]

_READING = {"GET", "HEAD", "OPTIONS"}


def register(app: APIFlask, engine: Engine) -> None:
    """Answer all but reading with 503 while `engine` drains."""

    @app.before_request
    def refuse() -> None:
        if engine.draining and request.method not in _READING:
            engine.check_ready()
