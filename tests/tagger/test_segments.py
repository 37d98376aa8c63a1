"""Runs of words: maximal segments against their definition, and phrases against a plain count."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tagger.segments import Phrases, maximal_segments


def brute_force(gains: Sequence[int]) -> list[tuple[int, int]]:
    """Ruzzo and Tompa's definition: runs worth more than every run inside them, less those
    inside another such run."""
    count = len(gains)
    worth = {(i, j): sum(gains[i:j]) for i in range(count) for j in range(i + 1, count + 1)}
    good = [
        (i, j)
        for i, j in worth
        if worth[i, j] > 0
        and all(
            worth[k, m] < worth[i, j]
            for k in range(i, j)
            for m in range(k + 1, j + 1)
            if (k, m) != (i, j)
        )
    ]
    return [x for x in good if not any(y != x and y[0] <= x[0] and x[1] <= y[1] for y in good)]


@given(st.lists(st.integers(-4, 4), max_size=14), st.sets(st.integers(0, 13)))
@example([1, -1, 2], set())
@example([2, -1, 1], set())
def test_segments_are_the_maximal_ones(gains: list[int], breaks: set[int]) -> None:
    breaks = {at for at in breaks if at < len(gains)}
    edges = sorted(breaks | {0, len(gains)})
    expected = [
        (start + left, start + right)
        for start, end in pairwise(edges)
        for left, right in brute_force(gains[start:end])
    ]
    columns = np.array([gains, np.zeros(len(gains)), gains], np.float32).T
    found = maximal_segments(columns, np.array(sorted(breaks), np.intp))
    assert found == [(column, *segment) for column in (0, 2) for segment in sorted(expected)]


@given(
    st.lists(st.sampled_from([-1, 0, 1, 2]), max_size=16),
    st.sets(st.integers(0, 15)),
    st.lists(st.sampled_from([0.0, 0.2, 0.5, 1.0]), min_size=16, max_size=16),
)
def test_phrases_are_what_a_document_repeats(
    keys: list[int], breaks: set[int], probabilities: list[float]
) -> None:
    values = np.array(probabilities[: len(keys)], np.float32)
    opens = {at for at in breaks if at < len(keys)}
    ends = [key != 0 for key in keys]  # word 0 is short
    phrases = Phrases(
        np.array(keys, np.intp), np.array(ends, bool), np.array(sorted(opens), np.intp)
    )

    def words(start: int, count: int) -> tuple[int, ...] | None:
        own = tuple(keys[start : start + count])
        inside = range(start + 1, start + count)
        whole = len(own) == count and -1 not in own and opens.isdisjoint(inside)
        return own if whole and ends[start] and ends[start + count - 1] else None

    places: dict[tuple[int, ...], list[int]] = {}
    for count in range(1, 6):
        for start in range(len(keys)):
            if own := words(start, count):
                places.setdefault(own, []).append(start)

    taken: set[int] = set()
    worth: list[float] = []
    for phrase in phrases.above(values, 0.3):
        own = words(phrase.starts[0], phrase.words)
        assert own is not None
        assert set(phrase.starts) <= set(places[own])
        assert len(places[own]) > 1
        inside = {at for start in phrase.starts for at in range(start, start + phrase.words)}
        assert len(inside) == len(phrase.starts) * phrase.words
        assert not inside & taken
        taken |= inside
        all_places = [values[at : at + phrase.words].sum() for at in places[own]]
        worth.append(float(np.mean(all_places)) - 0.3 * phrase.words)
        assert worth[-1] > -1e-6
    assert worth == sorted(worth, reverse=True) or np.allclose(worth, sorted(worth, reverse=True))
    for own, starts in places.items():  # nothing that is worth something is left out
        if len(starts) > 1:
            gains = [values[at : at + len(own)].sum() for at in starts]
            if np.mean(gains) - 0.3 * len(own) > 1e-6:
                assert any(taken & set(range(at, at + len(own))) for at in starts)
