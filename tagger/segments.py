"""Runs of words that belong together: segments of high probability, and repeated phrases.

Segments are found in the order of the words; a phrase is judged by all places where the document
repeats it, since it is the repetition that persuades and no single place may tell.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Phrase", "Phrases", "maximal_segments"]

Floats = NDArray[np.float32]

_LONGEST = 5
"""Words of the longest phrase."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A run of `words` words that starts at word numbers `starts` of its document."""

    starts: tuple[int, ...]
    words: int


def maximal_segments(gains: Floats, breaks: NDArray[np.intp]) -> list[tuple[int, int, int]]:
    """All maximal scoring segments of each column of `gains`, (words, columns), none of which holds
    a break inside: column, first word and the one after the last, in this order.

    A segment joins two runs of positive gains if what is between them costs less than either is
    worth. Ruzzo and Tompa, A linear time algorithm for finding all maximal scoring subsequences,
    ISMB 1999.
    """
    columns, words = np.nonzero((gains > 0).T)
    if not len(words):
        return []
    part = np.searchsorted(breaks, words, side="right")
    # A run ends with its column, before a word without a gain, and with its sentence.
    cuts = np.flatnonzero(
        (columns[1:] != columns[:-1]) | (words[1:] != words[:-1] + 1) | (part[1:] != part[:-1])
    )
    opens = np.concatenate([[0], cuts + 1])
    own, firsts = columns[opens], words[opens]
    lasts = words[np.append(cuts, len(words) - 1)] + 1
    totals = np.zeros((len(gains) + 1, gains.shape[1]))
    np.cumsum(gains, axis=0, dtype=np.float64, out=totals[1:])
    runs = zip(
        own.tolist(),
        part[opens].tolist(),
        firsts.tolist(),
        lasts.tolist(),
        totals[firsts, own].tolist(),
        totals[lasts, own].tolist(),
        strict=True,
    )
    found: list[tuple[int, int, int]] = []
    held: list[tuple[int, int, float, float]] = []  # first, last, and the totals before and after
    current = (-1, -1)
    for column, sentence, first, last, before, after in runs:
        if (column, sentence) != current:
            found += ((current[0], *segment[:2]) for segment in held)
            held, current = [], (column, sentence)
        while True:
            left = len(held) - 1
            while left >= 0 and held[left][2] >= before:
                left -= 1
            if left < 0:  # nothing to the left can ever be joined: what is held is final
                found += ((column, *segment[:2]) for segment in held)
                held = [(first, last, before, after)]
                break
            if held[left][3] >= after:
                held.append((first, last, before, after))
                break
            first, _, before, _ = held[left]
            del held[left:]
    return found + [(current[0], *segment[:2]) for segment in held]


class Phrases:
    """The phrases of up to five words that a document repeats.

    keys    (words,): numbers that are equal where words are the same; -1 for what is no word
    ends    (words,): may a phrase begin and end with this word? Short words can't
    breaks  words that begin a sentence: no phrase holds one inside
    """

    def __init__(
        self, keys: NDArray[np.intp], ends: NDArray[np.bool_], breaks: NDArray[np.intp]
    ) -> None:
        self._size = len(keys)
        self._runs: list[tuple[int, NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]] = []
        opens = np.zeros(len(keys), bool)
        opens[breaks] = True
        runs, whole = keys, keys >= 0
        for words in range(1, min(_LONGEST, len(keys)) + 1):
            if words > 1:
                runs = runs[:-1] * (keys.max() + 2) + keys[words - 1 :] + 1
                whole = whole[:-1] & (keys[words - 1 :] >= 0) & ~opens[words - 1 :]
                runs = np.unique(runs, return_inverse=True)[1]
            starts = np.flatnonzero(whole & ends[: len(whole)] & ends[words - 1 :])
            _, numbers, counts = np.unique(runs[starts], return_inverse=True, return_counts=True)
            often = counts[numbers] > 1
            starts = starts[often]
            _, numbers, counts = np.unique(numbers[often], return_inverse=True, return_counts=True)
            self._runs.append((words, starts, numbers, counts))

    def above(self, probabilities: Floats, edge: float) -> Iterator[Phrase]:
        """Phrases whose mean probability, over all their places, is above the edge; no two of them
        share a word.

        Of two that would, the one that is worth more keeps it: worth is how far its mean is above
        the edge, times its words. A phrase has all its places but those lost so.
        """
        totals = np.concatenate([[0.0], np.cumsum(probabilities, dtype=np.float64)])
        found: list[tuple[float, int, int, list[int]]] = []
        for words, starts, numbers, counts in self._runs:
            sums = np.bincount(numbers, totals[starts + words] - totals[starts], len(counts))
            worth = sums / counts - edge * words
            order = np.argsort(numbers, kind="stable")
            last = np.cumsum(counts)
            for number in np.flatnonzero(worth > 0).tolist():
                places = starts[order[last[number] - counts[number] : last[number]]].tolist()
                found.append((-float(worth[number]), places[0], words, places))
        taken = np.zeros(self._size, bool)
        for _, _, words, places in sorted(found):
            free = []
            for start in places:
                if not taken[start : start + words].any():
                    taken[start : start + words] = True
                    free.append(start)
            if free:
                yield Phrase(tuple(free), words)
