"""Token probabilities become candidates: every span that could be returned, before its score.

Each label is looked at by itself, so overlaps come out as they are. Where a candidate begins and
ends follows from the probabilities and the label's `edge` alone, less the punctuation there. One of
fewer words than the label's spans have is none.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger.manifest import Label
from tagger.segments import Phrase, maximal_segments
from tagger.windows import Window
from tagger.words import Words, words_of_documents

__all__ = ["FEATURES", "Candidate", "Candidates", "candidates", "candidates_of_documents"]

Floats = NDArray[np.float32]

FEATURES = (
    "bias",
    "mean",
    "peak",
    "any",
    "words",
    "letters",
    "often",
    "document",
    "document_any",
)
"""What a candidate is scored by: a constant; log-odds of the mean and of the highest probability
of its label over its words (of a phrase: in all its places), and of the mean probability of any
label; logs of its count of words, of their mean length, and of how often a document repeats it
(0 if it is no phrase); log-odds of the mean of its label, and of any, over the document."""

_AS_IF_WORDS, _PRIOR_OF_ANY = 200, 0.125


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span before its score: source is the index of its text, features as in FEATURES."""

    source: int
    start: int
    end: int
    label: str
    features: tuple[float, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Candidates:
    """Those of one document; a phrase stands for all its places, which share a score.

    columns   the number of each one's label
    features  (candidates, len(FEATURES))
    """

    words: Words
    columns: list[int]
    phrases: list[Phrase]
    features: NDArray[np.float64]

    def places(self, phrase: Phrase) -> Iterator[tuple[int, int, int]]:
        """Source, start and end of each place of a candidate."""
        for first in phrase.starts:
            last = first + phrase.words - 1
            yield (
                int(self.words.sources[first]),
                int(self.words.starts[first]),
                int(self.words.ends[last]),
            )


def candidates(
    texts: Sequence[str],
    windows: Sequence[Window],
    probabilities: Sequence[Floats],
    model_labels: Sequence[Label],
) -> Iterator[Candidate]:
    """Every span that could be returned, whatever its score; spans of one label never overlap."""
    for found in candidates_of_documents(texts, windows, probabilities, model_labels):
        rows = map(tuple, found.features.tolist())
        for column, phrase, row in zip(found.columns, found.phrases, rows, strict=True):
            for source, start, end in found.places(phrase):
                yield Candidate(source, start, end, model_labels[column].id, row)


def candidates_of_documents(
    texts: Sequence[str],
    windows: Sequence[Window],
    probabilities: Sequence[Floats],
    model_labels: Sequence[Label],
    *,
    only: Sequence[str] | None = None,
) -> Iterator[Candidates]:
    """The candidates of each document that has any; of the labels `only`, or of all."""
    wanted = [only is None or label.id in only for label in model_labels]
    edges = np.array([label.edge for label in model_labels], np.float32)
    least = [max(1, label.least_words) for label in model_labels]
    for words in words_of_documents(windows, probabilities):
        gains = words.probabilities[:, :-1] - edges
        found = [each for each in maximal_segments(gains, words.breaks) if wanted[each[0]]]
        pairs = []
        for column, first, last in found:
            if not model_labels[column].phrases:
                first, last = words.within_punctuation(texts, first, last)
                pairs.append((column, Phrase((first,), last - first)))
        repeating = {column for column, _, _ in found if model_labels[column].phrases}
        if repeating:
            phrases = words.phrases(texts)
            for column in repeating:
                values, edge = words.probabilities[:, column], model_labels[column].edge
                pairs += [(column, phrase) for phrase in phrases.above(values, edge)]
            pairs.sort(key=lambda pair: pair[0])
        pairs = [(column, p) for column, p in pairs if p.words >= least[column]]
        if pairs:
            columns, spans = (list(part) for part in zip(*pairs, strict=True))
            document = _document_odds(words.probabilities, model_labels)
            yield Candidates(words, columns, spans, _features(words, columns, spans, document))


def _features(
    words: Words, columns: list[int], phrases: list[Phrase], document: NDArray[np.float64]
) -> NDArray[np.float64]:
    inside: list[int] = []  # the words of all candidates, one after the other
    firsts: list[int] = []
    for phrase in phrases:
        firsts.append(len(inside))
        for start in phrase.starts:
            inside += range(start, start + phrase.words)
    sizes = [len(phrase.starts) * phrase.words for phrase in phrases]
    own = words.probabilities[inside, np.repeat(columns, sizes)].astype(np.float64)
    of_any = words.probabilities[inside, -1].astype(np.float64)
    letters = (words.ends - words.starts)[inside]
    found = np.ones((len(phrases), len(FEATURES)))
    found[:, 1] = np.add.reduceat(own, firsts) / sizes
    found[:, 2] = np.maximum.reduceat(own, firsts)
    found[:, 3] = np.add.reduceat(of_any, firsts) / sizes
    found[:, 1:4] = _log_odds(found[:, 1:4])
    found[:, 4] = [math.log(phrase.words) for phrase in phrases]
    found[:, 5] = np.log(np.add.reduceat(letters, firsts) / sizes)
    of_all = _AS_IF_WORDS / (len(words.starts) + _AS_IF_WORDS)
    found[:, 6] = [math.log(n * of_all) if n > 1 else 0 for n in (len(p.starts) for p in phrases)]
    found[:, 7] = document[columns]
    found[:, 8] = document[-1]
    return found


def _document_odds(probabilities: Floats, labels: Sequence[Label]) -> NDArray[np.float64]:
    """Log-odds of the mean of each column over a document, as if it held 200 words more that are
    as the labels' priors have it: in a short text, few words say little of the whole."""
    priors = np.array([*(label.prior for label in labels), _PRIOR_OF_ANY])
    sums = probabilities.sum(axis=0, dtype=np.float64) + _AS_IF_WORDS * priors
    return _log_odds(sums / (len(probabilities) + _AS_IF_WORDS))


def _log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))
