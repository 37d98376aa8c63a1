"""The engine on one machine: worker processes, each with sessions of its own."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

from tagger.batch.score import Scoring, score
from tagger.errors import JobError

__all__ = ["LocalEngine", "local_engine", "tasks"]

_TASK_BYTES = 16 * 1024  # some forty paragraphs, half a second: small beside a shard


def tasks(texts: pa.Array, size: int = _TASK_BYTES) -> list[pa.Array]:
    """Places of the texts, in tasks of about `size` bytes, or one text if it is longer.

    The longest come first, so that workers end together; a task's texts are of like length.
    """
    lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)
    order = np.argsort(-lengths, kind="stable")
    number = np.cumsum(lengths[order]) // size
    cuts = np.flatnonzero(np.diff(number)) + 1
    return [pa.array(part) for part in np.split(order, cuts)] if len(order) else []


class LocalEngine:
    """Scores columns of texts by worker processes, or in this one if a single worker is asked for.

    Raises JobError if a worker is killed.
    """

    def __init__(self, parallel: Parallel, scoring: Scoring) -> None:
        self._parallel = parallel
        self._scoring = scoring

    def __call__(self, texts: pa.Array, done: Callable[[int], object]) -> pa.RecordBatch:
        """As `Engine`."""
        parts = tasks(texts)
        found: list[pa.RecordBatch | None] = [None] * len(parts)
        calls = (
            delayed(_run)(number, texts.take(part), self._scoring, os.getpid())
            for number, part in enumerate(parts)
        )
        try:
            for number, batch in self._parallel(calls):
                found[number] = batch
                done(len(batch))
        except TerminatedWorkerError:
            raise JobError(
                "a worker process was killed, perhaps for want of memory: give fewer --workers; "
                "--resume goes on"
            ) from None
        order = np.argsort(np.concatenate(parts), kind="stable")
        [batch] = pa.Table.from_batches(found).take(pa.array(order)).combine_chunks().to_batches()
        return batch


@contextmanager
def local_engine(scoring: Scoring, workers: int) -> Iterator[LocalEngine]:
    """An engine whose workers live until the end of the block."""
    with (
        _no_trace_of_dropped_work(),
        Parallel(
            n_jobs=workers,
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch="2*n_jobs",
            max_nbytes=None,
        ) as parallel,
    ):
        yield LocalEngine(parallel, scoring)


@contextmanager
def _no_trace_of_dropped_work() -> Iterator[None]:
    """At Ctrl-C, joblib's thread may look for work that has just been dropped, and say so."""
    before = threading.excepthook

    def hook(raised: threading.ExceptHookArgs) -> None:
        thread = raised.thread.name if raised.thread else ""
        if not (thread == "ExecutorManagerThread" and raised.exc_type is KeyError):
            before(raised)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = before


def _run(number: int, texts: pa.Array, scoring: Scoring, parent: int) -> tuple[int, pa.RecordBatch]:
    if os.getpid() != parent:
        _settle(parent)
    return number, score(texts, scoring)


@lru_cache(maxsize=1)
def _settle(parent: int) -> None:
    """Once in a worker: leave Ctrl-C to the parent, and don't outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
