"""Figures from sums and scores whose answer is known."""

import numpy as np
import pytest

from tagger import Document, Span
from training.figures import calibration_figures, interval, span_figures, tc_figures
from training.measure import Accuracy, Overlap

TEXT = "x" * 1000


def scored(scores: list[float], right: list[bool]) -> tuple[Document, Document]:
    """A document of predicted spans, and one in which those that are right are gold."""
    spans = [Span(4 * i, 4 * i + 3, "doubt", score) for i, score in enumerate(scores)]
    gold = [Span(s.start, s.end, s.label) for s, one in zip(spans, right, strict=True) if one]
    return Document(TEXT, tuple(spans), "1"), Document(TEXT, tuple(gold), "1")


def test_calibration_by_hand() -> None:
    """Ten bins of two: eight hold a right and a wrong one at 0.5, two are right at 0.9."""
    scores, right = [0.5] * 16 + [0.9] * 4, [True, False] * 8 + [True] * 4
    found, gold = scored([*scores, 0.04, 0.0499], [*right, True, False])
    figures = calibration_figures([found], [gold])
    assert figures["candidates"] == 20
    assert len(figures["bins"]) == 10
    assert figures["expected_calibration_error"] == pytest.approx(0.02 + figures_error(figures))
    assert figures["brier"] == pytest.approx((16 * 0.25 + 4 * 0.01) / 20)
    assert figures["brier_of_base_rate"] == pytest.approx(0.6 * 0.4)
    # of 12 x 8 pairs of a right and a wrong one, 32 are in order and 64 tied
    assert figures["area_under_roc"] == pytest.approx((32 + 64 / 2) / 96, abs=1e-4)


def figures_error(figures: dict[str, list[dict[str, float]]]) -> float:
    """What the bins of score 0.5 add to the error: which of equal scores go together is open."""
    return sum(abs(b["right"] - 0.5) / 10 for b in figures["bins"] if b["score"] == 0.5)


def test_scores_that_are_probabilities_err_little() -> None:
    random = np.random.default_rng(0)
    pairs = []
    for _ in range(40):
        scores = random.uniform(0.06, 0.9, 200)
        pairs.append(scored(scores.tolist(), (random.random(200) < scores).tolist()))
    honest = calibration_figures(*zip(*pairs, strict=True))
    assert honest["expected_calibration_error"] < 0.02
    assert honest["brier"] < honest["brier_of_base_rate"]
    shown = [each["score"] for each in honest["bins"]]
    assert shown == sorted(shown)
    boasting = [(Document(p.text, raised(p.spans), "1"), gold) for p, gold in pairs]
    other = calibration_figures(*zip(*boasting, strict=True))
    assert other["expected_calibration_error"] > 0.1
    assert other["area_under_roc"] == pytest.approx(honest["area_under_roc"], abs=1e-3)


def raised(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple(Span(s.start, s.end, s.label, s.score**0.5) for s in spans)


def test_fewer_candidates_than_bins() -> None:
    figures = calibration_figures(
        *([each] for each in scored([0.2, 0.8, 0.6], [False, True, False]))
    )
    assert figures["candidates"] == len(figures["bins"]) == 3
    assert figures["expected_calibration_error"] == pytest.approx((0.2 + 0.2 + 0.6) / 3, abs=1e-4)
    assert figures["area_under_roc"] == 1


@pytest.mark.parametrize("right", [[], [True], [False, False]])
def test_candidates_that_are_all_alike_are_only_counted(right: list[bool]) -> None:
    found, gold = scored([0.3] * len(right), right)
    assert calibration_figures([found], [gold]) == {"candidates": len(right)}


def test_span_figures() -> None:
    predicted = [
        Document(TEXT, (Span(0, 10, "doubt"), Span(20, 30, "slogans")), "1"),
        Document(TEXT, (Span(0, 10, "doubt"),), "2"),
    ]
    gold = [
        Document(TEXT, (Span(0, 20, "doubt"),), "1"),
        Document(TEXT, (Span(0, 5, "doubt"),), "2"),
    ]
    figures = span_figures(predicted, gold)
    counts = {"predicted": 3, "gold": 2}
    ratios = {"precision": 0.5, "recall": 0.75, "f1": 0.6}
    # A sample of two articles is the first twice, the second twice, or both: the first alone has
    # precision 1/2 and recall 1/2, the second 1/2 and 1.
    intervals = {
        "interval": [0.5, 0.6667],
        "precision_interval": [0.5, 0.5],
        "recall_interval": [0.5, 1.0],
    }
    assert figures["flc"] == counts | ratios | intervals
    assert figures["si"] == figures["flc"]
    own = {
        "interval": [0.6667, 0.75],
        "precision_interval": [0.5, 1.0],
        "recall_interval": [0.5, 1.0],
    }
    nothing = {name: [0.0, 0.0] for name in own}
    doubt = {"f1": 0.75, "precision": 0.75, "recall": 0.75, "predicted": 2, "gold": 2}
    slogans = {"f1": 0.0, "precision": 0.0, "recall": 0.0, "predicted": 1, "gold": 0}
    assert figures["flc_by_label"] == {"doubt": doubt | own, "slogans": slogans | nothing}


def test_tc_figures() -> None:
    all_rows = [Accuracy(2, 3), Accuracy(0, 1), Accuracy(0, 0)]
    doubt = [Accuracy(2, 2), Accuracy(), Accuracy()]
    found = tc_figures({"all": all_rows, "doubt": doubt, "slogans": [Accuracy(0, 2), Accuracy()]})
    assert found["f1"] == 0.5
    assert found["rows"] == 4
    assert found["recall_by_label"] == {"doubt": 1.0, "slogans": 0.0}
    assert 0 <= found["interval"][0] <= 0.5 <= found["interval"][1] <= 1


def test_intervals_are_a_bootstrap_over_articles() -> None:
    assert interval([Accuracy(1, 2)] * 50, Accuracy()) == [0.5, 0.5]
    assert interval([Overlap(2, 1, 1.0, 1.0)], Overlap()) == [round(2 / 3, 4)] * 2
    random = np.random.default_rng(1)
    articles = [Accuracy(int(hit), 1) for hit in random.random(400) < 0.3]
    share = sum(article.right for article in articles) / 400
    low, high = interval(articles, Accuracy())
    half = 1.96 * np.sqrt(share * (1 - share) / 400)
    assert (low, high) == pytest.approx((share - half, share + half), abs=0.01)
    assert interval(articles, Accuracy()) == [low, high]
    spans = [Overlap(1, 2, article.right, 0.5) for article in articles]
    assert interval(spans, Overlap(), of="precision") == [low, high]
    assert interval(spans, Overlap(), of="recall") == [0.25, 0.25]
