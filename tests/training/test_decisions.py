"""Edges, calibration and thresholds on candidates made up so that the answer is known."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from tagger import FEATURES, Candidate, Document, Label, Span, Window
from training.decisions import decide
from training.folder import taxonomy
from training.gold import Gold
from training.measure import si
from training.passages import Passages
from training.pool import EDGES, Edge, Pool, right

Floats = NDArray[np.float64]


def make_pool(
    features: Floats, labels: list[int], right: NDArray[np.bool_], gains: Floats | None = None
) -> Pool:
    """Candidates of document 0, one after the other, of nine characters each; a right one is by
    default a whole gold span."""
    if gains is None:
        gains = np.column_stack([right, right]).astype(float)
    documents = np.zeros(len(labels), np.intp)
    starts = np.arange(len(labels)) * 10
    return Pool(features, np.array(labels, np.intp), documents, right, gains, starts, starts + 9)


def counted(*counts: int) -> Gold:
    """So many gold spans of each label in document 0, nowhere: SI is the same for all choices."""
    nothing = Passages(np.zeros(0), np.zeros(0))
    return Gold(np.array([counts]), 10_000, np.zeros(0, np.intp), nothing)


def random_features(random: np.random.Generator, count: int) -> Floats:
    features = random.normal(size=(count, len(FEATURES)))
    features[:, FEATURES.index("bias")] = 1
    return features


def sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values)))


ALL = np.array([True])
ONE = Edge(0.1)


def weights_of(*first: float) -> list[float]:
    """Weights of all features, of which the first ones are given and the others are none."""
    return [*first, *[0.0] * (len(FEATURES) - len(first))]


def test_calibration_recovers_the_probabilities() -> None:
    random = np.random.default_rng(0)
    rows = (-1.0, 1.5, 0.5, 0, -0.5), (0.5, 0.5, 1.0, -1, 0), (-2, 0, 0, 1, 1)
    true = np.array([weights_of(*row) for row in rows])
    labels = random.integers(0, 3, 6000)
    features = random_features(random, 6000)
    probability = sigmoid((features * true[labels]).sum(axis=1))
    pool = make_pool(features, labels.tolist(), random.random(6000) < probability)
    decided = decide({ONE: pool}, counted(100, 100, 100), ALL)
    found = sigmoid((features * np.array(decided.weights)[labels]).sum(axis=1))
    assert np.abs(found - probability).mean() < 0.02


def test_a_rare_label_is_calibrated_like_the_others() -> None:
    random = np.random.default_rng(1)
    weights = np.array(weights_of(-1.0, 1.5, 0.5, 0, -0.5))
    features = random_features(random, 3000)
    labels = [0] * 2998 + [1, 1]  # both of label 1 are wrong, as it happens
    truth = random.random(3000) < sigmoid(features @ weights)
    truth[-2:] = False
    pool = make_pool(features, labels, truth)
    common, rare = decide({ONE: pool}, counted(100, 1), ALL).weights
    fresh = random_features(random, 100)
    odds = [sigmoid(fresh @ np.array(own)) for own in (common, rare)]
    assert np.abs(odds[0] - sigmoid(fresh @ weights)).mean() < 0.03
    assert np.abs(odds[0] - odds[1]).mean() < 0.15
    assert np.corrcoef(*odds)[0, 1] > 0.7


def flc(pool: Pool, kept: NDArray[np.bool_], gold: int) -> float:
    precision, recall = pool.gains[kept].sum(axis=0) / [max(kept.sum(), 1), gold]
    return float(2 * precision * recall / max(precision + recall, 1e-9))


@pytest.mark.parametrize("seed", range(16))
def test_thresholds_give_the_highest_sum(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """FLC of all and of each label, and SI, against all ways to choose."""
    monkeypatch.setattr("training.decisions._HIGHEST_THRESHOLD", 1.0)
    random = np.random.default_rng(seed)
    features = np.zeros((18, len(FEATURES)))
    features[:, FEATURES.index("bias")] = 1
    features[:, FEATURES.index("mean")] = random.permutation(np.linspace(-2, 2, 18))
    labels = [0] * 8 + [1] * 6 + [2] * 4
    truth = random.random(18) < sigmoid(features[:, 1] / 2 - 1)
    pool = make_pool(features, labels, truth, random.random((18, 2)) * truth[:, None])
    counts = np.array([6, 5, 3])
    marked = [Span(at * 10, at * 10 + 12, "doubt") for at in range(18) if truth[at] or at % 3 == 0]
    document = Document("x" * 200, tuple(marked))
    gold = replace(Gold.of([document], []), counts=counts[None])
    decided = decide({ONE: pool}, gold, ALL)
    scores = sigmoid((features * np.array(decided.weights)[labels]).sum(axis=1))
    own = [np.append(scores[pool.labels == label], 1.01) for label in range(3)]
    kept = (scores >= np.array(floors)[labels] for floors in product(*own))

    def worth(kept: NDArray[np.bool_]) -> float:
        shares = counts / counts.sum()
        of_labels = [flc(pool, kept & (pool.labels == i), counts[i]) for i in range(3)]
        spans = [Span(pool.starts[i], pool.ends[i], "doubt") for i in np.flatnonzero(kept)]
        identified = si([replace(document, spans=tuple(spans))], [document]).f1
        return (flc(pool, kept, counts.sum()) + float(shares @ of_labels)) / 2 + identified

    found = worth(scores >= np.array(decided.thresholds)[labels])
    assert found == pytest.approx(max(map(worth, kept)), abs=0.01)


@pytest.mark.parametrize("asked", [0.6, 1.0])
def test_a_recall_that_is_asked_for_is_reached(asked: float) -> None:
    """As far as there are candidates: eight in ten gold spans of label 1 have one."""
    random = np.random.default_rng(9)
    features, labels = random_features(random, 400), [0, 1] * 200
    truth = random.random(400) < sigmoid(features[:, 1] - 2)
    pool = make_pool(features, labels, truth)
    counts = truth[::2].sum(), round(truth[1::2].sum() / 0.8)

    def recall(*recalls: float) -> float:
        decided = decide({ONE: pool}, counted(*counts), ALL, recalls or None)
        scores = sigmoid((features * np.array(decided.weights)[labels]).sum(axis=1))
        kept = (pool.labels == 1) & (scores >= decided.thresholds[1])
        return float(pool.gains[kept, 1].sum() / counts[1])

    assert recall() < 0.6
    assert min(asked, 0.8) - 0.01 <= recall(0, asked) < min(asked, 0.8) + 0.07


def test_a_span_that_bears_the_wrong_label_may_be_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Label 1 never names a gold span; where it finds what label 0 misses, it is shown."""
    monkeypatch.setattr("training.decisions._HIGHEST_THRESHOLD", 1.0)
    random = np.random.default_rng(8)
    features, labels = random_features(random, 400), [0] * 200 + [1] * 200
    truth = random.random(400) < sigmoid(4 * features[:, 1])
    gains = 0.3 * np.column_stack([truth, truth]) * (np.array(labels) == 0)[:, None]
    pool = make_pool(features, labels, truth, gains)
    spans = tuple(Span(at * 10, at * 10 + 9, "doubt") for at in np.flatnonzero(truth).tolist())
    gold = replace(
        Gold.of([Document("x" * 4000, spans)], []), counts=np.array([[truth[:200].sum(), 50]])
    )
    assert decide({ONE: pool}, gold, ALL).thresholds[1] < 0.7
    nowhere = replace(gold, _marked=Passages(np.zeros(0), np.zeros(0)), _documents=np.zeros(0, int))
    assert decide({ONE: pool}, nowhere, ALL).thresholds[1] > 0.95


