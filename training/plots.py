"""Plots of a report as SVG for the inside of a page, whose style sheet gives colours and font."""

import io
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from training.curves import Curve, Scored

__all__ = ["confusion_matrix", "precision_recall", "reliability", "small_precision_recall"]

# Colours that no plot has; each becomes a variable of the page's style sheet, so that one drawing
# serves light and dark.
_INK, _QUIET, _RULE, _LINE, _POINT = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {_INK: "ink", _QUIET: "quiet", _RULE: "rule", _LINE: "line", _POINT: "point"}

_STYLE: dict[str, Any] = {
    "axes.edgecolor": _RULE,
    "axes.labelcolor": _QUIET,
    "axes.linewidth": 1,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.color": _INK,
    "text.parse_math": False,
    "xtick.color": _RULE,
    "xtick.labelcolor": _QUIET,
    "ytick.color": _RULE,
    "ytick.labelcolor": _QUIET,
}
_styled = style.context(["default", _STYLE])  # whatever the user's own matplotlibrc says

_F1 = (0.2, 0.4, 0.6, 0.8)


@_styled
def precision_recall(curve: Curve | None, shown: Scored) -> str:
    """A curve over lines of equal F1, and the point of what is shown at the thresholds."""
    figure = _figure(4.4, 3.8)
    axes = _axes(figure)
    for f1 in _F1:
        recall = np.linspace(f1 / (2 - f1), 1, 100)
        axes.plot(recall, f1 * recall / (2 * recall - f1), color=_RULE, linewidth=0.8)
        axes.text(1.01, f1 / (2 - f1), f"F1 {f1}", color=_QUIET, size=8, va="center")
    _curve(axes, curve, shown)
    axes.set_xlabel("recall: gold spans found")
    axes.set_ylabel("precision: marked spans right")
    return _svg(figure, "pr", "Precision against recall of span scores, all techniques pooled")


@_styled
def small_precision_recall(name: str, number: int, curve: Curve | None, shown: Scored) -> str:
    """The same for one technique, small and without names of the axes."""
    figure = _figure(1.7, 1.45)
    axes = _axes(figure)
    axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    axes.set_yticks([0, 0.5, 1], ["0", ".5", "1"])
    _curve(axes, curve, shown)
    return _svg(figure, f"pr-{number}", f"Precision against recall: {name}")


@_styled
def reliability(bins: Sequence[Mapping[str, float]]) -> str:
    """Mean score against the share that is right, one point a bin, beside the diagonal."""
    score = np.array([each["score"] for each in bins])
    share = np.array([each["right"] for each in bins])
    end = min(1.0, np.ceil(max(score.max(), share.max()) * 10 + 0.5) / 10)
    figure = _figure(4.4, 3.8)
    axes = _axes(figure, end=end)
    axes.plot([0, end], [0, end], color=_QUIET, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(score, share, color=_LINE, linewidth=1.5, marker="o", markersize=5)
    axes.set_xlabel("mean score of a bin")
    axes.set_ylabel("share that is right")
    return _svg(figure, "reliability", "Share of candidates that is right against their mean score")


@_styled
def confusion_matrix(counts: NDArray[np.intp], names: Sequence[str]) -> str:
    """Shares of rows as shades, in percent, with counts; rows are gold, columns were named."""
    side = 0.55 * len(names)
    figure = _figure(side + 2.9, side + 1.9)
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cells = [(row, column) for row, column in np.argwhere(counts).tolist()]
    boxes = [Rectangle((column - 0.5, row - 0.5), 1, 1) for row, column in cells]
    # Paler than the share, so that text in ink can be read on all of them.
    shades = [0.05 + 0.55 * shares[cell] for cell in cells]
    axes.add_collection(PatchCollection(boxes, facecolor=_LINE, alpha=shades, linewidth=0))
    for row, column in cells:
        share = axes.text(column, row, f"{shares[row, column]:.0%}", ha="center", va="bottom")
        share.set(size=9, weight="bold" if row == column else "normal")
        axes.text(column, row + 0.06, f"{counts[row, column]:,}", ha="center", va="top", size=7.5)
    places = range(len(names))
    axes.set_xticks(places, names, rotation=40, ha="left", rotation_mode="anchor", color=_INK)
    axes.set_yticks(places, names, color=_INK)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for place in range(len(names) + 1):
        axes.axhline(place - 0.5, color=_RULE, linewidth=0.5)
        axes.axvline(place - 0.5, color=_RULE, linewidth=0.5)
    axes.spines[:].set_visible(False)
    return _svg(figure, "confusions", "Techniques of gold fragments against those they were named")


def _axes(figure: Figure, *, end: float = 1.0) -> Axes:
    """Both axes from 0 to `end`."""
    axes = figure.add_subplot()
    axes.set_xlim(0, end)
    axes.set_ylim(0, end)
    axes.spines[:].set_zorder(1)  # below the curves
    return axes


def _figure(width: float, height: float) -> Figure:
    """Width and height in inches of 72 units of the drawing."""
    return Figure(figsize=(width, height), layout="constrained")


def _curve(axes: Axes, curve: Curve | None, shown: Scored) -> None:
    if curve:
        axes.step(
            curve.recall, curve.precision, where="post", color=_LINE, linewidth=1.5, clip_on=False
        )
    if shown.precision is not None and shown.recall is not None:
        axes.plot(shown.recall, shown.precision, "o", color=_POINT, markersize=5, clip_on=False)


def _svg(figure: Figure, name: str, description: str) -> str:
    """The figure as an element that scales with its column; its ids begin with `name`."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    whole = buffer.getvalue()
    start = re.search(r'<svg [^>]*viewBox="([^"]*)"[^>]*>', whole)
    assert start, "matplotlib's SVG begins otherwise"
    body = whole[start.end() :].replace("xlink:href", "href")
    body = re.sub(r"<style.*?</style>|font-family: [^;\"]*;?", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{name}-", body)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var(--{variable})")
    label = escape(description)
    return f'<svg viewBox="{start[1]}" role="img" aria-label="{label}">{body.strip()}'
