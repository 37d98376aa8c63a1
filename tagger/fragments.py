"""The steps of `Tagger.classify`: which tokens a fragment holds, and which technique is its own."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.errors import InputError
from tagger.fragment_numbers import times_in
from tagger.spans import Classification
from tagger.windows import Window

__all__ = ["Marked", "locate", "rank"]


@dataclass(frozen=True, slots=True)
class Marked:
    """The fragments to classify in one window.

    rows    their numbers among the fragments given, (n,)
    bounds  the window's tokens that each holds, half-open, (n, 2)
    times   how often the text holds the words of each, (n,)
    """

    window: Window
    rows: NDArray[np.int64]
    bounds: NDArray[np.int64]
    times: NDArray[np.int64]

    def __len__(self) -> int:
        """Tokens of the window, which are what an inference costs."""
        return len(self.window)


def locate(
    text: str, windows: Sequence[Window], fragments: Sequence[tuple[int, int]]
) -> list[Marked]:
    """For each of the text's windows that is needed, the fragments to classify in it.

    A fragment is classified in the window that holds most of it.
    Raises InputError for a fragment that does not fit the text, or holds no token.
    """
    for number, (start, end) in enumerate(fragments):
        if not 0 <= start < end <= len(text):
            raise InputError(
                f"fragment {number + 1} is {start}-{end}: it must hold at least one character "
                f"of the text, which has {len(text)}",
                item=number,
            )
    starts, ends = np.array(fragments, np.int64).reshape(-1, 2).T
    bounds = np.zeros((len(fragments), 2), np.int64)
    sizes = np.zeros(len(fragments), np.int64)
    best = np.full(len(fragments), -1)
    for column, window in enumerate(windows):
        first = np.searchsorted(window.ends, starts, side="right")
        last = np.searchsorted(window.starts, ends, side="left")
        more = last - first > sizes
        bounds[more] = np.stack([first, last], axis=1)[more]
        sizes[more] = (last - first)[more]
        best[more] = column
    for number in np.flatnonzero(best < 0).tolist():
        start, end = fragments[number]
        reason = f"fragment {number + 1}, {start}-{end}, holds no word or sign"
        raise InputError(reason, item=number)
    times = np.array(times_in(text, fragments), np.int64)
    found = []
    for column in np.unique(best).tolist():
        rows = np.flatnonzero(best == column)
        found.append(Marked(windows[column], rows, bounds[rows], times[rows]))
    return found


def rank(
    fragments: Sequence[tuple[int, int]],
    marked: Sequence[Marked],
    probabilities: Sequence[NDArray[np.float32]],
    labels: Sequence[str],
) -> list[Classification]:
    """The best label of each fragment, in order; the next best ones for its repetitions.

    probabilities  for each of `marked`, those of the labels: (n, labels)
    """
    scores = np.zeros((len(fragments), len(labels)))
    for one, found in zip(marked, probabilities, strict=True):
        scores[one.rows] = found
    seen: Counter[tuple[int, int]] = Counter()
    ranked = []
    for (start, end), row in zip(fragments, scores, strict=True):
        place = min(seen[start, end], len(labels) - 1)
        seen[start, end] += 1
        best = int(np.argsort(-row, kind="stable")[place])
        by_label = dict(zip(labels, row.tolist(), strict=True))
        ranked.append(Classification(start, end, labels[best], float(row[best]), by_label))
    return ranked