def test_a_span_more_likely_right_than_wrong_is_shown() -> None:
    """Half of label 0's candidates are right, but none adds to FLC: its best cut is above all."""
    random = np.random.default_rng(2)
    features = random_features(random, 400)
    truth = random.random(400) < sigmoid(4 * features[:, 1])
    labels = [0] * 200 + [1] * 200
    gains = np.column_stack([truth, truth]) * (np.array(labels) == 1)[:, None]
    decided = decide({ONE: make_pool(features, labels, truth, gains)}, counted(50, 150), ALL)
    assert decided.thresholds[0] == 0.5
    assert 0.2 < decided.thresholds[1] < 0.5


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("phrases", [False, True])
def test_each_label_gets_the_edge_that_serves_it(turned: bool, phrases: bool) -> None:
    one, other = [Edge(0.2, phrases), ONE] if turned else [ONE, Edge(0.2, phrases)]
    random = np.random.default_rng(3)
    features, labels = random_features(random, 400), [0, 1] * 200
    truth = random.random(400) < sigmoid(3 * features[:, 1])
    wide = np.where(np.array(labels) == 0, 0.9, 0.3)[:, None] * truth[:, None] * np.ones(2)
    narrow = np.where(np.array(labels) == 0, 0.3, 0.9)[:, None] * truth[:, None] * np.ones(2)
    pools = {
        one: make_pool(features, labels, truth, wide),
        other: make_pool(features, labels, truth, narrow),
    }
    assert decide(pools, counted(100, 100), ALL).edges == (one, other)


