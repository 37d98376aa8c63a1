import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.formats import segments
from tagger.spans import Document, Span

A, B, C = "a", "b", "c"


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ((), [(0, 9, "")]),
        ((Span(0, 9, A),), [(0, 9, "a")]),
        ((Span(2, 4, A),), [(0, 2, ""), (2, 4, "a"), (4, 9, "")]),
        ((Span(0, 3, A), Span(3, 9, B)), [(0, 3, "a"), (3, 9, "b")]),
        ((Span(0, 6, A), Span(3, 9, B)), [(0, 3, "a"), (3, 6, "ab"), (6, 9, "b")]),
        ((Span(3, 6, B), Span(0, 9, A)), [(0, 3, "a"), (3, 6, "ab"), (6, 9, "a")]),
        ((Span(0, 9, B), Span(0, 9, A)), [(0, 9, "ab")]),
        ((Span(0, 3, A), Span(0, 9, C)), [(0, 3, "ca"), (3, 9, "c")]),
        ((Span(0, 9, A), Span(0, 9, A)), [(0, 9, "aa")]),
    ],
)
def test_cuts(spans: tuple[Span, ...], expected: list[tuple[int, int, str]]) -> None:
    found = segments(Document("x" * 9, spans))
    assert [(s.start, s.end, "".join(span.label for span in s.spans)) for s in found] == expected


def test_many_spans_stay_in_order() -> None:
    spans = (Span(0, 40, A), *(Span(n, n + 2, B) for n in range(30)))
    for start, _, covering in segments(Document("x" * 40, spans))[1:30]:
        assert covering == (spans[0], Span(start - 1, start + 1, B), Span(start, start + 2, B))


def test_an_empty_text_has_no_segments() -> None:
    assert segments(Document("")) == []


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(st.text(st.sampled_from("ab \r\n\t💩e\u0301שل\u200d👩"), min_size=1))
    spans = []
    for _ in range(draw(st.integers(0, 8))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        spans.append(Span(start, end, draw(st.sampled_from("abc"))))
    return Document(text, tuple(spans))


@given(documents())
def test_segments_join_to_the_text_and_hold_every_span(document: Document) -> None:
    found = segments(document)
    assert "".join(document.text[start:end] for start, end, _ in found) == document.text
    assert all(start < end for start, end, _ in found)
    for start, end, spans in found:
        covering = [span for span in document.spans if span.start < end and span.end > start]
        assert sorted(spans, key=repr) == sorted(covering, key=repr)
        assert all(span.start <= start and end <= span.end for span in spans)
        assert list(spans) == sorted(spans, key=lambda s: (s.start, -s.end, s.label))
