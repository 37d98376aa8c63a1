"""Span identification over many passages at once, on arrays: as fast as a search needs it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.measure import Overlap

__all__ = ["Passages", "identification"]


@dataclass(frozen=True, eq=False)
class Passages:
    """Passages of text on one axis, sorted; none is empty, no two share a character.

    starts, ends  float64 (n,)
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]

    @classmethod
    def merged(cls, places: NDArray[np.float64]) -> "Passages":
        """From starts and ends, (2, n), in any order: those that share a character become one."""
        order = np.argsort(places[0], kind="stable")
        starts, reached = places[0, order], np.maximum.accumulate(places[1, order])
        apart = starts[1:] >= reached[:-1]
        return cls(
            starts[np.concatenate([[True], apart])[: len(starts)]],
            reached[np.concatenate([apart, [True]])[: len(starts)]],
        )

    def shares_in(self, other: "Passages") -> NDArray[np.float64]:
        """What share of each passage's characters the other passages cover: (n,)."""
        if not len(other.starts):
            return np.zeros(len(self.starts))
        bounds = np.column_stack([other.starts, other.ends]).ravel()
        covered = np.cumsum(other.ends - other.starts)
        until = np.column_stack([covered - (other.ends - other.starts), covered]).ravel()
        inside = np.interp(self.ends, bounds, until) - np.interp(self.starts, bounds, until)
        return np.asarray(inside / (self.ends - self.starts))


def identification(predicted: Passages, gold: Passages) -> float:
    """F1 of span identification, as `training.measure.si` has it."""
    shares = predicted.shares_in(gold), gold.shares_in(predicted)
    sums = (float(each.sum()) for each in shares)
    return Overlap(len(predicted.starts), len(gold.starts), *sums).f1
