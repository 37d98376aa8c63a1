"""The measures of the task: span identification, fragment-level and technique classification.

Da San Martino et al., SemEval-2020 Task 11, section 4 (SI, TC); Fine-Grained Analysis of
Propaganda in News Articles, EMNLP 2019, section 4.2 (FLC). Results hold sums, so that they can be
added over articles; precision, recall and F1 are derived from the sums.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tagger import Document, InputError, Span, Tagger

__all__ = [
    "Accuracy",
    "Overlap",
    "accuracy",
    "flc",
    "flc_by_label",
    "merge",
    "name_fragments",
    "si",
]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Sums of a span measure over one or many articles.

    predicted, gold  counts of spans
    precision_sum    over pairs, characters shared by the pair over those of the predicted span
    recall_sum       the same over those of the gold span
    """

    predicted: int = 0
    gold: int = 0
    precision_sum: float = 0.0
    recall_sum: float = 0.0

    def __add__(self, other: "Overlap") -> "Overlap":
        return Overlap(
            self.predicted + other.predicted,
            self.gold + other.gold,
            self.precision_sum + other.precision_sum,
            self.recall_sum + other.recall_sum,
        )

    @property
    def precision(self) -> float:
        """Shared characters over those of the predicted spans, averaged over the latter."""
        return self.precision_sum / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The same over gold spans."""
        return self.recall_sum / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Right and all rows of technique classification; micro-F1 is their ratio."""

    right: int = 0
    rows: int = 0

    def __add__(self, other: "Accuracy") -> "Accuracy":
        return Accuracy(self.right + other.right, self.rows + other.rows)

    @property
    def f1(self) -> float:
        """Micro-F1: the share that is right."""
        return self.right / self.rows if self.rows else 0.0


def si(predicted: Sequence[Document], gold: Sequence[Document]) -> Overlap:
    """Span identification: labels are ignored, overlapping spans merged first.

    The two lists hold the same documents in the same order. Raises InputError if they don't.
    """
    return sum((_overlap(p.spans, g.spans) for p, g in _pairs(predicted, gold)), Overlap())


def flc(predicted: Sequence[Document], gold: Sequence[Document]) -> Overlap:
    """Fragment-level classification: as `si`, over pairs of spans that bear the same label."""
    return sum(flc_by_label(predicted, gold).values(), Overlap())


def flc_by_label(predicted: Sequence[Document], gold: Sequence[Document]) -> dict[str, Overlap]:
    """The summands of `flc`, by label, labels in alphabetical order."""
    sums: dict[str, Overlap] = {}
    for p, g in _pairs(predicted, gold):
        for label in {span.label for span in (*p.spans, *g.spans)}:
            found = [span for span in p.spans if span.label == label]
            true = [span for span in g.spans if span.label == label]
            sums[label] = sums.get(label, Overlap()) + _overlap(found, true)
    return dict(sorted(sums.items()))


def accuracy(predicted: Sequence[Span], gold: Sequence[Span]) -> Accuracy:
    """Technique classification of one document: a predicted label for each gold row.

    Rows of the same fragment are matched as a set, since their order means nothing.
    Raises InputError if the fragments differ.
    """
    rows = Counter((span.start, span.end) for span in gold)
    if rows != Counter((span.start, span.end) for span in predicted):
        raise InputError("technique classification needs one label for each gold row, no more")
    labels = Counter((s.start, s.end, s.label) for s in gold)
    labels &= Counter((s.start, s.end, s.label) for s in predicted)
    return Accuracy(labels.total(), rows.total())


def name_fragments(tagger: Tagger, document: Document) -> list[Span]:
    """The gold rows of a document with the labels that the tagger gives their fragments."""
    found = tagger.classify(document.text, [(span.start, span.end) for span in document.spans])
    return [Span(each.start, each.end, each.label) for each in found]


def merge(spans: Iterable[Span]) -> list[tuple[int, int]]:
    """The (start, end) of spans after those that share a character became one, sorted."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((span.start, span.end) for span in spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _pairs(
    predicted: Sequence[Document], gold: Sequence[Document]
) -> Iterable[tuple[Document, Document]]:
    if [p.id for p in predicted] != [g.id for g in gold]:
        raise InputError("predictions and gold must be the same documents in the same order")
    return zip(predicted, gold, strict=True)


def _overlap(predicted: Iterable[Span], gold: Iterable[Span]) -> Overlap:
    found, true = merge(predicted), merge(gold)
    precision = recall = 0.0
    for start, end in found:
        for left, right in true:
            shared = min(end, right) - max(start, left)
            if shared > 0:
                precision += shared / (end - start)
                recall += shared / (right - left)
    return Overlap(len(found), len(true), precision, recall)
