"""The technique of each token: one logistic regression per label, fitted side by side."""

from typing import Self

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from training.features import TokenTable

__all__ = ["TokenClassifiers"]

Floats = NDArray[np.float32]


class TokenClassifiers(BaseEstimator):  # type: ignore[misc]
    """Tokens of a table to the probability of each label, and last of any label.

    penalty    the inverse strength of regularisation (scikit-learn's C)
    negatives  share of the tokens without any label that are fitted, weighted to count for all
    tolerance  gradient at which a regression is done (scikit-learn's tol)
    jobs       regressions fitted at the same time (threads: they share the features)
    seed       of the choice of negatives
    """

    def __init__(
        self,
        penalty: float = 1e-4,
        negatives: float = 0.25,
        tolerance: float = 1e-3,
        jobs: int = 1,
        seed: int = 0,
    ) -> None:
        self.penalty = penalty
        self.negatives = negatives
        self.tolerance = tolerance
        self.jobs = jobs
        self.seed = seed

    def fit(
        self,
        table: TokenTable,
        rows: NDArray[np.intp],
        targets: NDArray[np.bool_],
        near: Self | None = None,
    ) -> Self:
        """rows: tokens of the table to fit on; targets: (tokens of the table, labels + 1).

        near  classifiers that know the features already, of these labels or others: what they say
              is a feature too, and hardly penalised, so that less has to be learnt anew
        """
        chosen = np.random.default_rng(self.seed).random(len(rows)) < self.negatives
        labelled = targets[rows, -1]
        rows = rows[chosen | labelled]
        bears = targets[rows]
        weights = np.where(bears[:, -1], 1.0, 1 / self.negatives)
        features = table.matrix(rows)
        free = table.repeats.shape[1]
        self.near_ = near and near.weights()
        if self.near_:
            features = np.hstack([features, features @ self.near_[0] + self.near_[1]])
            free += len(self.near_[1])
        sample = features[:: max(1, len(features) // 20_000)]
        self.mean_ = sample.mean(axis=0)
        self.scale_ = np.maximum(sample.std(axis=0), 1e-3)
        # A handful of columns beside thousands: spread out, they are hardly penalised.
        self.scale_[-free:] /= 10
        features -= self.mean_
        features /= self.scale_

        def column(number: int) -> tuple[Floats, float]:
            bearing = bears[:, number]
            if not bearing.any():  # a label without an example is never found
                return np.zeros(features.shape[1], np.float32), -20.0
            model = LogisticRegression(C=self.penalty, max_iter=100, tol=self.tolerance)
            model.fit(features, bearing, sample_weight=weights)
            return model.coef_[0], float(model.intercept_[0])

        fitted = joblib.Parallel(self.jobs, prefer="threads")(
            joblib.delayed(column)(number) for number in range(bears.shape[1])
        )
        self.coef_ = np.stack([coefficients for coefficients, _ in fitted])
        self.intercept_ = np.array([intercept for _, intercept in fitted])
        return self

    @classmethod
    def from_weights(cls, weights: Floats, bias: Floats) -> Self:
        """Classifiers that were fitted elsewhere; the arrays are those of `weights()`."""
        classifiers = cls()
        classifiers.coef_, classifiers.intercept_ = weights.T, bias
        classifiers.near_ = None
        classifiers.mean_ = np.zeros(len(weights), np.float32)
        classifiers.scale_ = np.ones(len(weights), np.float32)
        return classifiers

    def predict_proba(self, features: Floats) -> Floats:
        """Rows of `TokenTable.matrix` to probabilities (rows, labels + 1)."""
        weights, bias = self.weights()
        return np.asarray(1 / (1 + np.exp(-(features @ weights + bias))))

    def weights(self) -> tuple[Floats, Floats]:
        """The linear map of unscaled features: (features, labels + 1) and (labels + 1,)."""
        weights = self.coef_.T / self.scale_[:, None]
        bias = self.intercept_ - self.mean_ @ weights
        if self.near_:
            near, near_bias = self.near_
            weights, own = weights[: len(near)], weights[len(near) :]
            weights, bias = weights + near @ own, bias + near_bias @ own
        return weights.astype(np.float32), bias.astype(np.float32)
