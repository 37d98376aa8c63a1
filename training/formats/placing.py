"""From marks as a tool stored them to spans of the text, checked against the words it quotes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tagger import Span, to_code_points
from training.formats.records import Entry, Mark

__all__ = ["Misplaced", "Placed", "merged", "placed", "same_words"]

_UNITS = {"code_point": "characters", "utf16": "UTF-16 units", "utf8": "bytes"}


@dataclass(frozen=True, slots=True)
class Placed:
    """The spans of an entry, sorted; their labels are still as the tool spells them.

    repaired  the quoted words prove that offsets count another unit than the tool's likeliest
    """

    spans: tuple[Span, ...]
    repaired: bool = False


class Misplaced(ValueError):
    """A mark that can't be placed: the message says which and why, and quotes no text."""


def placed(entry: Entry) -> Placed:
    """The spans of an entry. Raises Misplaced if one can't be placed.

    Offsets are read in the first of the entry's units in which every mark fits. Another than the
    likeliest needs proof: words beside a mark that stand at its place in this unit alone.
    """
    for mark in entry.marks:
        _check(mark)
    reasons: list[str] = []
    for unit in entry.units:
        spans = _spans(entry, unit)
        if isinstance(spans, str):
            reasons.append(spans)
        elif not reasons or any(mark.quote for mark in entry.marks):
            return Placed(spans, repaired=bool(reasons))
    raise Misplaced(reasons[0])


def same_words(text: str, quote: str) -> bool:
    """Whether a tool's quote is this text: tools write line breaks as they like."""
    return text == quote or text.split() == quote.replace("\\n", "\n").split()


def merged(
    spans: Sequence[Span], warn: Callable[[str], None] = lambda message: None
) -> tuple[Span, ...]:
    """The spans by start, the longer first, then label; those of one label that overlap made one.

    warn  is told of each pair that was merged
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.label, span.start, span.end)):
        last = kept[-1] if kept else None
        if last and last.label == span.label and span.start < last.end:
            warn(
                f"{span.label} {last.start}-{last.end} and {span.start}-{span.end} overlap "
                "and were merged"
            )
            kept[-1] = Span(last.start, max(last.end, span.end), span.label)
        else:
            kept.append(span)
    return tuple(sorted(kept, key=lambda span: (span.start, -span.end, span.label)))


def _check(mark: Mark) -> None:
    if type(mark.start) is not int or type(mark.end) is not int:
        raise Misplaced("a span's start and end must be whole numbers")
    if not isinstance(mark.label, str) or not any(one.isalnum() for one in mark.label):
        raise Misplaced(f"the span {mark.start}-{mark.end} has no label")
    if not 0 <= mark.start < mark.end:
        raise Misplaced(
            f"the span {mark.start}-{mark.end} is empty, turned around or starts before the text"
        )


def _spans(entry: Entry, unit: str) -> tuple[Span, ...] | str:
    """The spans of an entry whose offsets count `unit`, or why they don't fit."""
    offsets = [int(str(at)) for mark in entry.marks for at in (mark.start, mark.end)]
    points = to_code_points(entry.text, offsets, unit)
    length = len(entry.text.encode("utf-16-le")) // 2 if unit == "utf16" else len(entry.text)
    spans = []
    for number, mark in enumerate(entry.marks):
        start, end = points[2 * number : 2 * number + 2]
        where = f"the span {mark.start}-{mark.end} ({mark.label})"
        if offsets[2 * number + 1] > length:
            return f"{where} ends after the text, which has {length} {_UNITS[unit]}"
        if start is None or end is None:
            return f"{where} cuts a character in two"
        if mark.quote is not None and not same_words(entry.text[start:end], mark.quote):
            return f"{where} does not hold the words that are stored beside it"
        spans.append(Span(start, end, str(mark.label)))
    return tuple(spans)
