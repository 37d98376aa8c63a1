"""From candidates to decisions: span edges, calibrated scores, thresholds.

All of it is chosen on candidates that the classifiers were not fitted on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tagger import FEATURES, Label
from training.gold import Gold
from training.passages import Passages, identification
from training.pool import Edge, Pool

__all__ = ["Decided", "decide"]

_HIGHEST_THRESHOLD = 0.5
"""A span more likely right than wrong is always shown."""

_ROUNDS, _MEASURED = 8, 32
"""Rounds of the search at most; cuts of a label's candidates at which SI is measured."""


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
    pools: dict[Edge, Pool],
    gold: Gold,
    documents: NDArray[np.bool_],
    recalls: Sequence[float] | None = None,
) -> Decided:
    """Choose each label's edge, calibration and threshold for the highest FLC F1 plus SI F1.

    FLC counts half for all spans together and half as the mean of the labels' own by their shares
    of the gold spans: all together, frequent labels decide, and spans that serve them may do a
    label itself no good. SI finds worth in a span whose passage is right and whose label is wrong.

    pools      candidates by edge
    documents  (documents,): which of them to choose on
    recalls    the recall that each label has to reach, or come as near to as it can; None: any

    A label's spans are phrases if that is better for the label itself: single words of phrases
    within other spans would raise the precision of all.
    """
    pools = {edge: pool.of(documents[pool.documents]) for edge, pool in pools.items()}
    marked, counts = gold.passages(documents), gold.counts[documents].sum(axis=0)
    weights = {edge: _calibrate(pool, len(counts)) for edge, pool in pools.items()}
    curves: list[dict[Edge, _Curve]] = []
    lowest: list[float] = []
    for label in range(len(counts)):
        own = {edge: _curve(pool, weights[edge], label, gold) for edge, pool in pools.items()}
        best = max(own, key=lambda edge: _f1(own[edge].sums, counts[label]).max())
        own = {edge: own[edge] for edge in own if edge.phrases == best.phrases}
        curves.append(own)
        recall = max(own[edge].sums[-1, 2] for edge in own) / max(counts[label], 1)
        lowest.append(min(recalls[label], recall) if recalls else 0.0)
    edges = [next(iter(own)) for own in curves]
    cuts = [0] * len(counts)
    sums = np.zeros((len(counts), 3))
    shown = [np.zeros((2, 0))] * len(counts)
    for _ in range(_ROUNDS):  # coordinate ascent: one label's edge and cut given all others'
        before = list(cuts), list(edges)
        for label in range(len(counts)):
            others = np.hstack([np.zeros((2, 0)), *shown[:label], *shown[label + 1 :]])
            highest = -1.0
            for edge, curve in curves[label].items():
                worth = _f1(curve.sums + sums.sum(axis=0) - sums[label], counts.sum()) / 2
                worth += _f1(curve.sums, counts[label]) * counts[label] / counts.sum() / 2
                worth += curve.identified(others, marked)
                worth[curve.sums[:, 2] < lowest[label] * counts[label] - 1e-9] = -2
                cut = int(worth.argmax())
                if worth[cut] > highest:
                    highest, edges[label], cuts[label] = float(worth[cut]), edge, cut
            curve, cut = curves[label][edges[label]], cuts[label]
            sums[label], shown[label] = curve.sums[cut], curve.places[:, :cut]
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
    places  (2, n): starts and ends, on the axis of the gold's passages
    """

    scores: NDArray[np.float64]
    sums: NDArray[np.float64]
    places: NDArray[np.float64]

    def threshold(self, cut: int) -> float:
        """A score between the last candidate kept and the first one left out."""
        above = self.scores[cut - 1] if cut else 1.0
        below = self.scores[cut] if cut < len(self.scores) else 0.0
        return float(min(round((above + below) / 2, 4), _HIGHEST_THRESHOLD))

    def identified(self, others: NDArray[np.float64], gold: Passages) -> NDArray[np.float64]:
        """SI of the first k candidates together with other spans: (n + 1,).

        It is no sum over candidates: some k are measured, those between interpolated.
        """
        count = len(self.scores)
        cuts = np.unique(np.rint(np.geomspace(1, count + 1, _MEASURED)).astype(int)) - 1
        found = [
            identification(Passages.merged(np.hstack([others, self.places[:, :cut]])), gold)
            for cut in cuts.tolist()
        ]
        return np.interp(np.arange(count + 1), cuts, found)


def _curve(pool: Pool, weights: NDArray[np.float64], label: int, gold: Gold) -> _Curve:
    rows = np.flatnonzero(pool.labels == label)
    scores = _scores(pool.features[rows], weights[label])
    order = np.argsort(-scores, kind="stable")
    steps = np.column_stack([np.ones(len(rows)), pool.gains[rows]])[order]
    sums = np.vstack([np.zeros(3), np.cumsum(steps, axis=0)])
    places = pool.documents[rows][order]
    bounds = np.stack([pool.starts[rows][order], pool.ends[rows][order]])
    return _Curve(scores[order], sums, gold.along(places, bounds))


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
