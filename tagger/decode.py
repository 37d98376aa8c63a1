"""Candidates become spans: thresholds only filter them by score."""

from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from tagger.candidates import FEATURES, candidates_of_documents
from tagger.errors import InputError
from tagger.manifest import Label
from tagger.spans import Document, Span
from tagger.windows import Window

__all__ = ["decode", "score"]

Floats = NDArray[np.float32]


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
    _check_known(model_labels, labels or ())
    floors = _floors(model_labels, thresholds)
    spans: list[list[Span]] = [[] for _ in texts]
    for found in candidates_of_documents(texts, windows, probabilities, model_labels, only=labels):
        labels_found = [model_labels[column] for column in found.columns]
        weights = [[label.calibration[name] for name in FEATURES] for label in labels_found]
        scores = score(found.features, np.array(weights)).tolist()
        for label, phrase, probability in zip(labels_found, found.phrases, scores, strict=True):
            if probability >= floors[label.id]:
                for source, start, end in found.places(phrase):
                    spans[source].append(Span(start, end, label.id, probability))
    for own in spans:
        own.sort(key=lambda span: (span.start, -span.end, span.label))
    return [Document(text, tuple(own)) for text, own in zip(texts, spans, strict=True)]


def score(features: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The calibrated probability of each candidate, a logistic function of its features: both are
    (candidates, len(FEATURES))."""
    return np.asarray(1 / (1 + np.exp(-(features * weights).sum(axis=1))))


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
