from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import Classification, Document, InputError, Span


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_a_span_holds_at_least_one_character_of_the_text(start: int, end: int) -> None:
    if 0 <= start < end:
        span = Span(start, end, "doubt")
        assert (span.start, span.end, span.label, span.score) == (start, end, "doubt", 1.0)
    else:
        with pytest.raises(InputError, match=rf"span {start}-{end} \(doubt\).*half-open"):
            Span(start, end, "doubt")


@given(st.text(max_size=6), st.integers(1, 8))
def test_a_span_ends_inside_its_document(text: str, end: int) -> None:
    span = Span(end - 1, end, "doubt")
    if end <= len(text):
        assert Document(text, (span,)).spans == (span,)
    else:
        with pytest.raises(InputError, match=f"has {len(text)} characters"):
            Document(text, (span,))


def test_the_error_names_the_document() -> None:
    with pytest.raises(InputError, match="of document 42 ends after"):
        Document("short", (Span(0, 9, "doubt"),), "42")


def test_offsets_count_code_points() -> None:
    Document("👩\u200d👧!", (Span(3, 4, "doubt"),))
    with pytest.raises(InputError):
        Document("👩\u200d👧!", (Span(3, 5, "doubt"),))


def test_spans_may_overlap_and_keep_their_order() -> None:
    spans = (Span(2, 5, "b"), Span(0, 5, "a"), Span(0, 5, "b"))
    assert Document("hello", spans).spans == spans


def test_spans_given_as_a_list_become_a_tuple() -> None:
    document = Document("hello", [Span(0, 5, "a")])  # type: ignore[arg-type]
    assert document.spans == (Span(0, 5, "a"),)
    assert hash(document) == hash(Document("hello", (Span(0, 5, "a"),)))


@pytest.mark.parametrize(
    "value", [Span(0, 1, "a"), Document("a"), Classification(0, 1, "a", 0.5, {"a": 0.5})]
)
def test_core_types_are_frozen(value: object) -> None:
    for name in value.__slots__:  # type: ignore[attr-defined]
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)


def test_predictions_and_gold_compare_by_value() -> None:
    assert Document("a b", (Span(0, 1, "x", 0.5),), "1") == Document(
        "a b", (Span(0, 1, "x", 0.5),), "1"
    )
    assert Document("a b", (Span(0, 1, "x", 0.5),)) != Document("a b", (Span(0, 1, "x", 0.6),))
