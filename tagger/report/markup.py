"""Pieces of the page: names, numbers and tables."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from tagger.formats import visible

__all__ = ["Names", "counted", "details", "percent", "shortened", "text", "wide_table"]

Names = Mapping[str, str]
"""Names of the techniques found by their labels, the most frequent technique first."""

_LONGEST_NAME = 36


def text(value: str) -> str:
    """Text for an element or an attribute, its control characters shown."""
    return escape(visible(value))


def shortened(name: str) -> str:
    """A name for a plot."""
    name = visible(" ".join(name.split()))
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def counted(count: int, noun: str) -> str:
    """A count and its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def percent(share: float) -> str:
    """A share, in tenths of a percent."""
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


def wide_table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[tuple[str, Sequence[str]]],
    *,
    shades: Iterable[Sequence[float]] | None = None,
) -> str:
    """A table that scrolls sideways where it must; the first of `head` is above the rows' names.

    shades  from 0 to 1, one a cell; by default there are none
    """
    top = "".join(f'<th scope="col">{text(name)}</th>' for name in head)
    body = []
    listed = [*rows]
    for (name, cells), shade in zip(listed, shades or [()] * len(listed), strict=True):
        styles = [f' style="--shade:{value:.2f}"' for value in shade] or [""] * len(cells)
        data = (f"<td{s}>{text(cell)}</td>" for s, cell in zip(styles, cells, strict=True))
        body.append(f'<tr><th scope="row">{text(name)}</th>{"".join(data)}</tr>')
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{text(caption)}">\n'
        f"<table>\n<caption>{text(caption)}</caption>\n<thead>\n<tr>{top}</tr>\n</thead>\n<tbody>\n"
        + "\n".join(body)
        + "\n</tbody>\n</table>\n</div>"
    )


def details(summary: str, inner: str) -> str:
    """What is shown when it is asked for."""
    return f"<details>\n<summary>{text(summary)}</summary>\n{inner}\n</details>"
