"""Options that commands share: labels, thresholds and policy, and how they are read."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tagger.errors import InputError
from tagger.policy import Policy

__all__ = ["add_filters", "read_labels", "read_policy", "read_thresholds"]


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add --threshold and --labels."""
    parser.add_argument(
        "--threshold",
        action="append",
        default=[],
        metavar="[LABEL=]SCORE",
        help="lowest score shown, 0 to 1, for all techniques or for one; may be repeated; "
        "default: the model's own for each technique",
    )
    parser.add_argument(
        "--labels",
        metavar="LABEL,...",
        help="look for these techniques only (see `tagger labels`)",
    )


def read_thresholds(given: Sequence[str]) -> dict[str, float]:
    """Thresholds by label id, or by "default"."""
    thresholds = {}
    for item in given:
        name, _, number = item.rpartition("=")
        try:
            thresholds[name or "default"] = float(number)
        except ValueError:
            raise InputError(f"--threshold {item}: give a number, or LABEL=number") from None
    return thresholds


def read_labels(given: str | None) -> list[str] | None:
    """The ids of --labels; None: all."""
    return given.split(",") if given is not None else None


def read_policy(name: str, known_labels: Sequence[str]) -> Policy:
    """The policy of --policy: a file, or a name."""
    if name in Policy.packaged_names():
        return Policy.packaged(name)
    if not Path(name).exists():
        names = ", ".join(Policy.packaged_names())
        raise InputError(f"--policy {name}: give a file, or a policy of the package: {names}")
    return Policy.read(name, known_labels)
