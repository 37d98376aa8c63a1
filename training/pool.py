"""Candidates of labelled documents, and which of them are right."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from tagger import FEATURES, Candidate, Document, Label, Span, Window, candidates
from training.gold import spans_by_label
from training.measure import merge

__all__ = ["EDGES", "Edge", "Pool", "right"]


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a label's candidates end: the lowest probability of segments of words, or of phrases
    that the document repeats."""

    probability: float
    phrases: bool = False

    def of(self, labels: Sequence[Label]) -> list[Label]:
        """The labels with this edge."""
        return [replace(each, edge=self.probability, phrases=self.phrases) for each in labels]


EDGES = tuple(
    [Edge(probability) for probability in (0.03, 0.05, 0.08, 0.12, 0.18, 0.25, 0.35)]
    + [Edge(probability, phrases=True) for probability in (0.03, 0.05, 0.08)]
)
"""What is tried for each label."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates of one edge over many documents; arrays of one row each.

    features  (n, len(FEATURES))      labels  index of the label
    right     is it right, see `right`  documents  index of the document
    gains     (n, 2): what it adds to the precision and recall sums of FLC
    starts, ends  offsets in the document
    """

    features: NDArray[np.float64]
    labels: NDArray[np.intp]
    documents: NDArray[np.intp]
    right: NDArray[np.bool_]
    gains: NDArray[np.float64]
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]

    @classmethod
    def collect(
        cls,
        documents: Sequence[Document],
        windows: Sequence[Window],
        probabilities: Sequence[NDArray[np.float32]],
        labels: Sequence[Label],
    ) -> "Pool":
        """All candidates of the documents; windows were planned from their texts, in order."""
        columns = {label.id: column for column, label in enumerate(labels)}
        gold = [spans_by_label(document) for document in documents]
        texts = [document.text for document in documents]
        found = list(candidates(texts, windows, probabilities, labels))
        overlaps = [_overlap(item, gold[item.source].get(item.label, [])) for item in found]
        return cls(
            np.array([item.features for item in found]).reshape(-1, len(FEATURES)),
            np.array([columns[item.label] for item in found], np.intp),
            np.array([item.source for item in found], np.intp),
            np.array([best >= 0.5 for _, _, best in overlaps], bool),
            np.array([gains for *gains, _ in overlaps]).reshape(-1, 2),
            np.array([item.start for item in found], np.intp),
            np.array([item.end for item in found], np.intp),
        )

    @classmethod
    def concatenate(cls, parts: Sequence["Pool"]) -> "Pool":
        """The candidates of all parts, whose documents are numbered alike."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def long_enough(self, labels: Sequence[Label]) -> "Pool":
        """The candidates of as many words as their labels ask."""
        least = np.array([label.least_words for label in labels])
        words = np.exp(self.features[:, FEATURES.index("words")])
        return self.of(words > least[self.labels] - 0.5)

    def of(self, rows: NDArray[np.bool_]) -> "Pool":
        """Some of the candidates."""
        return Pool(*(getattr(self, field.name)[rows] for field in fields(self)))


def right(candidate: Candidate | Span, document: Document) -> bool:
    """Does it share at least half its characters with one gold span of its label?"""
    gold = merge(span for span in document.spans if span.label == candidate.label)
    return _overlap(candidate, gold)[2] >= 0.5


def _overlap(item: Candidate | Span, gold: Sequence[tuple[int, int]]) -> tuple[float, float, float]:
    """Its share of the precision and recall sums, and its largest overlap with one gold span."""
    precision = recall = best = 0.0
    for start, end in gold:
        shared = min(item.end, end) - max(item.start, start)
        if shared > 0:
            precision += shared / (item.end - item.start)
            recall += shared / (end - start)
            best = max(best, shared / (item.end - item.start))
    return precision, recall, best
