"""Drawings for the inside of a page, whose style sheet gives their colours and their font.

Not shown by the package's face, which loads nothing heavy: matplotlib comes with the extras that
draw, and looks through all fonts when it is first imported.
"""

import io
import re
import warnings
from html import escape
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure

from tagger.formats import BASE_CSS, visible

__all__ = ["INK", "LINE", "POINT", "QUIET", "RULE", "STYLE_SHEET", "new_figure", "styled", "to_svg"]

STYLE_SHEET = "".join(
    sheet.read_text("utf-8") for sheet in (BASE_CSS, Path(__file__).with_name("drawing.css"))
)
"""The beginning of a page's style sheet; the rest gives `--tile`, the least width of its tiles."""

# Colours that no plot has; each becomes a variable of the page's style sheet, so that one drawing
# serves light and dark.
INK, QUIET, RULE, LINE, POINT = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {INK: "ink", QUIET: "quiet", RULE: "rule", LINE: "line", POINT: "point"}

_STYLE: dict[str, Any] = {
    "axes.edgecolor": RULE,
    "axes.labelcolor": QUIET,
    "axes.linewidth": 1,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": RULE,
    "xtick.labelcolor": QUIET,
    "ytick.color": RULE,
    "ytick.labelcolor": QUIET,
}
styled = style.context(["default", _STYLE])  # whatever the user's own matplotlibrc says
"""Decorates functions that draw."""


def new_figure(width: float, height: float) -> Figure:
    """Width and height in inches of 72 units of the drawing."""
    return Figure(figsize=(width, height), layout="constrained")


def to_svg(figure: Figure, name: str, description: str) -> str:
    """The figure as an element that scales with its column; its ids begin with `name`.

    description  what a reader is told who does not see the drawing
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with warnings.catch_warnings():
        # The browser's fonts have characters that the one that measures the text may lack.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    whole = buffer.getvalue()
    start = re.search(r'<svg [^>]*viewBox="([^"]*)"[^>]*>', whole)
    assert start, "matplotlib's SVG begins otherwise"
    body = whole[start.end() :].replace("xlink:href", "href")
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"<[^>]*>", lambda tag: _restyled(tag[0], name), body)  # and no text between
    label = escape(visible(description))
    return f'<svg viewBox="{start[1]}" role="img" aria-label="{label}">{body.strip()}'


def _restyled(tag: str, name: str) -> str:
    tag = re.sub(r"font-family: [^;\"]*;?", "", tag)
    tag = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{name}-", tag)
    for colour, variable in _VARIABLES.items():
        tag = tag.replace(colour, f"var(--{variable})")
    return tag
