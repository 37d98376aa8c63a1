"""Numbers on the command line: what is taken, and what is refused with a reason."""

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from training.options import positive, share, share_of_label, whole


def test_numbers_are_read() -> None:
    assert whole("12") == 12
    assert positive("2.5") == 2.5
    assert share("1") == 1.0
    assert share_of_label("doubt=.3") == ("doubt", 0.3)


@pytest.mark.parametrize(
    ("read", "value"),
    [
        *((whole, value) for value in ("0", "-1", "2.5", "", "a")),
        *((positive, value) for value in ("0", "-1", "inf", "nan", "")),
        *((share, value) for value in ("0", "1.1", "nan", "")),
        *((share_of_label, value) for value in ("doubt", "=.3", "doubt=", "doubt=2", "doubt=nan")),
    ],
)
def test_others_are_refused(read: Callable[[str], object], value: str) -> None:
    with pytest.raises(ArgumentTypeError, match="give "):
        read(value)
