"""Token probabilities become spans.

Each label is decoded by itself, so overlaps come out as they are. The edges of a span follow from
the probabilities and the label's `edge` alone; thresholds then only filter by score.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from tagger.errors import InputError
from tagger.manifest import Label
from tagger.segments import Phrase, maximal_segments
from tagger.spans import Document, Span
from tagger.windows import Window
from tagger.words import Words, words_of_documents

__all__ = ["FEATURES", "Candidate", "candidates", "decode", "score"]

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


def decode(
    texts: Sequence[str],
    windows: Sequence[Window],
    probabilities: Sequence[Floats],
    model_labels: Sequence[Label],
    *,
    labels: Sequence[str] | None = None,
    thresholds: float | Mapping[str, float] | None = None,
) -> list[Document]:
    """Documents of the texts that the windows were planned from, in order.

    probabilities  one array a window, (tokens, labels + 1), the last column that of any label
    labels         ids to return; None: all
    thresholds     one for all, or by label id, where "default" stands for the labels not named;
                   None, or a label not covered: the model's own

    Raises InputError for an unknown label or a threshold outside [0, 1].
    """
    wanted = _wanted(model_labels, labels)
    floors = _floors(model_labels, thresholds)
    weights = {label.id: [label.calibration[name] for name in FEATURES] for label in wanted}
    spans: list[list[Span]] = [[] for _ in texts]
    for found in candidates(
        texts, windows, probabilities, model_labels, only=[x.id for x in wanted]
    ):
        probability = score(found.features, weights[found.label])
        if probability >= floors[found.label]:
            spans[found.source].append(Span(found.start, found.end, found.label, probability))
    for own in spans:
        own.sort(key=lambda span: (span.start, -span.end, span.label))
    return [Document(text, tuple(own)) for text, own in zip(texts, spans, strict=True)]


def score(features: Sequence[float], weights: Sequence[float]) -> float:
    """The calibrated probability of a candidate: a logistic function of its features."""
    return float(1 / (1 + np.exp(-np.dot(features, weights))))


def candidates(
    texts: Sequence[str],
    windows: Sequence[Window],
    probabilities: Sequence[Floats],
    model_labels: Sequence[Label],
    *,
    only: Sequence[str] | None = None,
) -> Iterator[Candidate]:
    """Every span that could be returned, whatever its score; spans of one label never overlap."""
    edges = np.array([label.edge for label in model_labels], np.float32)
    for words in words_of_documents(windows, probabilities):
        gains = words.probabilities[:, :-1] - edges
        document = _document_odds(words.probabilities, model_labels)
        phrases = None
        for column in np.flatnonzero((gains > 0).any(axis=0)).tolist():  # few labels in most texts
            label = model_labels[column]
            if only is not None and label.id not in only:
                continue
            if label.phrases:
                phrases = phrases or words.phrases(texts)
                found = phrases.above(words.probabilities[:, column], label.edge)
            else:
                segments = maximal_segments(gains[:, column], words.breaks)
                found = (Phrase((first,), last - first) for first, last in segments)
            for phrase in found:
                whole = document[column], document[-1]
                features = (*_features(words, phrase, column), *whole)
                for first in phrase.starts:
                    yield Candidate(
                        int(words.sources[first]),
                        int(words.starts[first]),
                        int(words.ends[first + phrase.words - 1]),
                        label.id,
                        features,
                    )


def _features(words: Words, phrase: Phrase, column: int) -> tuple[float, ...]:
    inside = (np.array(phrase.starts)[:, None] + np.arange(phrase.words)).ravel()
    values = words.probabilities[inside].astype(np.float64)
    own = values[:, column]
    letters = (words.ends[inside] - words.starts[inside]).mean()
    share = len(phrase.starts) / (len(words.starts) + _AS_IF_WORDS)
    return (
        1.0,
        *_log_odds(np.array([own.mean(), own.max(), values[:, -1].mean()])).tolist(),
        math.log(phrase.words),
        math.log(letters),
        math.log(share * _AS_IF_WORDS) if len(phrase.starts) > 1 else 0.0,
    )


def _document_odds(probabilities: Floats, labels: Sequence[Label]) -> list[float]:
    """Log-odds of the mean of each column over a document, as if it held 200 words more that are
    as the labels' priors have it: in a short text, few words say little of the whole."""
    priors = np.array([*(label.prior for label in labels), _PRIOR_OF_ANY])
    sums = probabilities.sum(axis=0, dtype=np.float64) + _AS_IF_WORDS * priors
    return list(_log_odds(sums / (len(probabilities) + _AS_IF_WORDS)).tolist())


def _log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _wanted(model_labels: Sequence[Label], labels: Sequence[str] | None) -> list[Label]:
    if labels is None:
        return list(model_labels)
    _check_known(model_labels, labels)
    return [label for label in model_labels if label.id in labels]


def _floors(
    model_labels: Sequence[Label], thresholds: float | Mapping[str, float] | None
) -> dict[str, float]:
    floors = {label.id: label.threshold for label in model_labels}
    if thresholds is None:
        return floors
    if not isinstance(thresholds, Mapping):
        thresholds = {"default": thresholds}
    _check_known(model_labels, [name for name in thresholds if name != "default"])
    for name, value in thresholds.items():
        if not (isinstance(value, Real) and 0 <= value <= 1):
            raise InputError(f"the threshold of {name} is {value!r}: give a number from 0 to 1")
    default = thresholds.get("default")
    return {
        name: thresholds.get(name, floor if default is None else default)
        for name, floor in floors.items()
    }


def _check_known(model_labels: Sequence[Label], names: Sequence[str]) -> None:
    known = [label.id for label in model_labels]
    for name in names:
        if name not in known:
            raise InputError(f"unknown label {name!r}: this model knows {', '.join(known)}")
