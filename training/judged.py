"""Two models judged on the same labelled texts, by the labels that were looked for in each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tagger import Document, Span, Tagger
from training.evidence import Evidence

__all__ = ["Judged", "Seen", "judged", "see", "within"]


@dataclass(frozen=True)
class Judged:
    """Two models on the same texts, none of which the new one learnt from.

    groups   the article of each text
    learnt   how many of the texts the old model learnt from
    ignored  how often the new model marks a label that no one looked for in these texts
    """

    gold: tuple[Document, ...]
    groups: tuple[int, ...]
    old: Evidence
    new: Evidence
    learnt: int
    ignored: int


@dataclass(frozen=True)
class Seen:
    """What a model says of one text."""

    predicted: Document
    candidates: Document
    named: tuple[Span, ...]


def see(tagger: Tagger, gold: Sequence[Document]) -> list[Seen]:
    """What a model says of each text. Raises InputError if a gold span holds no word."""
    evidence = Evidence.collect(tagger, gold)
    rows = zip(evidence.predicted, evidence.candidates, evidence.named, strict=True)
    return [Seen(*row) for row in rows]


def judged(
    gold: Sequence[Document],
    groups: Sequence[int],
    old: Sequence[Seen],
    new: Sequence[Seen],
    allowed: Sequence[frozenset[str]],
    learnt: int,
) -> Judged:
    """What two models say of texts, side by side.

    groups   the article of each text
    allowed  the labels that were looked for in each: marks of others are neither right nor wrong
    learnt   how many of the texts the old model learnt from
    """

    def evidence(seen: Sequence[Seen]) -> Evidence:
        pairs = list(zip(seen, allowed, strict=True))
        predicted = [within(one.predicted, labels) for one, labels in pairs]
        candidates = [within(one.candidates, labels) for one, labels in pairs]
        return Evidence.of(told, predicted, candidates, [one.named for one in seen])

    told = [within(one, labels) for one, labels in zip(gold, allowed, strict=True)]
    ignored = sum(
        span.label not in labels
        for one, labels in zip(new, allowed, strict=True)
        for span in one.predicted.spans
    )
    return Judged(tuple(gold), tuple(groups), evidence(old), evidence(new), learnt, ignored)


def within(document: Document, labels: frozenset[str]) -> Document:
    """The document with the spans of these labels alone."""
    return replace(document, spans=tuple(s for s in document.spans if s.label in labels))