def test_phrases_are_for_labels_that_they_serve_themselves() -> None:
    """Sure single words inside long spans would raise the precision of all labels together."""
    random = np.random.default_rng(7)
    features, labels = random_features(random, 400), [0, 1] * 200
    truth = random.random(400) < sigmoid(3 * features[:, 1])
    whole = truth[:, None] * np.array([0.6, 0.6])
    words = truth[:, None] * np.where(np.array(labels) == 0, 1, 0.7)[:, None] * [1.0, 0.05]
    words[1::2, 1] = 0.9 * truth[1::2]
    phrases = Edge(0.1, phrases=True)
    pools = {
        ONE: make_pool(features, labels, truth, whole),
        phrases: make_pool(features, labels, truth, words),
    }
    assert decide(pools, counted(100, 100), ALL).edges == (ONE, phrases)


def test_only_the_documents_to_choose_on_matter() -> None:
    random = np.random.default_rng(4)
    features, labels = random_features(random, 300), [0, 1, 2] * 100
    truth = random.random(300) < sigmoid(features[:, 1])
    whole = make_pool(features, labels, truth)
    documents = random.integers(0, 5, 300)
    moved = replace(whole, documents=documents)
    chosen = np.array([True, False, True, True, False])
    own = chosen[documents]
    alone = make_pool(features[own], np.array(labels)[own].tolist(), truth[own])
    gold = replace(counted(), counts=np.array([[20, 20, 20]] + [[0, 0, 0]] * 4))
    assert decide({ONE: moved}, gold, chosen) == decide({ONE: alone}, counted(20, 20, 20), ALL)
    assert decide({ONE: moved}, gold, chosen) != decide({ONE: whole}, counted(20, 20, 20), ALL)


@pytest.mark.parametrize(("count", "share"), [(8, 0.0), (8, 1.0), (0, 0.0)])
def test_candidates_that_are_all_alike(count: int, share: float) -> None:
    """Nothing tells right from wrong: the score is the share that is right, smoothed."""
    features = random_features(np.random.default_rng(5), count)
    pool = make_pool(features, [0] * count, np.full(count, bool(share)))
    decided = decide({ONE: pool}, counted(3, 2), ALL)
    for weights in decided.weights:
        scores = sigmoid(features @ np.array(weights))
        np.testing.assert_allclose(scores, (share * count + 1) / (count + 2))
    assert all(0 <= threshold <= 0.5 for threshold in decided.thresholds)


