"""A text cut wherever a span starts or ends."""

from collections import defaultdict
from itertools import pairwise
from typing import NamedTuple

from tagger.spans import Document, Span

__all__ = ["Segment", "segments"]


class Segment(NamedTuple):
    """A stretch of text, half-open in code points, and every span that covers it.

    `spans` is sorted by start, the longer first, then by label; it is empty between spans.
    """

    start: int
    end: int
    spans: tuple[Span, ...]


def segments(document: Document) -> list[Segment]:
    """Cut a document into segments: joined, they are its text; none is empty."""
    spans = sorted(document.spans, key=lambda span: (span.start, -span.end, span.label))
    starting: defaultdict[int, list[int]] = defaultdict(list)
    ending: defaultdict[int, list[int]] = defaultdict(list)
    for rank, span in enumerate(spans):
        starting[span.start].append(rank)
        ending[span.end].append(rank)
    cuts = sorted({0, len(document.text), *starting, *ending})
    open_ranks: set[int] = set()
    result = []
    for start, end in pairwise(cuts):
        open_ranks.difference_update(ending[start])
        open_ranks.update(starting[start])
        result.append(Segment(start, end, tuple(spans[rank] for rank in sorted(open_ranks))))
    return result
