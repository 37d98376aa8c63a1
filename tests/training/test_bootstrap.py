"""Samples of articles, and intervals from them."""

import numpy as np
import pytest

from training.bootstrap import bounds, resamples


@pytest.mark.parametrize("articles", [1, 2, 40])
def test_a_sample_holds_as_many_articles_as_there_are(articles: int) -> None:
    times = resamples(articles, 300)
    assert times.shape == (300, articles)
    assert times.min() >= 0
    assert set(times.sum(axis=1)) == {articles}
    assert (times == resamples(articles, 300, seed=0)).all()
    assert articles == 1 or (times != resamples(articles, 300, seed=1)).any()


def test_each_article_is_drawn_as_often_as_any_other() -> None:
    assert resamples(20, 5000).mean(axis=0) == pytest.approx(np.ones(20), abs=0.06)


def test_bounds_leave_a_fortieth_out_at_either_end() -> None:
    assert bounds([value / 40 for value in range(41)]) == pytest.approx((1 / 40, 39 / 40))
