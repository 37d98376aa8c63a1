"""What annotators marked in many documents, as arrays to choose decisions by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tagger import Document, Label
from training.measure import merge
from training.passages import Passages

__all__ = ["Gold", "spans_by_label", "with_least_words"]

_SHORTER = 0.04
"""Of a label's gold spans, the share that may be shorter than its shortest candidates."""


@dataclass(frozen=True, eq=False)
class Gold:
    """The labelled spans of documents.

    counts  (documents, labels): spans of each label, overlapping ones merged
    width   length of the axis that each document has for itself, see `along`
    """

    counts: NDArray[np.intp]
    width: int
    _documents: NDArray[np.intp]
    _marked: Passages

    @classmethod
    def of(cls, documents: Sequence[Document], labels: Sequence[Label]) -> "Gold":
        """From documents; spans of labels that are not given count as marked all the same."""
        own = [spans_by_label(document) for document in documents]
        counts = [[len(spans.get(label.id, [])) for label in labels] for spans in own]
        width = max((len(document.text) for document in documents), default=0) + 1
        marked = [(i, *span) for i, d in enumerate(documents) for span in merge(d.spans)]
        rows = np.array(marked, np.intp).reshape(-1, 3)
        places = (rows[:, :1] * width + rows[:, 1:]).astype(np.float64)
        return cls(
            np.array(counts, np.intp).reshape(len(documents), len(labels)),
            width,
            rows[:, 0],
            Passages(places[:, 0], places[:, 1]),
        )

    def along(self, documents: NDArray[np.intp], offsets: NDArray[np.intp]) -> NDArray[np.float64]:
        """Offsets in documents on one axis, along which the documents follow one another."""
        return (documents * self.width + offsets).astype(np.float64)

    def passages(self, documents: NDArray[np.bool_]) -> Passages:
        """What is marked, whatever the labels, in some of the documents."""
        rows = documents[self._documents]
        return Passages(self._marked.starts[rows], self._marked.ends[rows])


def with_least_words(labels: Sequence[Label], documents: Sequence[Document]) -> tuple[Label, ...]:
    """The labels, whose spans are to have as many words as nearly all their gold spans have.

    Of a technique that is an argument, a word or two would tell a reader nothing, and yet measures
    reward them where they lie within a long gold span.
    """
    counts: dict[str, list[int]] = {label.id: [] for label in labels}
    for document in documents:
        for span in document.spans:
            if span.label in counts:
                counts[span.label].append(len(document.text[span.start : span.end].split()))
    least = [np.quantile(own or [1], _SHORTER, method="lower") for own in counts.values()]
    return tuple(
        replace(label, least_words=max(1, int(words)))
        for label, words in zip(labels, least, strict=True)
    )


def spans_by_label(document: Document) -> dict[str, list[tuple[int, int]]]:
    """The spans of each label, overlapping ones merged."""
    labels = {span.label for span in document.spans}
    return {label: merge(s for s in document.spans if s.label == label) for label in labels}
