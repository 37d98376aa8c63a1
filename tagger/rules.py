"""The rules of a moderation policy: what of a text's spans and words makes one hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tagger.spans import Span

__all__ = ["ACTIONS", "Action", "Rule"]

Action = Literal["allow", "review", "block"]

ACTIONS: tuple[Action, ...] = ("allow", "review", "block")
"""What a decision can be, the most lenient first; `allow` is decided where no rule holds."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Holds for a text in which enough spans count; a span counts by its label and its score.

    action          what it asks for: review or block
    labels          ids of the labels that count; None: all
    score           lowest score of a span that counts, in [0, 1]
    count           lowest number of spans that count, at least 1; a fragment that bears two of
                    the labels is two spans
    per_1000_words  lowest number of spans that count in 1,000 words, in [0, 1000]; words are what
                    white space parts
    """

    name: str
    action: Action
    labels: tuple[str, ...] | None = None
    score: float = 0.0
    count: int = 1
    per_1000_words: float = 0.0

    def counting(self, spans: Sequence[Span]) -> tuple[int, ...]:
        """The indices of the spans that count."""
        return tuple(
            index
            for index, span in enumerate(spans)
            if span.score >= self.score and (self.labels is None or span.label in self.labels)
        )

    def holds(self, counted: int, words: int) -> bool:
        """Whether so many counted spans in a text of so many words make the rule hold."""
        return counted >= self.count and 1000 * counted >= self.per_1000_words * words

    def covers(self, other: "Rule", known_labels: Sequence[str]) -> bool:
        """Whether this rule holds for every text for which the other one does."""
        mine = set(known_labels if self.labels is None else self.labels)
        theirs = set(known_labels if other.labels is None else other.labels)
        return (
            mine >= theirs
            and self.score <= other.score
            and self.count <= other.count
            and self.per_1000_words <= other.per_1000_words
        )
