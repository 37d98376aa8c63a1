"""Span identification on arrays against its definition, over documents on one axis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import Document, Span
from training.folder import taxonomy
from training.gold import Gold
from training.measure import si
from training.passages import Passages, identification

LABELS = taxonomy(["doubt", "slogans"])
TEXT = "x" * 30

spans = st.tuples(st.integers(0, 29), st.integers(1, 8), st.sampled_from(["doubt", "slogans"]))
documents = st.lists(
    st.lists(spans.map(lambda s: Span(s[0], min(s[0] + s[1], 30), s[2])), max_size=6).map(
        lambda own: Document(TEXT, tuple(own))
    ),
    min_size=1,
    max_size=4,
)


def places(gold: Gold, found: list[Document]) -> Passages:
    """The spans of documents on the axis of the gold."""
    rows = [(i, s.start, s.end) for i, document in enumerate(found) for s in document.spans]
    numbers, starts, ends = np.array(rows, np.intp).reshape(-1, 3).T
    return Passages.merged(gold.along(numbers, np.stack([starts, ends])))


@given(documents, documents, st.sets(st.integers(0, 3)))
def test_si_is_as_measured(marked: list[Document], found: list[Document], left: set[int]) -> None:
    count = min(len(marked), len(found))
    rows = np.array([i not in left for i in range(count)])
    gold = Gold.of(marked[:count], LABELS)
    found = [d if keep else Document(TEXT) for d, keep in zip(found, rows, strict=False)]
    seen = [i for i in range(count) if rows[i]]
    expected = si([found[i] for i in seen], [marked[i] for i in seen]).f1
    assert identification(places(gold, found), gold.passages(rows)) == pytest.approx(expected)


def test_gold_counts_merged_spans_of_each_label() -> None:
    marked = Document(TEXT, (Span(0, 5, "doubt"), Span(4, 9, "doubt"), Span(9, 12, "slogans")))
    gold = Gold.of([marked, Document(TEXT)], LABELS)
    assert gold.counts.tolist() == [[1, 1], [0, 0]]
    assert gold.passages(np.array([True, True])).starts.tolist() == [0, 9]
    assert Gold.of([], LABELS).counts.shape == (0, 2)
