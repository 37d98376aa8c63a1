"""Waiting for a future without holding up the thread, where it has other requests to go on with.

A thread that serves many requests runs each in a greenlet of its own, which gives way to the others
where it would wait.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

__all__ = ["Call", "result"]

T = TypeVar("T")


class Call(greenlet):
    """A function that is called piece by piece.

    `switch` runs it until it ends, and gives what it returns, or until it waits for a future. Then
    `wake` is called, in some thread, as soon as it can go on. `dead` tells whether it has ended.
    """

    def __init__(self, function: Callable[[], Any], wake: Callable[["Call"], None]) -> None:
        super().__init__(function)
        self.wake = wake


def result(future: "Future[T]") -> T:
    """What a future gives, or raises; a `Call` lets others go on meanwhile."""
    call = getcurrent()
    if isinstance(call, Call) and not future.done():
        future.add_done_callback(lambda _: call.wake(call))
        assert call.parent is not None  # who called `switch`
        call.parent.switch()
    return future.result()
