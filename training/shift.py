"""Moves linear classifiers no further than new examples ask for.

The weights are those of a model plus a shift, fitted as a penalised logistic regression whose
offset is what the model says: without examples the shift is zero. Examples may also hold: their
targets are then the model's own probabilities, so that moving away from them costs (Li and Hoiem,
Learning without Forgetting, 2016).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax
from threadpoolctl import threadpool_limits

__all__ = ["Examples", "Linear", "shifted"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Linear:
    """Linear classifiers: coefficients (features, columns) and bias (columns,)."""

    coefficients: Floats
    bias: Floats

    def weights(self) -> tuple[Floats, Floats]:
        """Both, as the exporters of graphs ask for them."""
        return self.coefficients, self.bias

    def decisions(self, features: Floats) -> Floats:
        """Features (rows, features) to log-odds (rows, columns)."""
        return np.asarray(features @ self.coefficients + self.bias, np.float32)

    def widened(self, columns: int, bias: float, *, at: int) -> "Linear":
        """With columns that know no feature yet, put before column `at`."""
        none = np.zeros((len(self.coefficients), columns), np.float32)
        coefficients = np.hstack([self.coefficients[:, :at], none, self.coefficients[:, at:]])
        start = np.full(columns, bias, np.float32)
        return Linear(coefficients, np.concatenate([self.bias[:at], start, self.bias[at:]]))


@dataclass(frozen=True, eq=False)
class Examples:
    """What to learn from.

    features  float32 (rows, features)
    targets   float32 (rows, columns), probabilities
    weights   float32 (rows, columns): how much each target counts; 0: nothing is known of it
    """

    features: Floats
    targets: Floats
    weights: Floats

    def of(self, rows: NDArray[np.bool_] | slice) -> "Examples":
        """Some of the examples."""
        return Examples(self.features[rows], self.targets[rows], self.weights[rows])


def shifted(
    model: Linear,
    examples: Sequence[Examples],
    *,
    penalty: Doubles,
    link: Literal["logistic", "softmax"] = "logistic",
    tolerance: float = 1e-3,
    jobs: int = 1,
) -> Linear:
    """The model moved towards the examples; where there are none, the model.

    penalty    (columns,): inverse strength of the pull back to the model (scikit-learn's C), on
               features that are scaled to unit variance; 0: the column stays as it is
    link       columns judged each by itself, or one class out of all; then a row's weight is that
               of its first column
    tolerance  largest slope, as a share of the examples' weight, at which the fit is done
    jobs       threads; the result does not depend on their number
    """
    chunks = [
        part.of(slice(start, start + _CHUNK))
        for part in examples
        for start in range(0, len(part.features), _CHUNK)
    ]
    if not chunks:
        return model
    mean, scale = _scaling(chunks)
    offsets = [model.decisions(chunk.features) for chunk in chunks]
    free = np.flatnonzero(penalty)
    if not len(free):
        return model
    shape = len(model.coefficients) + 1, len(free)
    loss = _logistic if link == "logistic" else _softmax
    with ThreadPoolExecutor(jobs) as pool, threadpool_limits(1, "blas"):

        def objective(flat: Doubles) -> tuple[float, Doubles]:
            shift = flat.reshape(shape)
            # On features as they are: scaling moves into the weights, and no copy is made.
            weights = (shift[:-1] / scale[:, None]).astype(np.float32)
            bias = (shift[-1] - mean @ (shift[:-1] / scale[:, None])).astype(np.float32)

            def part(number: int) -> tuple[float, Floats, Floats]:
                chunk = chunks[number]
                decisions = offsets[number].copy()
                decisions[:, free] += chunk.features @ weights + bias
                value, slopes = loss(decisions, chunk.targets, chunk.weights)
                slopes = slopes[:, free]
                return value, chunk.features.T @ slopes, slopes.sum(axis=0)

            total = 0.5 * float((np.square(shift) / penalty[free]).sum())
            gradient = shift / penalty[free]
            for value, slopes, sums in pool.map(part, range(len(chunks))):
                total += value
                gradient[:-1] += (slopes - mean[:, None] * sums) / scale[:, None]
                gradient[-1] += sums
            return total, gradient.ravel()

        options = {"maxiter": 200, "gtol": tolerance * sum(map(_weight, chunks))}
        found = minimize(
            objective, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B", options=options
        )
    shift = found.x.reshape(shape)
    weights = shift[:-1] / scale[:, None]
    coefficients, bias = model.coefficients.copy(), model.bias.copy()
    coefficients[:, free] += weights.astype(np.float32)
    bias[free] += (shift[-1] - mean @ weights).astype(np.float32)
    return Linear(coefficients, bias)


def _weight(chunk: Examples) -> float:
    return float(chunk.weights.max(axis=1).sum())


def _scaling(chunks: Sequence[Examples]) -> tuple[Doubles, Doubles]:
    """Mean and standard deviation of each feature."""
    rows = sum(len(chunk.features) for chunk in chunks)
    mean = sum(chunk.features.sum(axis=0, dtype=np.float64) for chunk in chunks) / rows
    square = sum(
        np.square(chunk.features - mean.astype(np.float32)).sum(axis=0) for chunk in chunks
    )
    return np.asarray(mean), np.maximum(np.sqrt(square / rows), 1e-3)


def _logistic(decisions: Floats, targets: Floats, weights: Floats) -> tuple[float, Floats]:
    losses = np.logaddexp(0, decisions) - targets * decisions
    return float((weights * losses).sum(dtype=np.float64)), weights * (expit(decisions) - targets)


def _softmax(decisions: Floats, targets: Floats, weights: Floats) -> tuple[float, Floats]:
    logs = log_softmax(decisions, axis=1)
    losses = -(targets * logs).sum(axis=1)
    slopes = weights[:, :1] * (np.exp(logs) * targets.sum(axis=1, keepdims=True) - targets)
    return float((weights[:, 0] * losses).sum(dtype=np.float64)), slopes.astype(np.float32)
