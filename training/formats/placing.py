"""From marks as a tool stored them to spans of the text, checked against the words it quotes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tagger import Span, convert_offsets, to_code_points
from training.formats.records import Entry, Mark

__all__ = ["MISPLACED", "Misplaced", "Placed", "merged", "placed"]

MISPLACED = "the span {}-{} is empty, turned around or starts before the text"
_BY_QUOTES = (
    "offsets were read as counting {}: only so do the spans hold the words stored with them"
)
_BY_WORDS = "offsets were read as counting {}: only so do the spans begin and end where words do"
_UNSURE = (
    "it is not clear whether its offsets count characters or, as web pages do, UTF-16 units (an "
    "emoji is two): say which with --offset-unit code_point or --offset-unit utf16"
)
_UNITS = {"code_point": "characters", "utf16": "UTF-16 units", "utf8": "bytes"}


@dataclass(frozen=True, slots=True)
class Placed:
    """The spans of an entry, sorted; their labels are still as the tool spells them.

    told  how it was found out which unit the offsets count, where it was not the tool's usual one
    """

    spans: tuple[Span, ...]
    told: str | None = None


class Misplaced(ValueError):
    """A mark that can't be placed: the message says which and why, and quotes no text."""


def placed(entry: Entry) -> Placed:
    """The spans of an entry. Raises Misplaced if one can't be placed.

    If the tool stores words beside the marks, offsets count the first of the entry's units in which
    every mark holds its words. Without words they count what the tool counts; where that is not
    sure, the unit in which the spans begin and end where words do.
    """
    marks = [_sound(mark) for mark in entry.marks]
    found = {unit: _spans(entry.text, marks, unit) for unit in entry.units}
    fitting = {unit: spans for unit, spans in found.items() if not isinstance(spans, str)}
    usual, proof = entry.units[0], _BY_QUOTES
    if not any(mark.quote for mark in marks):
        if entry.unit_is_sure:
            fitting = {unit: spans for unit, spans in fitting.items() if unit == usual}
        elif len(set(fitting.values())) > 1 or usual not in fitting:
            fits = bool(fitting)
            fitting = {u: spans for u, spans in fitting.items() if _whole_words(entry.text, spans)}
            proof = _BY_WORDS
            if len(fitting) > 1 or (fits and not fitting):
                raise Misplaced(_UNSURE)
    for unit, spans in fitting.items():
        told = proof is _BY_WORDS or spans != found[usual]
        return Placed(spans, proof.format(_UNITS[unit]) if told else None)
    raise Misplaced(str(found[usual]))


def _same_words(text: str, quote: str) -> bool:
    """Whether a tool's quote is this text. Tools write line breaks as they like, some as a
    backslash and an n."""
    one, other = (words.replace("\\n", "\n").split() for words in (text, quote))
    return text == quote or one == other


def merged(spans: Sequence[Span]) -> tuple[tuple[Span, ...], list[str]]:
    """The spans by start, the longer first, then label, those of one label that overlap made one;
    and a line for each pair that was merged."""
    kept: list[Span] = []
    pairs: list[str] = []
    for span in sorted(spans, key=lambda span: (span.label, span.start, span.end)):
        last = kept[-1] if kept else None
        if last and last.label == span.label and span.start < last.end:
            pairs.append(
                f"{span.label} {last.start}-{last.end} and {span.start}-{span.end} overlap "
                "and were merged"
            )
            kept[-1] = Span(last.start, max(last.end, span.end), span.label)
        else:
            kept.append(span)
    return tuple(sorted(kept, key=lambda span: (span.start, -span.end, span.label))), pairs


class _Sound(NamedTuple):
    start: int
    end: int
    label: str
    quote: str | None


def _sound(mark: Mark) -> _Sound:
    """The mark, its types checked."""
    start, end, label, quote = mark.start, mark.end, mark.label, mark.quote
    if isinstance(start, bool) or not isinstance(start, int):
        raise Misplaced("a span's start and end must be whole numbers")
    if isinstance(end, bool) or not isinstance(end, int):
        raise Misplaced("a span's start and end must be whole numbers")
    if not isinstance(label, str) or not any(one.isalnum() for one in label):
        raise Misplaced(f"the span {start}-{end} has no label")
    if not 0 <= start < end:
        raise Misplaced(MISPLACED.format(start, end))
    if not isinstance(quote, str | None):
        raise Misplaced(f"what is stored beside the span {start}-{end} ({label}) is no text")
    return _Sound(start, end, label, quote)


def _spans(text: str, marks: Sequence[_Sound], unit: str) -> tuple[Span, ...] | str:
    """The spans of marks whose offsets count `unit`, or why they don't fit."""
    offsets = [at for mark in marks for at in (mark.start, mark.end)]
    points = to_code_points(text, offsets, unit)
    [length] = convert_offsets(text, [len(text)], unit)
    spans = []
    for mark, start, end in zip(marks, points[::2], points[1::2], strict=True):
        where = f"the span {mark.start}-{mark.end} ({mark.label})"
        if mark.end > length:
            return f"{where} ends after the text, which has {length} {_UNITS[unit]}"
        if start is None or end is None:
            return f"{where} cuts a character in two"
        if mark.quote is not None and not _same_words(text[start:end], mark.quote):
            return f"{where} does not hold the words that are stored beside it"
        spans.append(Span(start, end, mark.label))
    return tuple(spans)


def _whole_words(text: str, spans: Sequence[Span]) -> bool:
    """Whether spans begin and end where words do, and not with white space."""
    return not any(
        text[span.start].isspace()
        or text[span.end - 1].isspace()
        or text[max(span.start - 1, 0) : span.start + 1].isalnum() * span.start
        or text[span.end - 1 : span.end + 1].isalnum() * (span.end < len(text))
        for span in spans
    )
