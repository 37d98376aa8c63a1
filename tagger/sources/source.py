"""What was sent, beside the text that is tagged, and the way between their offsets."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from tagger.spans import Document, Span

__all__ = ["Run", "Source"]


class Run(NamedTuple):
    """Characters `start:end` of the text, which `raw_start:raw_end` of what was sent stands for.

    They are the same characters (a run of text), or those of a character reference, or ones that
    nothing was sent for: the line break of a `<br>`.
    """

    start: int
    end: int
    raw_start: int
    raw_end: int

    @property
    def same(self) -> bool:
        """Whether the characters stand in the text as they were sent."""
        return self.end - self.start == self.raw_end - self.raw_start

    @property
    def made(self) -> bool:
        """Whether nothing was sent for the characters."""
        return self.raw_start == self.raw_end


@dataclass(frozen=True, slots=True)
class Source:
    """A text to tag and what it was read from; offsets are half-open, in code points.

    raw   as it was received
    text  what is tagged: of HTML the text of its blocks, a blank line between two
    runs  cover `text` in order

    Made by `read_source`.
    """

    raw: str
    text: str
    runs: tuple[Run, ...]

    def to_raw(self, start: int, end: int) -> tuple[int, int]:
        """The part of `raw` that characters `start:end` of `text` stand for; start < end.

        A character reference is taken whole, even where it stands for two characters.
        """
        first = self.runs[bisect_right(self.runs, start, key=attrgetter("start")) - 1]
        last = self.runs[bisect_left(self.runs, end, key=attrgetter("start")) - 1]
        return (
            first.raw_start + (start - first.start if first.same else 0),
            last.raw_start + (end - last.start) if last.same else last.raw_end,
        )

    def to_text(self, start: int, end: int) -> tuple[int, int]:
        """The characters of `text` that come from `raw[start:end]`; empty if none do.

        A character reference counts if it lies inside as a whole.
        """
        first = bisect_right(self.runs, start, key=attrgetter("raw_end"))
        after = bisect_left(self.runs, end, key=attrgetter("raw_start"))
        if first < after and self.runs[first].made:
            first += 1
        if first < after and self.runs[after - 1].made:
            after -= 1
        if first >= after:
            return 0, 0
        run, last = self.runs[first], self.runs[after - 1]
        inside = max(start - run.raw_start, 0)
        outside = max(last.raw_end - end, 0)
        begin = run.start + inside if run.same or not inside else run.end
        stop = last.end - outside if last.same or not outside else last.start
        return begin, max(begin, stop)

    def quote(self, start: int, end: int) -> str:
        """The text nodes of `raw[start:end]`, character references decoded."""
        start, end = self.to_text(start, end)
        first = bisect_right(self.runs, start, key=attrgetter("end"))
        after = bisect_left(self.runs, end, key=attrgetter("start"))
        return "".join(
            self.text[max(start, run.start) : min(end, run.end)]
            for run in self.runs[first:after]
            if not run.made
        )

    def document(self, tagged: Document) -> Document:
        """The tagged `text` as a Document of `raw`: the same spans, by the offsets as sent."""
        spans = (
            Span(*self.to_raw(span.start, span.end), span.label, span.score)
            for span in tagged.spans
        )
        return Document(self.raw, tuple(spans), tagged.id)
