"""Plots of a batch's output as SVG."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from tagger.drawing import INK, LINE, QUIET, RULE, new_figure, styled, to_svg

__all__ = ["Bar", "Curve", "bars", "histogram", "over_months", "small_histogram", "small_months"]

Bar = tuple[str, float, str]
"""What a bar stands for, its length, and what is said of it at its end."""

Curve = tuple[Sequence[str], Sequence[float]]
"""Months in their order, as 2024-05, and the share of rows in each."""

_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 12000)
_MOST_TICKS = 5


@styled
def bars(rows: Sequence[Bar], name: str, description: str) -> str:
    """One bar a row, its name above it, so that long names fit a narrow screen."""
    figure = new_figure(4.6, 0.42 * len(rows))
    axes = figure.add_subplot()
    longest = max(length for _, length, _ in rows) or 1.0
    for place, (named, length, said) in enumerate(rows):
        axes.barh(place, longest, height=0.3, color=RULE, alpha=0.4)
        axes.barh(place, length, height=0.3, color=LINE)
        axes.text(0, place - 0.22, named, va="bottom", size=10, color=INK)
        axes.text(longest, place - 0.22, said, va="bottom", ha="right", size=9.5, color=QUIET)
    axes.set_xlim(0, longest)
    axes.set_ylim(len(rows) - 0.75, -0.8)
    axes.set_axis_off()
    return to_svg(figure, name, description)


@styled
def histogram(counts: NDArray[np.int64]) -> str:
    """How many spans have a score in each bin of equal width from 0 to 1."""
    figure = new_figure(4.6, 3.0)
    axes = _histogram(figure.add_subplot(), counts)
    axes.set_xlabel("score")
    axes.set_ylabel("spans")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xticks(np.linspace(0, 1, 6))
    return to_svg(figure, "scores", "Histogram of the scores of all spans")


@styled
def small_histogram(counts: NDArray[np.int64], named: str, number: int) -> str:
    """The same for one technique, small, its height that of its fullest bin."""
    figure = new_figure(1.9, 1.3)
    axes = _histogram(figure.add_subplot(), counts)
    axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    axes.set_yticks([0, counts.max()], ["0", f"{counts.max():,}"])
    return to_svg(figure, f"scores-{number}", f"Histogram of scores: {named}")


@styled
def over_months(curve: Curve) -> str:
    """The share of rows with a span in each month; a month without rows is a gap."""
    figure = new_figure(4.6, 2.8)
    axes = _months(figure.add_subplot(), curve)
    first, last = _number(curve[0][0]), _number(curve[0][-1])
    step = next((s for s in _STEPS if (last - first) // s < _MOST_TICKS), _STEPS[-1])
    ticks = range(first + -first % step, last + 1, step)
    axes.set_xticks(ticks, [_said(tick)[: 4 if step >= 12 else 7] for tick in ticks])
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylabel("rows with a span")
    return to_svg(figure, "months", "Share of rows with a span of any technique, month by month")


@styled
def small_months(curve: Curve, named: str, number: int) -> str:
    """The same for one technique, small, up to its own highest share."""
    figure = new_figure(1.9, 1.3)
    axes = _months(figure.add_subplot(), curve)
    months, shares = curve
    axes.set_xticks([_number(months[0])], [months[0]], size=8, ha="left")
    axes.set_xticks([_number(months[-1])], [months[-1]], size=8, ha="right", minor=True)
    axes.tick_params(which="both", length=3, pad=3, color=RULE, labelcolor=QUIET)
    axes.set_yticks([0, max(shares)], ["0", f"{max(shares):.1%}"])
    return to_svg(figure, f"months-{number}", f"Share of rows, month by month: {named}")


def _histogram(axes: Axes, counts: NDArray[np.int64]) -> Axes:
    axes.stairs(counts, np.linspace(0, 1, len(counts) + 1), fill=True, color=LINE)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, max(1, counts.max()) * 1.02)
    return axes


def _months(axes: Axes, curve: Curve) -> Axes:
    at = np.array([_number(month) for month in curve[0]], float)
    shares = np.array(curve[1])
    gaps = np.flatnonzero(np.diff(at) > 1) + 1
    at, shares = np.insert(at, gaps, np.nan), np.insert(shares, gaps, np.nan)  # breaks the line
    axes.plot(at, shares, color=LINE, linewidth=1.5, marker="o", markersize=2.5, clip_on=False)
    axes.set_ylim(0, max(np.nanmax(shares), 1e-9) * 1.05)
    return axes


def _number(month: str) -> int:
    """Months since the year 0."""
    return 12 * int(month[:4]) + int(month[5:]) - 1


def _said(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"
