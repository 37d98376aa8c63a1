"""Tagged text for a terminal, in colour or in plain characters."""

import unicodedata
from collections.abc import Iterable, Sequence

from tagger.formats.legend import Entry, legend
from tagger.formats.segments import Segment, segments
from tagger.formats.visible import visible
from tagger.manifest import Label
from tagger.spans import Document, Span

__all__ = ["to_terminal"]

# Background and ink out of the 256 colours: seven light and seven dark ones, chosen to
# differ as much as they can under all three kinds of colour blindness.
_COLOURS = (
    *((background, 16) for background in (221, 183, 115, 109, 143, 189, 157)),
    *((background, 231) for background in (26, 94, 23, 88, 97, 90, 125)),
)
_DIM, _UNDERLINE, _RESET = "\x1b[2m", "\x1b[4m", "\x1b[0m"
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_GAP = "   "


def to_terminal(
    document: Document, labels: Sequence[Label], *, color: bool, width: int | None
) -> str:
    """The text with its spans marked, then a summary of the techniques found.

    color  mark with ANSI colours; without, with brackets alone
    width  columns that the summary may fill; None gives each technique a line of its own

    Each span is followed by its technique and score, so that colour never tells alone.
    Overlapping spans stand in brackets, numbered where neither holds the other. The text is
    not wrapped; control characters are written as escapes, so that it can't steer the
    terminal that shows it.
    """
    entries = legend(labels, [document])
    pieces = segments(document)
    overlapping = {span for piece in pieces if len(piece.spans) > 1 for span in piece.spans}
    numbers = _numbers(pieces)
    out = []
    for start, end, spans in pieces:
        for span in spans:
            if span.start == start and (span in overlapping or not color):
                out.append(_bracket("⟦", span, numbers, entries, color))
        text = visible(document.text[start:end])
        if color and spans:
            innermost = min(spans, key=lambda span: span.end - span.start)
            text = _painted(text, entries[innermost.label], underline=len(spans) > 1)
        out.append(text)
        for span in reversed(spans):
            if span.end == end:
                if span in overlapping or not color:
                    out.append(_bracket("⟧", span, numbers, entries, color))
                out.append(_tag(span, color))
    text = "".join(out)
    if text and not text.endswith("\n"):
        text += "\n"
    return f"{text}\n{_summary(entries.values(), color, width)}"


def _numbers(pieces: Sequence[Segment]) -> dict[Span, int]:
    """A number for every span that crosses another: starts inside it and ends after it."""
    crossing = set()
    for _, end, spans in pieces:
        for place, span in enumerate(spans):
            if span.end == end:
                later = [other for other in spans[place:] if other.end > end]
                crossing.update([span, *later] if later else [])
    ordered = sorted(crossing, key=lambda span: (span.start, -span.end, span.label))
    return {span: number for number, span in enumerate(ordered, 1)}


def _bracket(
    bracket: str, span: Span, numbers: dict[Span, int], entries: dict[str, Entry], color: bool
) -> str:
    if span in numbers:
        bracket += str(numbers[span]).translate(_SUPERSCRIPTS)
    return _painted(bracket, entries[span.label]) if color else bracket


def _painted(text: str, entry: Entry, *, underline: bool = False) -> str:
    background, ink = _COLOURS[entry.position % len(_COLOURS)]
    style = f"\x1b[38;5;{ink};48;5;{background}m" + (_UNDERLINE if underline else "")
    # A background that is on at a line break would fill the rest of the new line.
    return "\n".join(f"{style}{line}{_RESET}" if line else "" for line in text.split("\n"))


def _tag(span: Span, color: bool) -> str:
    tag = f"{_title(span.label, color)} {_score(span.score)}"
    return f"{_DIM} [{tag}]{_RESET}" if color else f"({tag})"


def _title(label: str, color: bool) -> str:
    title = visible(label).replace("\n", " ")
    return title.replace("_", " ") if color else title


def _score(score: float) -> str:
    return f"{score:.2f}".removeprefix("0")


def _summary(entries: Iterable[Entry], color: bool, width: int | None) -> str:
    found = sorted(
        (entry for entry in entries if entry.count),
        key=lambda entry: (-entry.count, entry.position),
    )
    if not found:
        return "no technique found\n"
    spans = sum(entry.count for entry in found)
    heading = (
        f"{spans} span{'s' * (spans > 1)}, {len(found)} technique{'s' * (len(found) > 1)} "
        "(count, highest score)"
    )
    widest = max(_cells(_title(entry.id, color)) for entry in found)
    digits = len(str(found[0].count))
    rows = []
    for entry in found:
        title = _title(entry.id, color)
        padding = " " * (widest - _cells(title))
        if color:
            title = _painted(f" {title} ", entry)
        rows.append(f"{title}{padding} {entry.count:>{digits}} {_score(entry.highest or 0.0):>4}")
    cell = widest + 2 * color + 1 + digits + 1 + 4
    columns = max(1, ((width or 0) + len(_GAP)) // (cell + len(_GAP)))
    lines = (
        _GAP.join(rows[first : first + columns]).rstrip() for first in range(0, len(rows), columns)
    )
    return "\n".join([heading, *lines]) + "\n"


def _cells(text: str) -> int:
    """How many terminal columns a text fills."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )
