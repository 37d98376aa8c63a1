"""What a fragment is known by beside its states: its length, and how often its text repeats it."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["NUMBERS", "fragment_numbers", "times_in"]

NUMBERS = 5
"""How many numbers `fragment_numbers` gives."""

_EDGES = re.compile(r"^\W+|\W+$")


def times_in(text: str, fragments: Sequence[tuple[int, int]]) -> list[int]:
    """How often the text holds the words of each fragment, upper and lower case alike; 1 if the
    fragment has none."""
    lower = text.lower()
    words = [_EDGES.sub("", text[start:end].lower()) for start, end in fragments]
    times = {
        each: len(re.findall(rf"(?<!\w){re.escape(each)}(?!\w)", lower))
        for each in set(words)
        if each
    }
    return [max(1, times.get(each, 1)) for each in words]


def fragment_numbers(tokens: Sequence[int], times: Sequence[int]) -> NDArray[np.float32]:
    """Logs of the length in tokens and of the times, whether it is repeated at all, and the
    products of both with the length: float32 (fragments, NUMBERS)."""
    length, often = np.log(np.array(tokens, float)), np.log(np.array(times, float))
    repeated = often > 0
    columns = [length, often, repeated, often * length, repeated * length]
    return np.stack(columns, axis=1).astype(np.float32)
