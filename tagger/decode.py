"""Token probabilities become spans.

Each label is decoded by itself, so overlaps come out as they are. The edges of a span follow from
the probabilities and the label's `edge` alone; thresholds then only filter by score.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from tagger.errors import InputError
from tagger.manifest import Label
from tagger.spans import Document, Span
from tagger.windows import PARAGRAPH, Window

__all__ = ["FEATURES", "Candidate", "candidates", "decode", "maximal_segments", "score"]

Floats = NDArray[np.float32]

FEATURES = ("bias", "mean", "peak", "any", "words")
"""What a candidate is scored by: a constant, log-odds of the mean and of the highest probability
of its label over its words and of the mean probability of any label, log of its count of words."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span before its score: source is the index of its text, features as in FEATURES."""

    source: int
    start: int
    end: int
    label: str
    features: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one text, in order; probabilities are (words, labels + 1)."""

    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    begins: NDArray[np.int8]
    probabilities: Floats


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
    for found in candidates(windows, probabilities, model_labels, only=[x.id for x in wanted]):
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
    windows: Sequence[Window],
    probabilities: Sequence[Floats],
    model_labels: Sequence[Label],
    *,
    only: Sequence[str] | None = None,
) -> Iterator[Candidate]:
    """Every span that could be returned, whatever its score; spans of one label never overlap."""
    for source, words in _words(windows, probabilities):
        breaks = np.flatnonzero(words.begins == PARAGRAPH)
        for column, label in enumerate(model_labels):
            if only is not None and label.id not in only:
                continue
            gains = words.probabilities[:, column] - np.float32(label.edge)
            for first, last in maximal_segments(gains, breaks):
                yield Candidate(
                    source,
                    int(words.starts[first]),
                    int(words.ends[last - 1]),
                    label.id,
                    _features(words.probabilities[first:last], column),
                )


def maximal_segments(gains: Floats, breaks: NDArray[np.intp]) -> list[tuple[int, int]]:
    """All maximal scoring segments of a sequence, none of which holds a break inside.

    A segment joins two runs of positive gains if what is between them costs less than either is
    worth. Ruzzo and Tompa, A linear time algorithm for finding all maximal scoring subsequences,
    ISMB 1999.
    """
    positive = np.flatnonzero(gains > 0)
    if not len(positive):
        return []
    totals = np.concatenate([[0.0], np.cumsum(gains, dtype=np.float64)])
    part = np.searchsorted(breaks, positive, side="right")
    opens = np.concatenate([[True], (np.diff(positive) > 1) | (np.diff(part) > 0)])
    firsts = positive[opens]
    lasts = positive[np.append(opens[1:], True)] + 1
    found: list[tuple[int, int]] = []
    held: list[tuple[int, int]] = []
    current = -1
    for first, last, paragraph in zip(
        firsts.tolist(), lasts.tolist(), part[opens].tolist(), strict=True
    ):
        if paragraph != current:
            found += held
            held, current = [], paragraph
        while True:
            left = len(held) - 1
            while left >= 0 and totals[held[left][0]] >= totals[first]:
                left -= 1
            if left < 0:  # nothing to the left can ever be joined: what is held is final
                found += held
                held = [(first, last)]
                break
            if totals[held[left][1]] >= totals[last]:
                held.append((first, last))
                break
            first = held[left][0]
            del held[left:]
    return found + held


def _words(
    windows: Sequence[Window], probabilities: Sequence[Floats]
) -> Iterator[tuple[int, _Words]]:
    """The words of each text, over the windows it was cut into; a word's probability is the mean
    over its tokens."""
    parts: dict[int, list[tuple[Window, Floats, slice]]] = {}
    for window, values in zip(windows, probabilities, strict=True):
        if not len(window):
            continue
        edges = np.flatnonzero(np.diff(window.sources)) + 1
        for start, end in zip([0, *edges], [*edges, len(window)], strict=True):
            source = int(window.sources[start])
            parts.setdefault(source, []).append((window, values, slice(start, end)))
    for source in sorted(parts):
        own = parts[source]
        begins = np.concatenate([w.begins[s] for w, _, s in own])
        starts = np.concatenate([w.starts[s] for w, _, s in own])
        ends = np.concatenate([w.ends[s] for w, _, s in own])
        values = np.concatenate([v[s] for _, v, s in own])
        first = np.flatnonzero(begins > 0)
        last = np.append(first[1:], len(begins)) - 1
        counts = (last - first + 1).astype(np.float32)[:, None]
        means = (np.add.reduceat(values, first, axis=0) / counts).astype(np.float32)
        yield source, _Words(starts[first], ends[last], begins[first], means)


def _features(probabilities: Floats, column: int) -> tuple[float, ...]:
    own = probabilities[:, column]
    odds = _log_odds(np.array([own.mean(), own.max(), probabilities[:, -1].mean()], np.float64))
    return (1.0, *odds.tolist(), float(np.log(len(own))))


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
