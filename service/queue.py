"""A bounded queue of windows that concurrent requests share, and the threads that empty it.

Every window is one run of onnxruntime on one core: that keeps a text's spans free of what it is
tagged with, and is faster than padded batches (tagger/model.py). So requests share no runs here;
they share the threads, window by window.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence, Sized
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import ceil
from typing import Any, TypeVar

from service.cores import settle

__all__ = ["Limits", "Observer", "QueueFull", "WindowQueue"]

_log = logging.getLogger(__name__)

T = TypeVar("T")
W = TypeVar("W", bound=Sized)

_RUN_TOKENS = 6
"""What a run costs besides the tokens it holds, in tokens."""

_LATEST = 0.05
"""Weight of the latest run in the measured pace."""


@dataclass(frozen=True)
class Limits:
    """What a queue has room for.

    requests  waiting or under way
    windows   waiting or under way, of all requests
    seconds   within which a request must be expected to be answered
    """

    requests: int
    windows: int
    seconds: float


class QueueFull(Exception):
    """There is no room for a request; there may be `retry_after` whole seconds later."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"the service is busy: try again in {retry_after} s")
        self.retry_after = retry_after


class Observer:
    """Is told of a queue's work by the threads that do it; this one does nothing."""

    def began(self, windows: int, waited: float) -> None:
        """The first of a request's `windows` begins, `waited` seconds after it was queued."""

    def ran(self, seconds: float) -> None:
        """A window has been run."""


@dataclass(eq=False, slots=True)
class _Job:
    """The windows of one request; `taken` of them have been given to threads."""

    run: Callable[[Any], Any]
    windows: Sequence[Sized]
    results: list[Any]
    queued: float
    taken: int = 0
    running: int = 0
    error: BaseException | None = None
    future: "Future[list[Any]]" = field(default_factory=Future)


class WindowQueue:
    """Runs the windows of concurrent requests on threads of its own.

    Turns go round the requests, a window each, so that a long request does not hold up short ones.
    Every other turn is the oldest request's, so that short ones don't hold up a long one: whatever
    comes after it, it ends within twice the turns that it found queued and brought. The time they
    will take is estimated from the pace of the latest runs.

    threads  windows run at the same time. Threads don't survive a fork: make the queue in the
             process that serves
    clock    seconds, from any start
    """

    def __init__(
        self,
        threads: int,
        limits: Limits,
        *,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.limits = limits
        self.observer = observer or Observer()
        self._threads = threads
        self._clock = clock
        self._changed = threading.Condition()
        # Jobs with windows to hand out, by arrival and by turn; then all that are not done.
        self._arrived: OrderedDict[_Job, None] = OrderedDict()
        self._round: OrderedDict[_Job, None] = OrderedDict()
        self._unfinished: set[_Job] = set()
        self._turns = 0
        self._windows = 0
        self._tokens = 0
        self._pace: float | None = None  # seconds of one thread for one token
        self._when_empty: list[Callable[[], None]] = []
        for number in range(threads):
            name = f"infer-{number}"
            threading.Thread(target=self._work, args=(number,), name=name, daemon=True).start()

    @property
    def requests(self) -> int:
        """Requests waiting or under way."""
        return len(self._unfinished)

    @property
    def windows(self) -> int:
        """Windows waiting or under way."""
        return self._windows

    def check(self) -> None:
        """Raises QueueFull if there is no room for any request, whatever its size."""
        if self.requests >= self.limits.requests:
            raise self.full()

    def full(self) -> QueueFull:
        """What to tell a request for which there is no room."""
        return QueueFull(max(1, ceil(self._seconds(self._tokens))))

    def submit(self, run: Callable[[W], T], windows: Sequence[W]) -> "Future[list[T]]":
        """What `run` gives for each window, in order; the future fails with what `run` raises.

        windows  of whatever kind; their length in tokens says what a run costs

        Never waits. An idle queue has room for any number of windows.
        Raises QueueFull.
        """
        job = _Job(run, windows, [None] * len(windows), self._clock())
        if not windows:
            job.future.set_result([])
            return job.future
        tokens = sum(map(_cost, windows))
        with self._changed:
            if self._unfinished and not self._has_room(len(windows), tokens):
                raise self.full()
            self._arrived[job] = self._round[job] = None
            self._unfinished.add(job)
            self._windows += len(windows)
            self._tokens += tokens
            self._changed.notify(len(windows))
        return job.future

    def when_empty(self, then: Callable[[], None]) -> None:
        """Call `then` as soon as nothing is waiting or under way: at once if nothing is."""
        with self._changed:
            if self._unfinished:
                self._when_empty.append(then)
                return
        then()

    def _has_room(self, windows: int, tokens: int) -> bool:
        return (
            len(self._unfinished) < self.limits.requests
            and self._windows + windows <= self.limits.windows
            and 2 * self._seconds(self._tokens + tokens) <= self.limits.seconds
        )

    def _seconds(self, tokens: int) -> float:
        """How long so many tokens will take all threads; 0 before the pace is known."""
        return tokens * (self._pace or 0) / self._threads

    def _work(self, number: int) -> None:
        settle(number, self._threads)
        while True:  # a thread that waits holds no job, whose model may have been replaced
            self._run(*self._take())

    def _run(self, job: _Job, number: int) -> None:
        started = self._clock()
        if number == 0:
            self._tell(self.observer.began, len(job.windows), started - job.queued)
        try:
            job.results[number] = job.run(job.windows[number])
        except BaseException as error:
            job.error = job.error or error
        seconds = self._clock() - started
        self._finish(job, _cost(job.windows[number]), seconds)
        self._tell(self.observer.ran, seconds)

    def _take(self) -> tuple[_Job, int]:
        """The next window to run: its job, and its number in that."""
        with self._changed:
            while not self._round:
                self._changed.wait()
            self._turns += 1
            job = next(iter(self._arrived if self._turns % 2 else self._round))
            number = job.taken
            job.taken += 1
            job.running += 1
            if job.taken == len(job.windows):
                del self._arrived[job], self._round[job]
            else:
                self._round.move_to_end(job)
            return job, number

    def _finish(self, job: _Job, tokens: int, seconds: float) -> None:
        """A window of a job has been run, or has failed: then the job's rest is dropped."""
        empty: list[Callable[[], None]] = []
        with self._changed:
            pace = seconds / tokens
            self._pace = pace if self._pace is None else self._pace + _LATEST * (pace - self._pace)
            job.running -= 1
            self._windows -= 1
            self._tokens -= tokens
            if job.error and job.taken < len(job.windows):
                rest = job.windows[job.taken :]
                self._windows -= len(rest)
                self._tokens -= sum(map(_cost, rest))
                job.taken = len(job.windows)
                del self._arrived[job], self._round[job]
            done = job.taken == len(job.windows) and not job.running
            if done:
                self._unfinished.remove(job)
                if not self._unfinished:
                    empty, self._when_empty = self._when_empty, []
        if done and job.error:
            job.future.set_exception(job.error)
        elif done:
            job.future.set_result(job.results)
        for then in empty:
            self._tell(then)

    def _tell(self, callback: Callable[..., None], *what: Any) -> None:
        try:
            callback(*what)
        except Exception:  # no listener may end a thread that all requests need
            _log.exception("a callback of the queue failed")


def _cost(window: Sized) -> int:
    return len(window) + _RUN_TOKENS
