"""ONNX graphs against what scikit-learn itself says of the same input."""

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tagger import NUMBERS, fragment_numbers
from training.export import fragments_graph, head_graph, read_head
from training.features import LAYERS, TokenTable
from training.fragments import FragmentClassifier
from training.tokens import TokenClassifiers

Floats = NDArray[np.float32]
LABELS, UNSEEN = 4, 2
SIZES = [[1, 2, 7], [40, 30], [50]]
WINDOWS = {f"{size} tokens": number for number, size in enumerate([1, 2, 7, 40, 30, 50])}


@pytest.fixture(scope="module")
def table(make_table: Callable[..., TokenTable]) -> TokenTable:
    return make_table(SIZES)


@pytest.fixture(scope="module")
def targets(table: TokenTable) -> NDArray[np.bool_]:
    """Labels that follow from the states, with noise; one label that no token bears."""
    noise = np.random.default_rng(3).normal(size=(len(table.states), LABELS))
    bears = table.states[:, :LABELS] + noise > 1
    bears[:, UNSEEN] = False
    return np.column_stack([bears, bears.any(axis=1)])


@pytest.fixture(scope="module")
def tokens(table: TokenTable, targets: NDArray[np.bool_]) -> TokenClassifiers:
    rows = np.arange(len(table.states))
    return TokenClassifiers(penalty=0.1, negatives=0.9, tolerance=1e-4).fit(table, rows, targets)


def run(model: onnx.ModelProto, states: NDArray[np.float16], **more: object) -> Floats:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    parts = np.split(states.astype(np.float32), len(LAYERS), axis=1)
    probabilities: Floats = session.run(None, dict(zip(LAYERS, parts, strict=True)) | more)[0]
    return probabilities


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_the_head_is_the_classifiers(
    table: TokenTable, tokens: TokenClassifiers, window: int
) -> None:
    rows = np.flatnonzero(table.windows == window)
    found = run(head_graph(tokens), table.states[rows], repeats=table.repeats[rows])
    np.testing.assert_allclose(found, tokens.predict_proba(table.matrix(rows)), atol=1e-5)
    assert found.shape == (len(rows), LABELS + 1)


def test_the_classifiers_are_scikit_learns(
    table: TokenTable, tokens: TokenClassifiers, targets: NDArray[np.bool_]
) -> None:
    """The same regressions over features scaled by scikit-learn, negatives chosen by hand."""
    chosen = np.random.default_rng(0).random(len(targets)) < 0.9
    rows = np.flatnonzero(chosen | targets[:, -1])
    scaler = StandardScaler().fit(table.matrix(rows))
    scaler.scale_[-3:] /= 10  # repetitions are hardly penalised
    weights = np.where(targets[rows, -1], 1, 1 / 0.9)
    everything = table.matrix(np.arange(len(targets)))
    found = tokens.predict_proba(everything)
    for column in set(range(LABELS + 1)) - {UNSEEN}:
        model = LogisticRegression(C=0.1, max_iter=100, tol=1e-4)
        model.fit(scaler.transform(table.matrix(rows)), targets[rows, column], weights)
        expected = model.predict_proba(scaler.transform(everything))[:, 1]
        np.testing.assert_allclose(found[:, column], expected, atol=1e-3)  # stopped early
        assert expected[targets[:, column]].mean() > expected[~targets[:, column]].mean() + 0.1


def test_a_label_without_examples_is_never_found(
    table: TokenTable, tokens: TokenClassifiers
) -> None:
    found = run(
        head_graph(tokens),
        table.states[table.windows == 5],
        repeats=table.repeats[table.windows == 5],
    )
    assert found[:, UNSEEN].max() < 1e-6
    assert found[:, -1].max() > 0.1


def test_every_job_gives_the_same(
    table: TokenTable, tokens: TokenClassifiers, targets: NDArray[np.bool_]
) -> None:
    rows = np.arange(len(table.states))
    other = TokenClassifiers(penalty=0.1, negatives=0.9, tolerance=1e-4, jobs=2).fit(
        table, rows, targets
    )
    for own, same in zip(tokens.weights(), other.weights(), strict=True):
        np.testing.assert_allclose(own, same, atol=1e-4)
    seeded = TokenClassifiers(penalty=0.1, negatives=0.9, seed=1).fit(table, rows, targets)
    assert np.abs(seeded.weights()[0] - tokens.weights()[0]).max() > 1e-4


