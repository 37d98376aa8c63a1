"""Classifiers that move from a model's no further than examples ask for."""

from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from training.shift import Examples, Linear, shifted

Floats = NDArray[np.float32]

ROWS, WIDTH, COLUMNS = 6000, 7, 3


@pytest.fixture(scope="module")
def features() -> Floats:
    random = np.random.default_rng(0)
    return random.normal(2, [0.1, 1, 10, 1, 1, 1, 3], (ROWS, WIDTH)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> Linear:
    random = np.random.default_rng(1)
    coefficients = random.normal(0, 0.1, (WIDTH, COLUMNS)).astype(np.float32)
    return Linear(coefficients, np.array([-1, 0, 1], np.float32))


@pytest.fixture(scope="module")
def examples(features: Floats) -> Examples:
    noise = np.random.default_rng(2).normal(0, 1, (ROWS, COLUMNS))
    targets = (features[:, 1:4] - [2, 2, 2] + noise > 0).astype(np.float32)
    return Examples(features, targets, np.ones((ROWS, COLUMNS), np.float32))


def parts(linear: Linear) -> Floats:
    return np.vstack([linear.coefficients, linear.bias[None]])


def test_nothing_to_learn_leaves_the_model(model: Linear, examples: Examples) -> None:
    assert shifted(model, [], penalty=np.ones(COLUMNS)) is model
    nothing = Examples(examples.features, examples.targets, 0 * examples.weights)
    found = shifted(model, [nothing], penalty=np.ones(COLUMNS))
    np.testing.assert_array_equal(parts(found), parts(model))


def test_a_column_of_which_nothing_is_known_stays(model: Linear, examples: Examples) -> None:
    weights = examples.weights * np.array([1, 0, 1], np.float32)
    known = Examples(examples.features, examples.targets, weights)
    found = shifted(model, [known], penalty=np.ones(COLUMNS))
    moved = np.abs(parts(found) - parts(model)).max(axis=0)
    assert moved[1] == 0
    assert min(moved[0], moved[2]) > 0.01


@pytest.mark.parametrize("link", ["logistic", "softmax"])
def test_a_column_that_is_held_stays(
    model: Linear, examples: Examples, link: Literal["logistic", "softmax"]
) -> None:
    found = shifted(model, [examples], penalty=np.array([1e-2, 0, 1e-2]), link=link)
    moved = np.abs(parts(found) - parts(model)).max(axis=0)
    assert moved[1] == 0
    assert min(moved[0], moved[2]) > 0.01
    assert shifted(model, [examples], penalty=np.zeros(COLUMNS), link=link) is model


def test_from_nothing_it_is_a_logistic_regression(examples: Examples) -> None:
    """As scikit-learn fits it on scaled features, with the constant among them."""
    scaler = StandardScaler().fit(examples.features)
    scaled = np.hstack([scaler.transform(examples.features), np.ones((ROWS, 1))])
    nothing = Linear(np.zeros((WIDTH, COLUMNS), np.float32), np.zeros(COLUMNS, np.float32))
    found = shifted(nothing, [examples], penalty=np.array([1e-3, 1e-2, 1]), tolerance=1e-7)
    for column, penalty in enumerate((1e-3, 1e-2, 1)):
        regression = LogisticRegression(C=penalty, fit_intercept=False, tol=1e-8)
        regression.fit(scaled, examples.targets[:, column])
        expected = scaled @ regression.coef_[0]
        np.testing.assert_allclose(
            found.decisions(examples.features)[:, column], expected, atol=2e-2
        )


def test_one_class_out_of_all(examples: Examples) -> None:
    classes = examples.targets.argmax(axis=1)
    rows = Examples(examples.features, np.eye(COLUMNS, dtype=np.float32)[classes], examples.weights)
    nothing = Linear(np.zeros((WIDTH, COLUMNS), np.float32), np.zeros(COLUMNS, np.float32))
    found = shifted(nothing, [rows], penalty=np.full(COLUMNS, 1.0), link="softmax")
    scaled = StandardScaler().fit_transform(examples.features)
    expected = LogisticRegression().fit(scaled, classes).predict(scaled)
    assert (found.decisions(examples.features).argmax(axis=1) == expected).mean() > 0.99


def test_a_weaker_pull_moves_further(model: Linear, examples: Examples) -> None:
    moves = [
        np.abs(parts(shifted(model, [examples], penalty=np.full(COLUMNS, c))) - parts(model)).sum()
        for c in (1e-6, 1e-4, 1e-2)
    ]
    assert 0 < moves[0] < moves[1] < moves[2]


def test_held_examples_hold(model: Linear, examples: Examples) -> None:
    """Of rows like those to learn from, targets that are the model's own."""
    said = 1 / (1 + np.exp(-model.decisions(examples.features)))
    held = Examples(examples.features, said, 20 * examples.weights)
    penalty = np.full(COLUMNS, 1.0)
    free, holding = (shifted(model, own, penalty=penalty) for own in ([examples], [examples, held]))
    before = model.decisions(examples.features)
    moved = [np.abs(one.decisions(examples.features) - before).mean() for one in (free, holding)]
    assert moved[1] < 0.2 * moved[0]


def test_the_same_on_any_number_of_threads(model: Linear, examples: Examples) -> None:
    penalty = np.full(COLUMNS, 1e-2)
    found = [shifted(model, [examples], penalty=penalty, jobs=jobs) for jobs in (1, 3)]
    np.testing.assert_array_equal(parts(found[0]), parts(found[1]))


def test_new_columns_know_nothing(model: Linear, features: Floats) -> None:
    wide = model.widened(2, -6, at=2)
    decisions = wide.decisions(features)
    np.testing.assert_array_equal(decisions[:, [0, 1, 4]], model.decisions(features))
    assert (decisions[:, 2:4] == -6).all()
