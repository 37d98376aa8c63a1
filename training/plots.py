"""Plots of a report on a model as SVG."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from tagger.drawing import INK, LINE, POINT, QUIET, RULE, new_figure, styled, to_svg
from training.curves import Curve, Scored

__all__ = [
    "confusion_matrix",
    "learning_curve",
    "precision_recall",
    "reliability",
    "small_precision_recall",
]

_F1 = (0.2, 0.4, 0.6, 0.8)


@styled
def precision_recall(curve: Curve | None, shown: Scored, before: Curve | None = None) -> str:
    """A curve over lines of equal F1, and the point of what is shown at the thresholds; `before`:
    the curve of another model, dashed."""
    figure = new_figure(4.4, 3.8)
    axes = _axes(figure)
    for f1 in _F1:
        recall = np.linspace(f1 / (2 - f1), 1, 100)
        axes.plot(recall, f1 * recall / (2 * recall - f1), color=RULE, linewidth=0.8)
        axes.text(1.01, f1 / (2 - f1), f"F1 {f1}", color=QUIET, size=8, va="center")
    if before:
        axes.step(
            before.recall,
            before.precision,
            where="post",
            color=QUIET,
            linewidth=1.2,
            linestyle=(0, (3, 2)),
            clip_on=False,
        )
    _curve(axes, curve, shown)
    axes.set_xlabel("recall: gold spans found")
    axes.set_ylabel("precision: marked spans right")
    return to_svg(figure, "pr", "Precision against recall of span scores, all techniques pooled")


@styled
def small_precision_recall(name: str, number: int, curve: Curve | None, shown: Scored) -> str:
    """The same for one technique, small and without names of the axes."""
    figure = new_figure(1.7, 1.45)
    axes = _axes(figure)
    axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    axes.set_yticks([0, 0.5, 1], ["0", ".5", "1"])
    _curve(axes, curve, shown)
    return to_svg(figure, f"pr-{number}", f"Precision against recall: {name}")


@styled
def reliability(bins: Sequence[Mapping[str, float]]) -> str:
    """Mean score against the share that is right, one point a bin, beside the diagonal."""
    score = np.array([each["score"] for each in bins])
    share = np.array([each["right"] for each in bins])
    end = min(1.0, np.ceil(max(score.max(), share.max()) * 10 + 0.5) / 10)
    figure = new_figure(4.4, 3.8)
    axes = _axes(figure, end=end)
    axes.plot([0, end], [0, end], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(score, share, color=LINE, linewidth=1.5, marker="o", markersize=5)
    axes.set_xlabel("mean score of a bin")
    axes.set_ylabel("share that is right")
    return to_svg(
        figure, "reliability", "Share of candidates that is right against their mean score"
    )


@styled
def learning_curve(shares: Sequence[float], flc: Sequence[float]) -> str:
    """FLC against the share of new labels that was learnt from; the first share is none."""
    figure = new_figure(4.4, 3.0)
    axes = figure.add_subplot()
    axes.plot(shares, flc, color=LINE, linewidth=1.5, marker="o", markersize=5, clip_on=False)
    axes.axhline(flc[0], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    for share, value in zip(shares, flc, strict=True):
        # The first would lie across the axis.
        at, side = ((5, 7), "left") if share == shares[0] else ((0, 7), "center")
        axes.annotate(
            f"{value:.3f}", (share, value), at, textcoords="offset points", ha=side, size=9
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, min(1.0, max(flc) * 1.25 + 0.02))
    axes.set_xticks(shares, [f"{share:.0%}" for share in shares])
    axes.set_xlabel("share of the new labels learnt from")
    axes.set_ylabel("FLC on new texts")
    return to_svg(figure, "learning", "FLC on new texts by the share of new labels learnt from")


@styled
def confusion_matrix(counts: NDArray[np.intp], names: Sequence[str]) -> str:
    """Shares of rows as shades, in percent, with counts; rows are gold, columns were named."""
    side = 0.55 * max(len(names), 6)  # or the names of a few leave them no room
    figure = new_figure(side + 2.9, side + 1.9)
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cells = [(row, column) for row, column in np.argwhere(counts).tolist()]
    boxes = [Rectangle((column - 0.5, row - 0.5), 1, 1) for row, column in cells]
    # Paler than the share, so that text in ink can be read on all of them.
    shades = [0.05 + 0.55 * shares[cell] for cell in cells]
    axes.add_collection(PatchCollection(boxes, facecolor=LINE, alpha=shades, linewidth=0))
    for row, column in cells:
        share = axes.text(column, row, f"{shares[row, column]:.0%}", ha="center", va="bottom")
        share.set(size=9, weight="bold" if row == column else "normal")
        axes.text(column, row + 0.06, f"{counts[row, column]:,}", ha="center", va="top", size=7.5)
    places = range(len(names))
    axes.set_xticks(places, names, rotation=40, ha="left", rotation_mode="anchor", color=INK)
    axes.set_yticks(places, names, color=INK)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for place in range(len(names) + 1):
        axes.axhline(place - 0.5, color=RULE, linewidth=0.5)
        axes.axvline(place - 0.5, color=RULE, linewidth=0.5)
    axes.spines[:].set_visible(False)
    return to_svg(
        figure, "confusions", "Techniques of gold fragments against those they were named"
    )


def _axes(figure: Figure, *, end: float = 1.0) -> Axes:
    """Both axes from 0 to `end`."""
    axes = figure.add_subplot()
    axes.set_xlim(0, end)
    axes.set_ylim(0, end)
    axes.spines[:].set_zorder(1)  # below the curves
    return axes


def _curve(axes: Axes, curve: Curve | None, shown: Scored) -> None:
    if curve:
        axes.step(
            curve.recall, curve.precision, where="post", color=LINE, linewidth=1.5, clip_on=False
        )
    if shown.precision is not None and shown.recall is not None:
        axes.plot(shown.recall, shown.precision, "o", color=POINT, markersize=5, clip_on=False)
