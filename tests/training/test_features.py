"""What the classifiers see of a token, and what they are told of it."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tagger import NUMBERS, Document, Span
from training.base import Base
from training.features import LAYERS, TokenTable, token_table
from training.fragments import fragment_features

# three documents: windows of 3 and 1 tokens, of 2, and of 1 and 4
SIZES = [[3, 1], [2], [1, 4]]
WINDOWS = [(0, 3), (3, 4), (4, 6), (6, 7), (7, 11)]
TEXT = "x" * 30

Maker = Callable[[Sequence[Sequence[int]]], TokenTable]


@pytest.fixture(scope="module")
def table(make_table: Maker) -> TokenTable:
    return make_table(SIZES)


def parts(table: TokenTable, rows: Sequence[int]) -> list[NDArray[np.float32]]:
    return np.split(table.matrix(np.array(rows))[:, :-3], 4, axis=1)


def test_neighbours_never_cross_windows(table: TokenTable) -> None:
    own, before, after, _ = parts(table, range(11))
    np.testing.assert_array_equal(own, table.states)
    for first, end in WINDOWS:
        assert not before[first].any()
        assert not after[end - 1].any()
        np.testing.assert_array_equal(before[first + 1 : end], table.states[first : end - 1])
        np.testing.assert_array_equal(after[first : end - 1], table.states[first + 1 : end])


def test_the_last_part_is_the_mean_of_the_window(table: TokenTable) -> None:
    mean = parts(table, range(11))[3]
    for number, (first, end) in enumerate(WINDOWS):
        expected = table.states[first:end].astype(np.float64).mean(axis=0)
        np.testing.assert_allclose(table.window_means[number], expected, atol=1e-6)
        np.testing.assert_array_equal(mean[first:end], table.window_means[[number] * (end - first)])


def test_the_last_columns_are_the_repetitions(table: TokenTable) -> None:
    np.testing.assert_array_equal(table.matrix(np.arange(11))[:, -3:], table.repeats)


def test_rows_may_be_chosen(table: TokenTable) -> None:
    whole = table.matrix(np.arange(11))
    assert whole.dtype == np.float32
    for rows in ([7], [10, 0, 5], [3, 3]):
        np.testing.assert_array_equal(table.matrix(np.array(rows)), whole[rows])


def test_targets_are_the_labels_a_token_bears(table: TokenTable) -> None:
    # Token i of a document stands for characters 5i to 5i + 4, end not included.
    documents = [
        Document(TEXT, (Span(5, 9, "a"), Span(8, 16, "b"))),
        Document(TEXT, (Span(0, 1, "b"), Span(4, 5, "a"), Span(0, 9, "unknown"))),
        Document(TEXT, (Span(3, 6, "a"), Span(22, 30, "a"))),
    ]
    found = table.targets(documents, ["a", "b", "c"])
    bears = {"a": {1, 6, 7, 10}, "b": {1, 2, 3, 4}, "c": set(), "any": {1, 2, 3, 4, 6, 7, 10}}
    for column, rows in enumerate(bears.values()):
        assert set(np.flatnonzero(found[:, column]).tolist()) == rows


def test_fragments_are_taken_where_most_of_them_is(table: TokenTable) -> None:
    documents = [
        Document(TEXT, (Span(0, 9, "a"), Span(10, 19, "b"), Span(5, 20, "b"))),
        Document(TEXT, (Span(4, 5, "a"), Span(0, 9, "unknown"))),  # between tokens; no such label
        Document(TEXT, (Span(0, 14, "b"),)),
    ]
    features, targets, owners = fragment_features(table, documents, ["a", "b"])
    assert targets.tolist() == [0, 1, 1, 1]
    assert owners.tolist() == [0, 0, 0, 2]
    # Of two windows that hold as much of it, the first; else the one that holds more.
    tokens = [(0, 2, 0), (2, 3, 0), (1, 3, 0), (7, 9, 4)]
    for row, (first, end, window) in zip(features, tokens, strict=True):
        states = table.states[first:end].astype(np.float32)
        expected = [states.mean(axis=0), states[0], states[-1], table.window_means[window]]
        np.testing.assert_allclose(row[:-NUMBERS], np.concatenate(expected), atol=1e-6)
        assert row[-NUMBERS] == pytest.approx(np.log(end - first))


def test_a_table_is_made_of_documents(tiny_base: Base) -> None:
    encoder, windower = tiny_base.encoder(), tiny_base.windower()
    long = "The vote was a disgraceful farce, they said. " * 40
    documents = [Document(text) for text in ("Puppets!", "", " \n", long, "Why?")]
    table = token_table(documents, encoder, windower)
    plan = [window for window in windower.plan([d.text for d in documents]) if len(window)]
    counts = [len(window) for window in plan]
    assert len(plan) > 4
    assert sum(counts) == len(table.states) == len(table.documents) == len(table.windows)
    assert sorted(set(table.documents.tolist())) == [0, 3, 4]
    ends = np.cumsum(counts)
    for number, (window, end) in enumerate(zip(plan, ends, strict=True)):
        rows = slice(end - len(window), end)
        assert set(table.windows[rows].tolist()) == {number}
        assert set(table.documents[rows].tolist()) == {window.pieces[0].source}
        states = np.concatenate(encoder.hidden(window, LAYERS), axis=1)
        np.testing.assert_allclose(table.states[rows], states, atol=0.01)
