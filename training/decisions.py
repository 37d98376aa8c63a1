"""From candidates to decisions: span edges, calibrated scores, thresholds.

All of it is chosen on candidates that the classifiers were not fitted on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tagger import FEATURES, Label
from training.pool import Edge, Pool

__all__ = ["Decided", "decide"]

_HIGHEST_THRESHOLD = 0.5
"""A span more likely right than wrong is always shown."""


@dataclass(frozen=True)
class Decided:
    """What `decide` chose for each label, by position."""

    edges: tuple[Edge, ...]
    weights: tuple[tuple[float, ...], ...]
    thresholds: tuple[float, ...]

    def apply(self, labels: Sequence[Label]) -> tuple[Label, ...]:
        """The labels with their edges, calibrations and thresholds replaced."""
        return tuple(
            replace(
                label,
                edge=edge.probability,
                phrases=edge.phrases,
                calibration=dict(zip(FEATURES, weights, strict=True)),
                threshold=threshold,
            )
            for label, edge, weights, threshold in zip(
                labels, self.edges, self.weights, self.thresholds, strict=True
            )
        )


def decide(
    pools: dict[Edge, Pool], documents: NDArray[np.bool_], gold: NDArray[np.intp]
) -> Decided:
    """Choose each label's edge, calibration and threshold for the highest FLC F1: that of all
    spans, plus the mean of the labels' own by their shares of the gold spans. All alone, frequent
    labels decide, and chosen spans that serve them may do a label itself no good.

    pools      candidates by edge
    documents  (documents,): which of them to choose on
    gold       (labels,): gold spans in those documents, see `gold_counts`

    A label's spans are phrases if that is better for the label itself: single words of phrases
    within other spans would raise the precision of all.
    """
    pools = {edge: pool.of(documents[pool.documents]) for edge, pool in pools.items()}
    weights = {edge: _calibrate(pool, len(gold)) for edge, pool in pools.items()}
    curves: list[dict[Edge, _Curve]] = []
    for label in range(len(gold)):
        own = {edge: _curve(pool, weights[edge], label) for edge, pool in pools.items()}
        best = max(own, key=lambda edge: _f1(own[edge].sums, gold[label]).max())
        curves.append({edge: own[edge] for edge in own if edge.phrases == best.phrases})
    edges = [next(iter(own)) for own in curves]
    cuts = [0] * len(gold)
    totals = np.zeros((len(gold), 3))
    for _ in range(8):  # coordinate ascent: one label's edge and cut given all others'
        before = list(cuts), list(edges)
        for label in range(len(gold)):
            others = totals.sum(axis=0) - totals[label]
            highest = -1.0
            for edge, curve in curves[label].items():
                worth = _f1(curve.sums + others, gold.sum())
                worth += _f1(curve.sums, gold[label]) * gold[label] / gold.sum()
                cut = int(worth.argmax())
                if worth[cut] > highest:
                    highest, edges[label], cuts[label] = float(worth[cut]), edge, cut
                    totals[label] = curve.sums[cut]
        if before == (cuts, edges):
            break
    thresholds = [
        own[edge].threshold(cut) for own, edge, cut in zip(curves, edges, cuts, strict=True)
    ]
    chosen = [tuple(weights[edge][label].tolist()) for label, edge in enumerate(edges)]
    return Decided(tuple(edges), tuple(chosen), tuple(thresholds))


@dataclass(frozen=True, eq=False)
class _Curve:
    """A label's candidates from the highest score down.

    scores  (n,)      sums  (n + 1, 3): count, precision and recall sums of the first k
    """

    scores: NDArray[np.float64]
    sums: NDArray[np.float64]

    def threshold(self, cut: int) -> float:
        """A score between the last candidate kept and the first one left out."""
        above = self.scores[cut - 1] if cut else 1.0
        below = self.scores[cut] if cut < len(self.scores) else 0.0
        return float(min(round((above + below) / 2, 4), _HIGHEST_THRESHOLD))


def _curve(pool: Pool, weights: NDArray[np.float64], label: int) -> _Curve:
    rows = np.flatnonzero(pool.labels == label)
    scores = _scores(pool.features[rows], weights[label])
    order = np.argsort(-scores, kind="stable")
    steps = np.column_stack([np.ones(len(rows)), pool.gains[rows]])[order]
    return _Curve(scores[order], np.vstack([np.zeros(3), np.cumsum(steps, axis=0)]))


def _calibrate(pool: Pool, labels: int) -> NDArray[np.float64]:
    """Logistic weights (labels, features): a part that all labels share and each label's own.

    One penalised regression fits both, so that a rare technique stays near the common weights
    unless its candidates say otherwise (Platt, 1999, with partial pooling).
    """
    width = len(FEATURES)
    if len(set(pool.right.tolist())) < 2:  # nothing to tell apart: everywhere the share of right
        odds = (pool.right.sum() + 1) / ((~pool.right).sum() + 1)
        return np.tile(np.log(odds) * np.eye(width)[FEATURES.index("bias")], (labels, 1))
    design = np.zeros((len(pool.labels), width * (labels + 1)))
    design[:, :width] = pool.features
    for label in range(labels):
        rows = pool.labels == label
        design[rows, width * (label + 1) : width * (label + 2)] = pool.features[rows]
    fitted = LogisticRegression(C=1.0, fit_intercept=False, solver="newton-cholesky").fit(
        design, pool.right
    )
    weights = fitted.coef_[0].reshape(labels + 1, width)
    return np.asarray(weights[0] + weights[1:])


def _scores(features: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-(features @ weights))))


def _f1(sums: NDArray[np.float64], gold: int) -> NDArray[np.float64]:
    precision = sums[:, 1] / np.maximum(sums[:, 0], 1)
    recall = sums[:, 2] / max(gold, 1)
    return np.asarray(2 * precision * recall / np.maximum(precision + recall, 1e-9))
