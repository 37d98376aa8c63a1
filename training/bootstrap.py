"""The bootstrap over articles: what chance there is in a figure, from articles drawn anew.

Efron and Tibshirani, An Introduction to the Bootstrap, 1993: the percentile method.
"""

from typing import Any

import numpy as np

__all__ = ["bounds", "resamples"]


def resamples(articles: int, count: int, *, seed: int = 0) -> np.ndarray[Any, Any]:
    """How many times each sample holds each article: integers (count, articles).

    A sample draws as many articles as there are, with replacement. Sums of a sample are a product:
    `resamples(...) @ sums` for sums of shape (articles, ...).
    """
    draws = np.random.default_rng(seed).integers(0, articles, (count, articles))
    return np.stack([np.bincount(draw, minlength=articles) for draw in draws])


def bounds(values: Any) -> tuple[float, float]:
    """The 95% interval of a figure, from its values in all samples."""
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
