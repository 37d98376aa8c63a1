"""The core types: labelled spans and the documents that hold them."""

from dataclasses import dataclass, field

from tagger.errors import InputError

__all__ = ["Classification", "Document", "Span"]


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled fragment of a text.

    `start` and `end` count Unicode code points of the text exactly as it was received,
    half-open (`text[start:end]`). `score` is a probability in [0, 1]; gold spans bear 1.
    """

    start: int
    end: int
    label: str
    score: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise InputError(
                f"span {self.start}-{self.end} ({self.label}) is empty or starts before the text: "
                "offsets are half-open, 0 <= start < end"
            )


@dataclass(frozen=True, slots=True)
class Document:
    """A text and its spans, gold or predicted. Overlapping spans are legal.

    Raises InputError if a span ends after the text.
    """

    text: str
    spans: tuple[Span, ...] = ()
    id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "spans", tuple(self.spans))
        for span in self.spans:
            if span.end > len(self.text):
                where = f" of document {self.id}" if self.id else ""
                raise InputError(
                    f"span {span.start}-{span.end} ({span.label}){where} ends after its text, "
                    f"which has {len(self.text)} characters: offsets count Unicode code points"
                )


@dataclass(frozen=True, slots=True)
class Classification:
    """The technique of a fragment that someone else marked.

    `scores` holds the probability of every label; they sum to 1.
    """

    start: int
    end: int
    label: str
    score: float
    scores: dict[str, float] = field(default_factory=dict)
