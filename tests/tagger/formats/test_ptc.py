import pytest

from tagger.errors import InputError
from tagger.formats import to_ptc
from tagger.spans import Document, Span

NAMES = {"loaded_language": "Loaded_Language", "doubt": "Doubt"}


def test_one_line_per_span_in_order() -> None:
    documents = [
        Document("💩 a b c", (Span(4, 5, "doubt", 0.2), Span(2, 3, "loaded_language")), "111"),
        Document("nothing", id="222"),
        Document("again", (Span(0, 5, "doubt"),), "333"),
    ]
    assert to_ptc(documents, NAMES) == (
        "111\tLoaded_Language\t2\t3\n111\tDoubt\t4\t5\n333\tDoubt\t0\t5\n"
    )


def test_no_documents_make_no_lines() -> None:
    assert to_ptc([], NAMES) == ""


@pytest.mark.parametrize("spans", [(), (Span(0, 1, "doubt"),)])
@pytest.mark.parametrize(
    ("id", "problem"),
    [(None, "missing"), ("", "missing"), ("a\tb", "tab"), ("a\nb", "tab"), ("a\rb", "tab")],
)
def test_an_id_that_breaks_the_lines_is_refused(
    spans: tuple[Span, ...], id: str | None, problem: str
) -> None:
    with pytest.raises(InputError, match=rf"id of document 1.*{problem}"):
        to_ptc([Document("a", id="fine"), Document("a", spans, id)], NAMES)


def test_a_label_without_a_corpus_name_is_refused() -> None:
    with pytest.raises(InputError, match="slogans"):
        to_ptc([Document("a", (Span(0, 1, "slogans"),), "1")], NAMES)
