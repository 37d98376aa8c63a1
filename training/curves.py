"""What the plots of a report show, as numbers: curves of scores, and confused techniques."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from tagger import Document, Span
from training.measure import merge
from training.pool import right

__all__ = ["Curve", "Scored", "confusions", "scored_by_label"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """Precision and recall as the threshold rises through all scores; (thresholds + 1,) each.

    The last point stands for a threshold that no score reaches: recall 0, at the last precision.
    """

    precision: Floats
    recall: Floats

    @property
    def average_precision(self) -> float:
        """Precision averaged over recall, 0 to 1; what is never found counts as precision 0."""
        return float(-np.sum(np.diff(self.recall) * self.precision[:-1]))


@dataclass(frozen=True, eq=False)
class Scored:
    """Marked spans beside gold spans, of one label or of many.

    scores  (n,): of the marked spans
    right   (n,): does it share at least half its characters with a gold span of its label
    found   (gold spans,): the highest score of a span that is right by it, -1 where none is
    """

    scores: Floats
    right: NDArray[np.bool_]
    found: Floats

    @classmethod
    def pool(cls, parts: Iterable["Scored"]) -> "Scored":
        """All of them together; there is at least one."""
        parts = list(parts)
        names = ("scores", "right", "found")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @property
    def precision(self) -> float | None:
        """The share of marked spans that is right; None without one."""
        return float(self.right.mean()) if len(self.right) else None

    @property
    def recall(self) -> float | None:
        """The share of gold spans by which a marked span is right; None without one."""
        return float((self.found >= 0).mean()) if len(self.found) else None

    def curve(self) -> Curve | None:
        """`precision` and `recall` at every threshold; None if no marked span is right."""
        if not self.right.any():
            return None
        # scikit-learn's recall is that of the right spans; ours has to count gold ones never met.
        precision, _, thresholds = precision_recall_curve(self.right, self.scores)
        missed = np.searchsorted(np.sort(self.found), thresholds) / len(self.found)
        precision[-1] = precision[-2]  # of nothing marked; scikit-learn says 1
        return Curve(precision, np.append(1 - missed, 0.0))


def scored_by_label(marked: Sequence[Document], gold: Sequence[Document]) -> dict[str, Scored]:
    """Spans of the same documents in the same order, by every label that occurs, sorted."""
    rows: dict[str, list[tuple[float, bool]]] = {}
    found: dict[str, list[float]] = {}
    for own, document in zip(marked, gold, strict=True):
        for label in {span.label for span in (*own.spans, *document.spans)}:
            spans = [span for span in own.spans if span.label == label]
            # One document for each gold span, so that `right` says by which one a span is.
            true = [
                Document(document.text, (Span(start, end, label),))
                for start, end in merge(s for s in document.spans if s.label == label)
            ]
            hits = [[right(span, one) for one in true] for span in spans]
            rows.setdefault(label, []).extend(
                (span.score, any(hit)) for span, hit in zip(spans, hits, strict=True)
            )
            found.setdefault(label, []).extend(
                max(
                    (s.score for s, hit in zip(spans, hits, strict=True) if hit[number]), default=-1
                )
                for number in range(len(true))
            )
    return {
        label: Scored(
            np.array([score for score, _ in rows[label]], np.float64),
            np.array([is_right for _, is_right in rows[label]], bool),
            np.array(found[label], np.float64),
        )
        for label in sorted(rows)
    }


def confusions(
    gold: Sequence[Document], named: Sequence[Sequence[Span]], labels: Sequence[str]
) -> NDArray[np.intp]:
    """How often a fragment of each gold label (rows) got each label (columns).

    Rows of one fragment are matched as a set, as `accuracy` does: labels that agree first, the
    rest in alphabetical order.
    """
    columns = {label: column for column, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), np.intp)
    for document, spans in zip(gold, named, strict=True):
        for true, given in _pairs(document.spans, spans):
            counts[columns[true], columns[given]] += 1
    return counts


def _pairs(gold: Iterable[Span], named: Iterable[Span]) -> Iterator[tuple[str, str]]:
    by_fragment: dict[tuple[int, int], tuple[Counter[str], Counter[str]]] = {}
    for side, spans in enumerate((gold, named)):
        for span in spans:
            both = by_fragment.setdefault((span.start, span.end), (Counter(), Counter()))
            both[side][span.label] += 1
    for true, given in by_fragment.values():
        agreed = true & given
        yield from ((label, label) for label in agreed.elements())
        rest = (sorted((side - agreed).elements()) for side in (true, given))
        yield from zip(*rest, strict=True)
