"""The threads that run windows: each on a core of its own, and behind all others."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.cores import settle
from service.queue import Limits, WindowQueue

LIMITS = Limits(requests=100, windows=10_000, seconds=3_600)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux gives threads cores and priorities of their own"
)


def places(threads: int) -> tuple[list[set[int]], set[int]]:
    """The cores of each thread of a queue, and the niceness of all beside the caller's."""
    meet = threading.Barrier(threads)
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def look(_: str) -> tuple[set[int], int]:
        meet.wait(120)  # so that each thread runs one
        this = threading.get_native_id()
        return os.sched_getaffinity(this), os.getpriority(os.PRIO_PROCESS, this) - mine

    seen = WindowQueue(threads, LIMITS).submit(look, ["window"] * threads).result(120)
    return [cores for cores, _ in seen], {niceness for _, niceness in seen}


def test_a_core_for_each_thread() -> None:
    available = os.sched_getaffinity(threading.get_native_id())
    cores, niceness = places(len(available))
    assert sorted(map(sorted, cores)) == [[core] for core in sorted(available)]
    assert niceness == {7}
    assert os.sched_getaffinity(threading.get_native_id()) == available


def test_threads_that_are_not_as_many_as_cores() -> None:
    available = os.sched_getaffinity(threading.get_native_id())
    cores, niceness = places(len(available) + 1)
    assert cores == [available] * (len(available) + 1)
    assert niceness == {7}


def test_a_system_that_allows_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError

    for name in ("setpriority", "sched_setaffinity"):
        monkeypatch.setattr(os, name, forbid)
    with ThreadPoolExecutor(1) as other:
        other.submit(settle, 0, len(os.sched_getaffinity(0))).result(120)
