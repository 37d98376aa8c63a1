"""How often a text holds a fragment, and the numbers made of it."""

import numpy as np
import pytest

from tagger import NUMBERS, fragment_numbers, times_in

TEXT = "Liars! They are liars, the liars. Lying liars' club - liars"


@pytest.mark.parametrize(
    ("fragment", "times"),
    [
        ("Liars!", 5),  # signs around it and upper case make no difference
        ("liars, the", 1),
        ("are", 1),  # not what is inside another word
        ("Lying", 1),
        ("- ", 1),  # no word at all
    ],
)
def test_times(fragment: str, times: int) -> None:
    start = TEXT.index(fragment)
    assert times_in(TEXT, [(start, start + len(fragment))]) == [times]


def test_lower_case_may_be_longer() -> None:
    text = "\u0130x İx liars and LIARS"
    assert times_in(text, [(6, 11), (16, 21)]) == [2, 2]
    assert times_in(text, []) == []


def test_numbers() -> None:
    found = fragment_numbers([1, 4], [3, 1])
    assert found.dtype == np.float32
    expected = [[0, np.log(3), 1, 0, 0], [np.log(4), 0, 0, 0, 0]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert fragment_numbers([], []).shape == (0, NUMBERS)
