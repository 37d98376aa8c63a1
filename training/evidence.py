"""What a model said of labelled articles: all that figures and reports are made from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tagger import Document, Span, Tagger
from training.figures import calibration_figures, span_figures, tc_figures
from training.measure import Accuracy, accuracy, name_fragments

__all__ = ["Evidence"]


@dataclass(frozen=True)
class Evidence:
    """Spans of the same articles, in the same order. Texts are left behind: no measure reads them.

    gold        what the annotators marked
    predicted   what the model marks at its thresholds
    candidates  what it marks at threshold 0
    named       the gold rows, with the labels that the model gives their fragments
    """

    gold: tuple[Document, ...]
    predicted: tuple[Document, ...]
    candidates: tuple[Document, ...]
    named: tuple[tuple[Span, ...], ...]

    @classmethod
    def of(
        cls,
        gold: Sequence[Document],
        predicted: Iterable[Document],
        candidates: Iterable[Document],
        named: Iterable[Sequence[Span]],
    ) -> "Evidence":
        """From documents with their texts; all but `gold` may lack ids.

        Raises ValueError if they differ in number.
        """
        blank = " " * max((len(document.text) for document in gold), default=0)

        def bare(documents: Iterable[Document]) -> tuple[Document, ...]:
            pairs = zip(documents, gold, strict=True)
            return tuple(Document(blank, document.spans, own.id) for document, own in pairs)

        return cls(bare(gold), bare(predicted), bare(candidates), tuple(map(tuple, named)))

    @classmethod
    def collect(cls, tagger: Tagger, gold: Sequence[Document]) -> "Evidence":
        """What a model says of articles as it is.

        Raises InputError if a gold span holds no word.
        """
        texts = [document.text for document in gold]
        windows = tagger.plan(texts)
        probabilities = tagger.infer(windows)
        predicted = tagger.decode(texts, windows, probabilities)
        candidates = tagger.decode(texts, windows, probabilities, thresholds=0)
        return cls.of(gold, predicted, candidates, [name_fragments(tagger, d) for d in gold])

    def figures(self) -> dict[str, Any]:
        """SI, FLC and TC with their intervals, and how far scores are probabilities."""
        figures = span_figures(self.predicted, self.gold)
        figures["tc"] = tc_figures(self._accuracies())
        figures["calibration"] = calibration_figures(self.candidates, self.gold)
        figures["articles"] = len(self.gold)
        return figures

    def _accuracies(self) -> dict[str, list[Accuracy]]:
        """Accuracies by article, over all labels and for the gold rows of each."""
        labels = sorted({span.label for document in self.gold for span in document.spans})
        sums: dict[str, list[Accuracy]] = {name: [] for name in ("all", *labels)}
        for document, named in zip(self.gold, self.named, strict=True):
            sums["all"].append(accuracy(named, document.spans))
            found = {(span.start, span.end, span.label) for span in named}
            for span in document.spans:
                hit = (span.start, span.end, span.label) in found
                sums[span.label].append(Accuracy(int(hit), 1))
        return sums
