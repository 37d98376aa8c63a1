"""What holds of the tagger whatever the model: run with the default one."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagger import Document, InputError, Span, Tagger

ODD = [
    "",
    " \r\n\t",
    "They are liars, traitors and crooks! 👩\u200d👧 Shame!",
    "a" * 700,
    "כולם שקרנים! العار \u200f",
    "\0\x01 disgraceful\r\n\r\npuppets \ufffd",
]


@pytest.fixture(scope="module")
def texts(articles: list[Document]) -> list[str]:
    """Paragraphs of the small corpus, two articles in one text, and odd ones."""
    whole = [article.text for article in articles]
    paragraphs = [part for text in whole[:6] for part in text.split("\n\n")]
    return [*paragraphs, whole[0] + whole[1], *ODD]


@pytest.fixture(scope="module")
def alone(tagger: Tagger, texts: list[str]) -> list[Document]:
    """Every candidate span of each text, tagged alone."""
    return [document for text in texts for document in tagger.tag([text], thresholds=0)]


def keys(document: Document) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in document.spans]


def assert_same(found: Sequence[Document], expected: Sequence[Document]) -> None:
    assert [document.text for document in found] == [document.text for document in expected]
    for own, other in zip(found, expected, strict=True):
        assert keys(own) == keys(other)
        scores = [[span.score for span in document.spans] for document in (own, other)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-4)


def test_there_is_something_to_compare(alone: list[Document], tagger: Tagger) -> None:
    assert len({span.label for document in alone for span in document.spans}) > 5
    assert any(document.spans for document in tagger.tag([x.text for x in alone]))


@pytest.mark.parametrize("size", [2, 7, 1000])
def test_spans_do_not_depend_on_the_batch(
    tagger: Tagger, texts: list[str], alone: list[Document], size: int
) -> None:
    order = np.random.default_rng(size).permutation(len(texts)).tolist()
    for start in range(0, len(order), size):
        batch = order[start : start + size]
        found = tagger.tag([texts[i] for i in batch], thresholds=0)
        assert_same(found, [alone[i] for i in batch])


@pytest.mark.parametrize("threads", [1, 2])
def test_spans_do_not_depend_on_threads(
    root: Path, texts: list[str], alone: list[Document], threads: int
) -> None:
    other = Tagger.load(root / "models" / "default", threads=threads)
    assert_same(other.tag(texts, thresholds=0), alone)


def test_threads_may_share_a_tagger(
    tagger: Tagger, texts: list[str], alone: list[Document]
) -> None:
    def every_third(first: int) -> list[Document]:
        return tagger.tag(texts[first::3], thresholds=0)

    with ThreadPoolExecutor(4) as pool:
        for number, found in enumerate(pool.map(every_third, [0, 1, 2] * 3)):
            assert_same(found, alone[number % 3 :: 3])


def test_windows_of_several_requests_may_be_inferred_together(
    tagger: Tagger, texts: list[str], alone: list[Document]
) -> None:
    requests = [texts[0::3], texts[1::3], texts[2::3]]
    plans = [tagger.plan(request) for request in requests]
    tickets = [(number, window) for number, plan in enumerate(plans) for window in plan]
    order = np.random.default_rng(3).permutation(len(tickets)).tolist()
    inferred = tagger.infer([tickets[i][1] for i in order])
    results = dict(zip(order, inferred, strict=True))
    for number, (request, plan) in enumerate(zip(requests, plans, strict=True)):
        own = [results[i] for i, (owner, _) in enumerate(tickets) if owner == number]
        assert_same(tagger.decode(request, plan, own, thresholds=0), alone[number::3])


def test_thresholds_only_filter(tagger: Tagger, texts: list[str]) -> None:
    floors = (0.0, 0.05, 0.3, 0.6, 1.0)
    found = [tagger.tag(texts, thresholds=floor) for floor in floors]
    for floor, below, above in zip(floors[1:], found[:-1], found[1:], strict=True):
        for more, fewer in zip(below, above, strict=True):
            assert fewer.spans == tuple(x for x in more.spans if x.score >= floor)


def test_thresholds_and_labels_filter_by_label(
    tagger: Tagger, texts: list[str], alone: list[Document]
) -> None:
    first, second = tagger.labels[:2]
    own = {label.id: label.threshold for label in tagger.manifest.labels}

    def filtered(floors: Mapping[str, float]) -> list[Document]:
        kept: Callable[[Span], bool] = lambda span: span.score >= floors.get(span.label, 2)  # noqa: E731
        return [Document(text.text, tuple(filter(kept, text.spans))) for text in alone]

    cases: list[tuple[dict[str, Any], dict[str, float]]] = [
        ({}, own),
        ({"thresholds": {first: 0.0}}, own | {first: 0.0}),
        ({"thresholds": {"default": 0.1, second: 0.2}}, dict.fromkeys(own, 0.1) | {second: 0.2}),
        ({"labels": [second], "thresholds": 0.1}, {second: 0.1}),
        ({"labels": [second, first]}, {name: own[name] for name in (first, second)}),
        ({"labels": []}, {}),
    ]
    for options, floors in cases:
        assert_same(tagger.tag(texts, **options), filtered(floors))


def test_paragraphs_of_a_document(tagger: Tagger, articles: list[Document]) -> None:
    for article in articles:
        paragraphs = [*article.text.split("\n"), *ODD]
        found = tagger.tag_document(paragraphs, thresholds=0)
        # A Document checks that its spans fit, so offsets index their own paragraph.
        assert [document.text for document in found] == paragraphs
        assert all(keys(x) == sorted(keys(x), key=lambda k: (k[0], -k[1], k[2])) for x in found)
        assert not found[paragraphs.index("")].spans
    assert_same(tagger.tag_document(ODD[2:3]), tagger.tag(ODD[2:3]))


def test_no_span_crosses_a_paragraph(alone: list[Document]) -> None:
    fragments = [x.text[span.start : span.end] for x in alone for span in x.spans]
    assert fragments
    assert not [found for found in fragments if "\n\n" in found]


def test_one_document_a_text_in_order(tagger: Tagger, alone: list[Document]) -> None:
    assert tagger.tag([]) == tagger.tag_document([]) == []
    assert tagger.tag(["", "  \n"]) == [Document(""), Document("  \n")]
    for document in alone:
        order = [(span.start, -span.end, span.label) for span in document.spans]
        assert order == sorted(order)
        assert all(0 <= span.score <= 1 for span in document.spans)
        assert {span.label for span in document.spans} <= set(tagger.labels)


def test_an_iterator_of_texts_is_not_lost(tagger: Tagger, texts: list[str]) -> None:
    assert_same(tagger.tag(iter(texts[:4])), tagger.tag(texts[:4]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        ("one text", {}, r"texts is one str: send a list, \[text\]"),
        (["fine", 7], {}, "text 2 is a int, not a str"),
        ([None], {}, "text 1 is a NoneType"),
        ([b"bytes"], {}, "text 1 is a bytes"),
        (["fine", "\ud800"], {}, "text 2 holds a lone surrogate at character 0"),
        (["fine"], {"labels": ["no_such"]}, "unknown label 'no_such': this model knows "),
        (["fine"], {"thresholds": {"no_such": 0.5}}, "unknown label 'no_such'"),
        (["fine"], {"thresholds": 1.5}, "is 1.5: give a number from 0 to 1"),
        (["fine"], {"thresholds": float("nan")}, "is nan: give a number from 0 to 1"),
        ([], {"thresholds": -1}, "is -1: give a number from 0 to 1"),
    ],
)
@pytest.mark.parametrize("method", ["tag", "tag_document"])
def test_input_that_cannot_be_tagged(
    tagger: Tagger, method: str, texts: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        getattr(tagger, method)(texts, **options)