def test_classifiers_can_be_fitted_near_others(
    table: TokenTable, tokens: TokenClassifiers, targets: NDArray[np.bool_]
) -> None:
    """So strongly penalised that nothing can be learnt from the states themselves."""
    rows, known = np.arange(len(table.states)), read_head(head_graph(tokens))
    features = table.matrix(rows)
    np.testing.assert_allclose(known.predict_proba(features), tokens.predict_proba(features))
    expected = tokens.predict_proba(features)[:, -1]
    agreement = []
    for near in (known, None):
        fitted = TokenClassifiers(penalty=1e-6, negatives=1).fit(table, rows, targets, near)
        found = run(head_graph(fitted), table.states[:1], repeats=table.repeats[:1])
        np.testing.assert_allclose(found, fitted.predict_proba(features[:1]), atol=1e-5)
        agreement.append(np.corrcoef(fitted.predict_proba(features)[:, -1], expected)[0, 1])
    assert agreement[0] > 0.95
    assert agreement[1] < 0.7


def fragments(states: NDArray[np.float16], bounds: list[list[int]]) -> Floats:
    """Features of fragments of one window, as `fragment_features` describes them."""
    states = states.astype(np.float32)
    rows = [
        [
            *states[first:end].mean(axis=0),
            *states[first],
            *states[end - 1],
            *states.mean(axis=0),
        ]
        for first, end in bounds
    ]
    return np.column_stack([np.array(rows, np.float32), numbers(bounds)])


def numbers(bounds: list[list[int]]) -> Floats:
    """Those of fragments of which every third is there once, the next twice, and so on."""
    times = [1 + i % 3 for i in range(len(bounds))]
    return fragment_numbers([end - first for first, end in bounds], times)


@pytest.mark.parametrize("seen", [[0, 1, 3], [1, 3], [3]], ids=["three", "two", "one"])
def test_fragments_are_classified_as_by_scikit_learn(table: TokenTable, seen: list[int]) -> None:
    random = np.random.default_rng(4)
    states = table.states[table.windows == 5]
    bounds = np.sort(random.integers(0, 50, (60, 2)), axis=1)
    bounds[:, 1] += 1
    features = fragments(states, bounds.tolist())
    targets = np.array(seen)[random.integers(0, len(seen), len(bounds))]
    targets[features[:, 0] > 0] = seen[-1]
    classifier = FragmentClassifier(LABELS, penalty=0.1, emphasis=2).fit(features, targets)
    found = classifier.predict_proba(features)
    expected = np.zeros((len(bounds), LABELS))
    expected[:, seen] = 1
    if len(seen) > 1:
        scaled = StandardScaler().fit_transform(features)
        scaled[:, -NUMBERS:] *= 2
        model = LogisticRegression(C=0.1, max_iter=300).fit(scaled, targets)
        expected[:, seen] = model.predict_proba(scaled)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_array_equal(classifier.predict(features), expected.argmax(axis=1))
    given = {"bounds": bounds, "numbers": numbers(bounds.tolist())}
    exported = run(fragments_graph(classifier), states, **given)
    np.testing.assert_allclose(exported, found, atol=1e-5)


@pytest.mark.parametrize("bounds", [[[0, 1]], [[0, 7], [6, 7], [2, 5], [2, 5]]])
def test_a_fragment_may_be_the_whole_window(table: TokenTable, bounds: list[list[int]]) -> None:
    random = np.random.default_rng(5)
    features = random.normal(size=(30, 4 * 12 + NUMBERS)).astype(np.float32)
    classifier = FragmentClassifier(LABELS).fit(features, random.integers(0, LABELS, 30))
    states = table.states[table.windows == (0 if bounds == [[0, 1]] else 2)]
    given = {"bounds": np.array(bounds, np.int64), "numbers": numbers(bounds)}
    found = run(fragments_graph(classifier), states, **given)
    expected = classifier.predict_proba(fragments(states, bounds))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
