"""Curves and confusions whose answer is known, and curves against counting anew."""

from itertools import pairwise

import numpy as np
import pytest

from tagger import Document, Span
from training.curves import Scored, confusions, scored_by_label
from training.measure import accuracy
from training.pool import right

TEXT = "x" * 1000


def document(*spans: Span) -> Document:
    return Document(TEXT, spans, "1")


def test_a_curve_by_hand() -> None:
    """Of three gold spans one is met twice, one once and one never."""
    gold = document(Span(0, 10, "doubt"), Span(20, 30, "doubt"), Span(40, 50, "doubt"))
    marked = document(
        Span(0, 5, "doubt", 0.9),
        Span(5, 9, "doubt", 0.3),
        Span(20, 40, "doubt", 0.6),  # half of it is shared
        Span(60, 70, "doubt", 0.8),
    )
    [scored] = scored_by_label([marked], [gold]).values()
    curve = scored.curve()
    assert curve is not None
    # at .3, .6, .8, .9, and above all scores
    assert curve.precision.tolist() == pytest.approx([3 / 4, 2 / 3, 1 / 2, 1, 1])
    assert curve.recall.tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3, 1 / 3, 0])
    assert curve.average_precision == pytest.approx(1 / 3 * 2 / 3 + 1 / 3 * 1)
    assert (scored.precision, scored.recall) == (3 / 4, 2 / 3)


@pytest.mark.parametrize(
    ("marked", "gold", "precision", "recall"),
    [
        ([Span(0, 10, "doubt")], [Span(0, 5, "doubt")], 1, 1),
        ([Span(0, 10, "doubt")], [Span(0, 4, "doubt")], 0, 0),
        ([Span(0, 4, "doubt")], [Span(0, 100, "doubt")], 1, 1),
        ([Span(0, 10, "doubt")], [Span(0, 4, "doubt"), Span(5, 9, "doubt")], 0, 0),
        ([Span(0, 10, "doubt")], [Span(0, 5, "doubt"), Span(5, 10, "doubt")], 1, 1),
        ([Span(0, 10, "doubt")], [], 0, None),
        ([], [Span(0, 4, "doubt")], None, 0),
        ([Span(0, 10, "doubt", 0.0)], [Span(0, 10, "doubt")], 1, 1),
    ],
)
def test_what_is_right_and_what_is_found(
    marked: list[Span], gold: list[Span], precision: float | None, recall: float | None
) -> None:
    other = Span(0, 10, "slogans")  # says nothing of doubt
    found = scored_by_label([document(*marked, other)], [document(*gold)])["doubt"]
    assert (found.precision, found.recall) == (precision, recall)
    assert (found.curve() is None) == (not precision)
    assert found.right.tolist() == [right(span, document(*gold)) for span in marked]


def test_a_curve_says_what_counting_at_each_threshold_says() -> None:
    random = np.random.default_rng(0)
    pairs = []
    for _ in range(12):
        marked, gold = (
            [
                Span(start, start + int(random.integers(4, 30)), label, round(score, 1))
                for start, score in zip(range(0, 900, 30), random.random(30).tolist(), strict=True)
                for label in ("doubt", "slogans")
                if random.random() < share
            ]
            for share in (0.5, 0.3)
        )
        pairs.append((document(*marked), document(*gold)))
    marked, gold = zip(*pairs, strict=True)
    by_label = scored_by_label(marked, gold)
    assert [*by_label] == ["doubt", "slogans"]
    curve = Scored.pool(by_label.values()).curve()
    assert curve is not None
    thresholds = sorted({span.score for one in marked for span in one.spans})
    assert len(thresholds) == len(curve.precision) - 1
    for number, threshold in enumerate(thresholds):
        kept = [document(*(s for s in one.spans if s.score >= threshold)) for one in marked]
        counted = Scored.pool(scored_by_label(kept, gold).values())
        assert curve.precision[number] == pytest.approx(counted.precision)
        assert curve.recall[number] == pytest.approx(counted.recall)
    assert all(before >= after for before, after in pairwise(curve.recall))
    assert 0 < curve.average_precision < curve.precision.max()


def test_confusions_match_rows_of_one_fragment_as_a_set() -> None:
    gold = document(
        Span(0, 4, "doubt"),
        Span(5, 9, "doubt"),
        Span(5, 9, "slogans"),
        Span(10, 14, "a"),
        Span(10, 14, "doubt"),
        Span(10, 14, "slogans"),
    )
    named = [
        Span(0, 4, "slogans"),
        Span(5, 9, "slogans"),
        Span(5, 9, "doubt"),
        Span(10, 14, "doubt"),
        Span(10, 14, "b"),
        Span(10, 14, "c"),
    ]
    labels = ["a", "b", "c", "doubt", "slogans"]
    counts = confusions([gold, document()], [named, []], labels)
    found = {
        (labels[row], labels[column]): int(counts[row, column])
        for row, column in np.argwhere(counts)
    }
    assert found == {
        ("a", "b"): 1,
        ("doubt", "doubt"): 2,
        ("doubt", "slogans"): 1,
        ("slogans", "c"): 1,
        ("slogans", "slogans"): 1,
    }
    assert np.trace(counts) == accuracy(named, gold.spans).right
    assert counts.sum(axis=1).tolist() == [1, 0, 0, 3, 2]
