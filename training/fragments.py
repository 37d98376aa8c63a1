"""The technique of a fragment whose edges are given: one multinomial logistic regression."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tagger import NUMBERS, Document, fragment_numbers, times_in
from training.features import TokenTable

__all__ = ["FragmentClassifier", "fragment_features"]

Floats = NDArray[np.float32]


class FragmentClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Features of fragments (`fragment_features`) to the probability of each label.

    penalty   the inverse strength of regularisation (scikit-learn's C)
    emphasis  how many times more the numbers of a fragment weigh than one of its states: they are
              few among thousands, and one penalty for all would silence them
    labels    how many there are; `fit` takes their indices
    """

    def __init__(self, labels: int = 14, penalty: float = 3e-4, emphasis: float = 20.0) -> None:
        self.labels = labels
        self.penalty = penalty
        self.emphasis = emphasis

    def fit(self, features: Floats, targets: NDArray[np.intp]) -> Self:
        """features (fragments, width), targets (fragments,): index of the label of each."""
        self.scaler_ = StandardScaler().fit(features)
        self.scaler_.scale_ = np.maximum(self.scaler_.scale_, 1e-3)
        self.scaler_.scale_[-NUMBERS:] /= self.emphasis
        self.model_ = LogisticRegression(C=self.penalty, max_iter=1000)
        if len(set(targets.tolist())) > 1:
            self.model_.fit(self.scaler_.transform(features), targets)
        else:  # one label leaves nothing to fit
            self.model_.classes_ = targets[:1]
            self.model_.coef_, self.model_.intercept_ = np.zeros((1, features.shape[1])), 0.0
        self.classes_ = np.arange(self.labels)
        return self

    def predict_proba(self, features: Floats) -> Floats:
        """(fragments, labels); a label never seen in training gets 0."""
        weights, bias = self.weights()
        decisions = features @ weights + bias
        powers = np.exp(decisions - decisions.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def predict(self, features: Floats) -> NDArray[np.intp]:
        """The index of the most likely label of each fragment."""
        return np.asarray(self.predict_proba(features).argmax(axis=1))

    def weights(self) -> tuple[Floats, Floats]:
        """The linear map of unscaled features: (features, labels) and (labels,)."""
        width = len(self.scaler_.mean_)
        weights = np.zeros((width, self.labels))
        bias = np.full(self.labels, -1e4)
        seen, coefficients = self.model_.classes_, self.model_.coef_
        intercepts = self.model_.intercept_
        if len(seen) == 2:  # scikit-learn keeps one row: the second label against the first
            coefficients = np.vstack([np.zeros(width), coefficients])
            intercepts = np.append(0.0, intercepts)
        weights[:, seen] = coefficients.T / self.scaler_.scale_[:, None]
        bias[seen] = intercepts - self.scaler_.mean_ @ weights[:, seen]
        return weights.astype(np.float32), bias.astype(np.float32)


def fragment_features(
    table: TokenTable, documents: Sequence[Document], labels: Sequence[str]
) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
    """Features, label indices and document indices of all gold spans, one row each.

    Features are the mean state over the fragment's tokens, its first and its last, the mean of
    its window, and the fragment's numbers (`fragment_numbers`). A span that runs over a window's
    edge is taken in the window that holds most of it, as `Tagger.classify` does.
    """
    columns = {label: column for column, label in enumerate(labels)}
    means = table.window_means
    starts = np.concatenate([window.starts for window in table.plan])
    ends = np.concatenate([window.ends for window in table.plan])
    rows, targets, owners, sizes, times = [], [], [], [], []
    for number, document in enumerate(documents):
        low, high = np.searchsorted(table.documents, [number, number + 1])
        often = times_in(document.text, [(span.start, span.end) for span in document.spans])
        for span, times_of in zip(document.spans, often, strict=True):
            inside = low + np.flatnonzero(
                (starts[low:high] < span.end) & (ends[low:high] > span.start)
            )
            if span.label not in columns or not len(inside):
                continue
            held, counts = np.unique(table.windows[inside], return_counts=True)
            window = held[counts.argmax()]
            tokens = inside[table.windows[inside] == window]
            states = table.states[tokens].astype(np.float32)
            rows.append(np.concatenate([states.mean(axis=0), states[0], states[-1], means[window]]))
            sizes.append(len(tokens))
            times.append(times_of)
            targets.append(columns[span.label])
            owners.append(number)
    found = np.array(rows, np.float32).reshape(len(rows), 4 * table.states.shape[1])
    features = np.hstack([found, fragment_numbers(sizes, times)])
    return features, np.array(targets, np.intp), np.array(owners, np.intp)
