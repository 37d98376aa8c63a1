"""What the log looks like: lines of JSON, or of colour on a terminal, whoever writes them."""

import logging
import sys
import traceback
from typing import Any, TextIO

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

__all__ = ["configure", "formatter"]


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send the log of this process, warnings and libraries included, to `stream`.

    level   lowest level to log: debug, info, warning or error
    stream  standard error by default
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter(pretty=handler.stream.isatty()))
    # Not shown, so not looked up for each line.
    logging.logProcesses = logging.logThreads = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)


def formatter(*, pretty: bool = False) -> logging.Formatter:
    """One line of JSON per record, with the ids of the request under way and all `extra` fields.

    pretty  in colour, for people
    """
    renderer = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    return ProcessorFormatter(
        foreign_pre_chain=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_log_level,
            add_logger_name,
            structlog.contextvars.merge_contextvars,
            ExtraAdder(),
            _frames,
        ],
        processors=[ProcessorFormatter.remove_processors_meta, renderer],
    )


def _frames(logger: Any, name: str, event: Any) -> Any:
    """Where an exception was raised, and its type; its text may quote what a client sent."""
    information = event.pop("exc_info", None)
    if information:
        kind, _, trace = information
        event["exception"] = kind.__name__
        event["frames"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)
        ]
    return event
