"""Calls that share a thread: each gives way to the others where it waits."""

import threading
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any

import pytest
from greenlet import getcurrent

from service.waiting import Call, result

LAST = ContextVar("LAST", default="none")


def test_outside_of_a_call_the_thread_waits() -> None:
    future: Future[int] = Future()
    threading.Timer(0.05, future.set_result, [7]).start()
    assert result(future) == 7
    assert not isinstance(getcurrent(), Call)


def test_calls_go_on_as_their_futures_are_done() -> None:
    futures: dict[str, Future[str]] = {"a": Future(), "b": Future()}
    ready: list[Call] = []
    steps: list[str] = []

    def work(name: str) -> str:
        assert isinstance(getcurrent(), Call)
        LAST.set(name)
        steps.append(f"{name} begins")
        got = result(futures[name])
        steps.append(f"{LAST.get()} goes on")  # what it has set is its own
        return got

    calls = {name: Call(lambda name=name: work(name), ready.append) for name in futures}
    for call in calls.values():
        call.switch()
    assert not ready
    for name in ("b", "a"):
        setting = threading.Thread(target=futures[name].set_result, args=(name.upper(),))
        setting.start()
        setting.join()
        assert ready.pop() is calls[name]
        assert not calls[name].dead
        assert calls[name].switch() == name.upper()
        assert calls[name].dead
    assert steps == ["a begins", "b begins", "b goes on", "a goes on"]
    assert LAST.get() == "none"


def test_what_is_done_is_not_waited_for() -> None:
    future: Future[int] = Future()
    future.set_result(1)

    def wake(_: Any) -> None:
        raise AssertionError

    assert Call(lambda: result(future), wake).switch() == 1


def test_what_a_future_raises_is_raised_in_the_call() -> None:
    future: Future[int] = Future()
    ready: list[Call] = []

    def work() -> str:
        with pytest.raises(KeyError):
            result(future)
        return "caught"

    call = Call(work, ready.append)
    call.switch()
    future.set_exception(KeyError())
    assert ready == [call]
    assert call.switch() == "caught"
