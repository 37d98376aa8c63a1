"""Names of given fragments: a new label beside those that a model has."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tagger import NUMBERS, Document, Span
from training.naming import Naming, naming_of, runs
from training.shift import Linear

KNOWN, OWN = ("doubt", "slogans"), ("deadline",)
WIDTH = 4 * 12 + NUMBERS

Floats = NDArray[np.float32]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n", []),
        ("Go!", ["Go!"]),
        ("They never sleep.", ["They", "never sleep.", "They never sleep."]),
        ("Why? he asked.\n Then 3 left ", ["Why?", "he asked.", "Then 3 left"]),
        ("a " * 33, [*("a" + n * " a" for n in (0, 1, 2, 4, 7, 12)), ("a " * 33).strip()]),
    ],
)
def test_runs_and_sentences(text: str, expected: list[str]) -> None:
    assert {" ".join(text[start:end].split()) for start, end in runs(text)} >= {*expected}
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in runs(text))
    assert len({*runs(text)}) == len(runs(text))
    assert bool(runs(text)) == bool(expected)


def document(*spans: tuple[int, int, str]) -> Document:
    return Document("Yes. " * 8, tuple(Span(*span) for span in spans))


def gathered(make_table: Callable[..., Any], documents: Sequence[Document], **more: Any) -> Naming:
    count = len(documents)
    given: dict[str, Any] = {
        "held": np.zeros(count, bool),
        "weights": np.ones(count, np.float32),
        "looked_for": np.ones(count, bool),
        "labels": (KNOWN, OWN),
        "seed": 0,
    }
    return naming_of(make_table([[8]] * count), documents, **(given | more))


def test_what_is_an_example_and_what_speaks_against(make_table: Callable[..., Any]) -> None:
    new = document((0, 4, "deadline"), (0, 4, "doubt"), (5, 9, "slogans"))
    unread, held = document((0, 4, "doubt")), document((10, 14, "doubt"))
    found = gathered(
        make_table,
        [new, unread, held],
        held=np.array([False, False, True]),
        looked_for=np.array([True, False, False]),
    )
    count = {
        (owner, kind): ((found.owners == owner) & (found.kinds == kind)).sum()
        for owner in range(3)
        for kind in range(4)
    }
    # The span that bears both is no counter-example, and an unread text has none but its own span.
    assert [count[0, kind] for kind in range(3)] == [1, 1, 0]
    assert [count[1, kind] for kind in range(4)] == [0, 1, 0, 0]
    assert [count[2, kind] for kind in (0, 1, 3)] == [0, 1, 0]
    text = new.text
    assert count[2, 2] == len(runs(text))
    assert count[0, 3] == sum(start >= 9 or 4 <= start < end <= 5 for start, end in runs(text))
    assert (found.columns[found.kinds == 0] == 0).all()
    assert (found.columns[found.kinds > 0] == -1).all()


def test_there_are_no_more_runs_than_are_useful(
    make_table: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.naming._MOST_RUNS", 20)
    documents = [document((0, 4, "deadline"))] + [document()] * 30
    sizes = [
        np.bincount(gathered(make_table, documents, held=np.arange(31) > 0, seed=seed).kinds)
        for seed in (0, 0, 1)
    ]
    assert (sizes[0] == sizes[1]).all()
    assert 5 < sizes[0][2] < 40


def some(seed: int, count: int, shift: float) -> Floats:
    return np.random.default_rng(seed).normal(shift, 1, (count, WIDTH)).astype(np.float32)


@pytest.fixture
def model() -> Linear:
    return Linear(0.1 * some(0, WIDTH, 0)[:, :2], np.array([0, 1], np.float32))


def naming(examples: int, others: int) -> Naming:
    features = np.concatenate([some(1, examples, 1), some(2, others, 0)])
    kinds = np.repeat([0, 1], [examples, others])
    return Naming(
        (2, 1),
        features,
        np.where(kinds, -1, 0),
        kinds,
        np.zeros(len(features), np.intp),
        np.arange(len(features)),
        np.ones(len(features), np.float32),
    )


@pytest.mark.parametrize("others", [300, 3000])
def test_a_new_label_takes_what_is_like_it_alone(model: Linear, others: int) -> None:
    """However many counter-examples there are."""
    every = np.ones(30 + others, bool)
    learnt = naming(30, others).learnt(model, every, 1e-2, jobs=1)
    new, old = some(3, 200, 1), some(4, 200, 0)
    assert (learnt.decisions(new).argmax(axis=1) == 2).mean() > 0.9
    before, after = model.decisions(old), learnt.decisions(old)
    assert (after.argmax(axis=1) == before.argmax(axis=1)).mean() > 0.85
    np.testing.assert_array_equal(after[:, :2], before)


def test_without_an_example_a_new_label_is_never_named(model: Linear) -> None:
    texts = np.arange(330) >= 30
    learnt = naming(30, 300).learnt(model, texts, 1e-2, jobs=1)
    assert not (learnt.decisions(some(3, 200, 1)).argmax(axis=1) == 2).any()
