"""Numbers that commands take, each with its own check."""

import argparse
from contextlib import suppress

__all__ = ["positive", "share", "share_of_label", "whole"]


def whole(value: str) -> int:
    """1, 2, 3, ...; raises ArgumentTypeError."""
    if not value.isdecimal() or not int(value):
        raise argparse.ArgumentTypeError(f"{value!r}: give a whole number, 1 or more")
    return int(value)


def positive(value: str) -> float:
    """Above 0; raises ArgumentTypeError."""
    with suppress(ValueError):
        if 0 < (number := float(value)) < 1e6:
            return number
    raise argparse.ArgumentTypeError(f"{value!r}: give a number above 0")


def share(value: str) -> float:
    """Above 0, 1 at most; raises ArgumentTypeError."""
    with suppress(ValueError):
        if 0 < (number := float(value)) <= 1:
            return number
    raise argparse.ArgumentTypeError(f"{value!r}: give a number above 0, 1 at most")


def share_of_label(value: str) -> tuple[str, float]:
    """LABEL=SHARE, see `share`; raises ArgumentTypeError."""
    label, equals, number = value.partition("=")
    if not equals or not label:
        raise argparse.ArgumentTypeError(f"{value!r}: give LABEL=SHARE, as doubt=0.3")
    return label, share(number)
