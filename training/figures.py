"""Figures of a set of predictions, with bootstrap intervals over articles."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any, TypeVar

import numpy as np
from sklearn.metrics import brier_score_loss, roc_auc_score

from tagger import Document
from training.bootstrap import bounds, resamples
from training.measure import Accuracy, Overlap, flc, flc_by_label, si
from training.pool import right

__all__ = ["calibration_figures", "interval", "span_figures", "tc_figures"]

Sums = TypeVar("Sums", Overlap, Accuracy)

_RESAMPLES = 1000
_LOWEST_SCORE = 0.05


def span_figures(predicted: Sequence[Document], gold: Sequence[Document]) -> dict[str, Any]:
    """SI, FLC and FLC by label, with 95% intervals: `interval` is that of F1."""
    pairs = list(zip(predicted, gold, strict=True))
    figures: dict[str, Any] = {}
    for name, measure in (("si", si), ("flc", flc)):
        figures[name] = _ratios([measure([p], [g]) for p, g in pairs])
    by_label = [flc_by_label([p], [g]) for p, g in pairs]
    figures["flc_by_label"] = {
        label: _ratios([article.get(label, Overlap()) for article in by_label])
        for label in sorted({label for article in by_label for label in article})
    }
    return figures


def tc_figures(articles: Mapping[str, Sequence[Accuracy]]) -> dict[str, Any]:
    """Technique classification: micro-F1 over all, with its 95% interval, and recall by label.

    articles  one Accuracy an article, by label; "all" holds those over all labels
    """
    totals = {label: sum(parts, Accuracy()) for label, parts in articles.items()}
    return {
        "f1": round(totals["all"].f1, 4),
        "interval": interval(articles["all"], Accuracy()),
        "rows": totals["all"].rows,
        "recall_by_label": {
            label: round(total.f1, 4) for label, total in totals.items() if label != "all"
        },
    }


def calibration_figures(candidates: Sequence[Document], gold: Sequence[Document]) -> dict[str, Any]:
    """How far scores are probabilities, over candidates scored 0.05 or more.

    candidates  documents tagged at threshold 0
    A span is right if it shares at least half its characters with a gold span of its label.
    `bins` holds, for ten bins of equal count, the mean score and the share that is right. Where
    all candidates are right, or none is, their count is all that can be told.
    """
    scored = [
        (span.score, right(span, document))
        for found, document in zip(candidates, gold, strict=True)
        for span in found.spans
        if span.score >= _LOWEST_SCORE
    ]
    scores = np.array([score for score, _ in scored])
    truth = np.array([is_right for _, is_right in scored])
    if len(set(truth.tolist())) < 2:
        return {"candidates": len(scored)}
    parts = np.array_split(np.argsort(scores), min(10, len(scored)))
    bins = [
        {"score": round(float(s.mean()), 4), "right": round(float(t.mean()), 4)}
        for s, t in ((scores[part], truth[part]) for part in parts)
    ]
    base = truth.mean()
    return {
        "candidates": len(scored),
        "expected_calibration_error": round(
            float(np.mean([abs(each["score"] - each["right"]) for each in bins])), 4
        ),
        "area_under_roc": round(float(roc_auc_score(truth, scores)), 4),
        "brier": round(float(brier_score_loss(truth, scores)), 4),
        "brier_of_base_rate": round(float(base * (1 - base)), 4),
        "bins": bins,
    }


def interval(articles: Sequence[Sums], zero: Sums, *, of: str = "f1") -> list[float]:
    """The 95% bootstrap interval over articles of F1, or another figure of the sums."""
    rows = np.array([astuple(article) for article in articles])
    sums = resamples(len(articles), _RESAMPLES) @ rows
    found = [getattr(type(zero)(*row), of) for row in sums.tolist()]
    return [round(bound, 4) for bound in bounds(found)]


def _ratios(articles: Sequence[Overlap]) -> dict[str, Any]:
    sums = sum(articles, Overlap())
    return {
        "f1": round(sums.f1, 4),
        "precision": round(sums.precision, 4),
        "recall": round(sums.recall, 4),
        "predicted": sums.predicted,
        "gold": sums.gold,
        "interval": interval(articles, Overlap()),
        "precision_interval": interval(articles, Overlap(), of="precision"),
        "recall_interval": interval(articles, Overlap(), of="recall"),
    }