def test_what_was_decided_is_written_into_the_labels() -> None:
    labels = taxonomy(["doubt", "slogans"])
    features = random_features(np.random.default_rng(6), 40)
    pool = make_pool(features, [0, 1] * 20, features[:, 1] > 0)
    decided = decide({Edge(0.25, phrases=True): pool}, counted(10, 10), ALL)
    applied = decided.apply(labels)
    assert [label.id for label in applied] == ["doubt", "slogans"]
    for label, weights, threshold in zip(applied, decided.weights, decided.thresholds, strict=True):
        assert (label.edge, label.phrases) == (0.25, True)
        assert label.threshold == threshold
        assert label.calibration == dict(zip(FEATURES, weights, strict=True))
    assert applied[0].definition == labels[0].definition


# words of four characters, a space between them
WORDS = 8
RIGHT = {
    "the same": ((5, 9), [(5, 9)], True),
    "half of it": ((0, 8), [(4, 30)], True),
    "less than half of it": ((0, 9), [(5, 30)], False),
    "two that add up to half": ((0, 12), [(0, 3), (9, 12)], False),
    "two that overlap count as one": ((0, 12), [(0, 4), (3, 6)], True),
    "a short one inside": ((0, 20), [(5, 9)], False),
    "nothing": ((0, 4), [], False),
}


@pytest.mark.parametrize(("span", "gold", "expected"), RIGHT.values(), ids=RIGHT)
def test_right(span: tuple[int, int], gold: list[tuple[int, int]], expected: bool) -> None:
    document = Document("x" * 40, tuple(Span(*bounds, "doubt") for bounds in gold))
    assert right(Span(*span, "doubt"), document) is expected
    assert right(Candidate(0, *span, "doubt", (0.0,) * len(FEATURES)), document) is expected
    assert right(Span(*span, "slogans"), document) is False


def test_candidates_are_collected_with_what_they_add() -> None:
    starts = np.arange(WORDS, dtype=np.int32) * 5
    begins = np.array([3] + [1] * (WORDS - 1), np.int8)
    ids = np.zeros(WORDS, np.int64)
    windows = [
        Window(
            (),
            ids,
            np.full(WORDS, source, np.int32),
            starts,
            starts + 4,
            begins,
            np.zeros((WORDS, 3), np.float32),
        )
        for source in (0, 1)
    ]
    probabilities = np.zeros((2, WORDS, 3), np.float32)
    probabilities[0, 1:3, 0] = 0.9  # characters 5 to 14, label 0
    probabilities[1, 4:5, 1] = 0.6  # characters 20 to 24, label 1
    probabilities[1, 0:2, 0] = 0.4
    documents = [
        Document("x" * 40, (Span(10, 14, "doubt"), Span(5, 6, "doubt"), Span(5, 14, "slogans"))),
        Document("x" * 40, (Span(18, 26, "slogans"),)),
    ]
    labels: tuple[Label, ...] = taxonomy(["doubt", "slogans"])
    pool = Pool.collect(documents, windows, list(probabilities), labels)
    assert pool.documents.tolist() == [0, 1, 1]
    assert pool.labels.tolist() == [0, 0, 1]
    assert pool.right.tolist() == [False, False, True]
    np.testing.assert_allclose(pool.gains, [[5 / 9, 2], [0, 0], [1, 0.5]])
    assert pool.features.shape == (3, len(FEATURES))
    np.testing.assert_allclose(pool.features[:, FEATURES.index("words")], np.log([2, 2, 1]))
    empty = Pool.collect(documents, windows, list(np.zeros_like(probabilities)), labels)
    assert empty.features.shape == (0, len(FEATURES))
    assert empty.gains.shape == (0, 2)
    assert all(0 < edge.probability < 1 for edge in EDGES)
