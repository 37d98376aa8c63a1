"""Token probabilities become spans; no model is needed to test that."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tagger import FEATURES, Candidate, Document, InputError, Label, Window, candidates, decode
from tagger.decode import score
from tagger.windows import PARAGRAPH, SENTENCE, WORD, Piece

Floats = NDArray[np.float32]
NEUTRAL = dict.fromkeys(FEATURES, 0.0) | {"bias": 1.0}


def label(id: str, **values: Any) -> Label:
    some = {"bias": 0.1, "mean": 0.8, "peak": 0.3, "any": 0.2, "words": -0.4, "document": 0.1}
    calibration = NEUTRAL | some
    given: dict[str, Any] = {"threshold": 0.5, "edge": 0.5, "phrases": False, "prior": 0.01}
    given["calibration"] = calibration
    return Label(id, id, id, "", "", **(given | values))


LABELS = (label("a", edge=0.3), label("b", threshold=0.7), label("c", edge=0.2, phrases=True))


def windows(sources: Sequence[Sequence[int]], size: int) -> list[Window]:
    """Windows of `size` tokens over texts given as what begins at their tokens, of which each
    has two characters and a space after it."""
    begins = np.concatenate([np.array(what, np.int8) for what in sources])
    starts = np.concatenate([np.arange(len(what), dtype=np.int32) * 3 for what in sources])
    owners = np.repeat(np.arange(len(sources), dtype=np.int32), [len(what) for what in sources])
    cuts = range(0, len(begins), size)
    return [
        Window(
            tuple(Piece(int(i), 0, 0) for i in np.unique(owners[cut : cut + size])),
            np.zeros(len(begins[cut : cut + size]), np.int64),
            owners[cut : cut + size],
            starts[cut : cut + size],
            starts[cut : cut + size] + 2,
            begins[cut : cut + size],
            np.zeros((len(begins[cut : cut + size]), 3), np.float32),
        )
        for cut in cuts
    ]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], list[Window], list[Floats]]:
    """Texts, windows over them that may span texts, and any probabilities."""
    rest = st.lists(st.sampled_from([0, WORD, WORD, WORD, SENTENCE, PARAGRAPH]), max_size=12)
    sources = [[PARAGRAPH, *draw(rest)] for _ in range(draw(st.integers(1, 3)))]
    plan = windows(sources, draw(st.integers(2, 20)))
    cell = st.one_of(st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.floats(0, 1, width=32))
    values = [
        np.array(draw(st.lists(cell, min_size=4 * len(w), max_size=4 * len(w))), np.float32)
        for w in plan
    ]
    return ["xx " * len(what) for what in sources], plan, [v.reshape(-1, 4) for v in values]


@given(cases())
def test_candidates_keep_to_words_and_sentences(
    case: tuple[list[str], list[Window], list[Floats]],
) -> None:
    texts, plan, values = case
    begins = {
        (int(source), int(at)): int(what)
        for window in plan
        for source, at, what in zip(window.sources, window.starts, window.begins, strict=True)
    }
    taken: set[tuple[int, str, int]] = set()
    for found in candidates(texts, plan, values, LABELS):
        own = range(found.start, found.end, 3)
        assert begins[found.source, found.start] > 0
        assert begins.get((found.source, found.end + 1), WORD) > 0
        assert all(begins[found.source, at] < SENTENCE for at in own[1:])
        assert found.end <= len(texts[found.source])
        cells = {(found.source, found.label, at) for at in own}
        assert not cells & taken
        taken |= cells
        assert len(found.features) == len(FEATURES)
        assert np.isfinite(found.features).all()


@given(cases(), st.floats(0, 1), st.floats(0, 1))
def test_thresholds_only_filter(
    case: tuple[list[str], list[Window], list[Floats]], low: float, high: float
) -> None:
    every = decode(*case, LABELS, thresholds=0)
    scores = [span.score for document in every for span in document.spans]
    low, high = sorted([low, high, *scores[:1]])[:2]
    assert sum(len(x.spans) for x in every) == len(list(candidates(*case, LABELS)))
    below, above = (decode(*case, LABELS, thresholds=floor) for floor in (low, high))
    for all_, more, fewer in zip(every, below, above, strict=True):
        assert all_.text == more.text == fewer.text
        assert list(all_.spans) == sorted(all_.spans, key=lambda x: (x.start, -x.end, x.label))
        assert more.spans == tuple(span for span in all_.spans if span.score >= low)
        assert fewer.spans == tuple(span for span in more.spans if span.score >= high)
    mixed = decode(*case, LABELS, labels=["c", "b"], thresholds={"default": low, "b": high})
    for all_, some in zip(every, mixed, strict=True):
        floors = {"a": 2.0, "b": high, "c": low}
        assert some.spans == tuple(x for x in all_.spans if x.score >= floors[x.label])


ROW = [[0.9, 0.3, 0.4, 0.9], [0.1, 0.9, 0.4, 0.2], [0.9, 0.0, 0.1, 0.9], [0.0, 0.9, 0.1, 0.9]]


def spans(
    what: Sequence[int], rows: Sequence[Sequence[float]], size: int = 9, **options: Any
) -> list[tuple[int, int, str]]:
    plan = windows([what], size)
    values = np.array(rows, np.float32)
    cut = [values[i : i + size] for i in range(0, len(values), size)]
    (found,) = decode(["xx " * len(what)], plan, cut, LABELS, **({"thresholds": 0} | options))
    return [(span.start, span.end, span.label) for span in found.spans]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        # 0.1 between 0.9 and 0.9, under a's edge of 0.3: joined; b's 0.0 is too far under 0.5.
        ([3, 1, 1, 1], [(0, 8, "a"), (3, 5, "b"), (9, 11, "b")]),
        # The second token continues the first one's word: 0.5 of a, 0.6 of b, 0.4 of c.
        ([3, 0, 1, 1], [(0, 8, "a"), (0, 5, "b"), (9, 11, "b")]),
        # A paragraph begins at the third token, or a sentence.
        ([3, 1, 3, 1], [(0, 2, "a"), (3, 5, "b"), (6, 8, "a"), (9, 11, "b")]),
        ([3, 1, 2, 1], [(0, 2, "a"), (3, 5, "b"), (6, 8, "a"), (9, 11, "b")]),
        # One word.
        ([3, 0, 0, 0], [(0, 11, "a"), (0, 11, "b")]),
    ],
)
@pytest.mark.parametrize("size", [9, 1, 3])
def test_tokens_become_spans(
    what: list[int], expected: list[tuple[int, int, str]], size: int
) -> None:
    assert spans(what, ROW, size) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("xx xx xx xx ", [(0, 8), (9, 11)]),
        (",, xx ““ xx ", [(3, 5), (9, 11)]),
        ("xx .. xx .. ", [(0, 8)]),
        ("xx 6% 7. xx ", [(0, 8), (9, 11)]),
        (".. .. .. .. ", []),
    ],
)
def test_spans_neither_begin_nor_end_with_punctuation(
    text: str, expected: list[tuple[int, int]]
) -> None:
    plan, values = windows([[3, 1, 1, 2]], 9), [np.full((4, 2), 0.9, np.float32)]
    found = candidates([text], plan, values, [label("a")])
    assert [(each.start, each.end) for each in found] == expected


@pytest.mark.parametrize(("least", "expected"), [(1, {1, 3}), (2, {3}), (3, {3}), (4, set())])
@pytest.mark.parametrize("phrases", [False, True])
def test_a_label_may_ask_for_several_words(least: int, expected: set[int], phrases: bool) -> None:
    text = "ABCD EFGH IJKL. MNOP; ABCD EFGH IJKL. MNOP. "
    values = [np.full((8, 2), 0.9, np.float32)]
    own = label("a", phrases=phrases, least_words=least)
    found = candidates([text], [_words(text)], values, [own])
    assert {len(text[each.start : each.end].split()) for each in found} == expected


def _words(text: str) -> Window:
    """A window of words in capital letters, each fourth of which is a sentence."""
    bounds = [match.span() for match in re.finditer("[A-Z]+", text)]
    starts, ends = np.array(bounds, np.int32).T
    begins = np.tile(np.array([SENTENCE, WORD, WORD, SENTENCE], np.int8), len(bounds) // 4)
    zeros = np.zeros(len(bounds), np.int64)
    repeats = np.zeros((len(bounds), 3), np.float32)
    return Window((), zeros, zeros.astype(np.int32), starts, ends, begins, repeats)


def test_features_are_what_their_documentation_says() -> None:
    plan, values = windows([[3, 1]], 9), [np.array(ROW[:2], np.float32)]
    (found,) = (x for x in candidates(["xx xx "], plan, values, LABELS) if x.label == "b")
    whole = (0.3 + 0.9 + 200 * 0.01) / 202, (0.9 + 0.2 + 200 * 0.125) / 202
    odds = [np.log(p / (1 - p)) for p in (0.9, 0.9, 0.2, *whole)]
    assert found == Candidate(0, 3, 5, "b", found.features)
    expected = dict(zip(("mean", "peak", "any", "document", "document_any"), odds, strict=True))
    expected |= {"bias": 1, "words": 0, "letters": np.log(2), "often": 0}
    assert dict(zip(FEATURES, found.features, strict=True)) == pytest.approx(expected, abs=1e-5)
    only_mean = [float(name == "mean") for name in FEATURES]
    assert score(np.array([found.features]), np.array([only_mean])) == pytest.approx([0.9])


def test_a_phrase_is_found_in_all_its_places() -> None:
    text = "Build it now, build IT later, rebuild it."
    begins = [PARAGRAPH] + [WORD] * 9
    starts = np.array([text.index(w) for w in ("Build", "it ", "now", ",")], np.int32)
    starts = np.append(starts, [14, 20, 23, 28, 30, 38]).astype(np.int32)
    ends = starts + np.array([5, 2, 3, 1, 5, 2, 5, 1, 7, 2], np.int32)
    zeros = np.zeros(10, np.int64)
    repeats = np.zeros((10, 3), np.float32)
    sources = zeros.astype(np.int32)
    plan = [Window((), zeros, sources, starts, ends, np.array(begins, np.int8), repeats)]
    values = np.full((10, 2), 0.01, np.float32)
    values[0] = 0.9  # the first place alone is above the edge; the mean of both is too
    own = label("r", edge=0.3, phrases=True)
    found = list(candidates([text], plan, [values], [own]))
    assert [text[each.start : each.end] for each in found] == ["Build", "build"]
    assert found[0].features == found[1].features
    features = dict(zip(FEATURES, found[0].features, strict=True))
    assert features["mean"] == pytest.approx(np.log(0.455 / 0.545), abs=1e-5)
    assert features["often"] == pytest.approx(np.log(2 * 200 / 210))


def test_the_models_own_thresholds_are_the_default() -> None:
    sure = [label(i, threshold=t, calibration=NEUTRAL) for i, t in (("a", 0.73), ("b", 0.74))]
    values = [np.array([[0.9, 0.9, 0.9]], np.float32)]
    plan = windows([[3]], 9)
    (found,) = decode(["xx "], plan, values, sure)
    assert [(x.label, round(x.score, 3)) for x in found.spans] == [("a", 0.731)]
    (found,) = decode(["xx "], plan, values, sure, thresholds={"b": 0.7})
    assert [x.label for x in found.spans] == ["a", "b"]
    (found,) = decode(["xx "], plan, values, sure, thresholds={"default": 0.7, "a": 1})
    assert [x.label for x in found.spans] == ["b"]


def test_texts_without_windows_are_documents_without_spans() -> None:
    assert decode(["", " "], [], [], LABELS) == [Document(""), Document(" ")]
    assert spans([3, 1, 1, 1], ROW, labels=[]) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ["a", "z"]}, "unknown label 'z': this model knows a, b, c"),
        ({"labels": ["A"]}, "unknown label 'A'"),
        ({"thresholds": {"z": 0.5}}, "unknown label 'z'"),
        ({"thresholds": 1.5}, "threshold of default is 1.5: give a number from 0 to 1"),
        ({"thresholds": -0.1}, "threshold of default is -0.1"),
        ({"thresholds": float("nan")}, "threshold of default is nan"),
        ({"thresholds": {"a": 0.2, "b": 2}}, "threshold of b is 2"),
        ({"thresholds": {"default": float("inf")}}, "threshold of default is inf"),
        ({"thresholds": "0.5"}, "threshold of default is '0.5'"),
        ({"thresholds": {"a": None}}, "threshold of a is None"),
    ],
)
def test_options_that_cannot_be_used(options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        spans([3, 1, 1, 1], ROW, **options)
