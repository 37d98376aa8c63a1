import json

import pytest

from tagger.errors import InputError
from tagger.formats import to_answer
from tagger.manifest import Manifest
from tagger.sources import read_source
from tagger.spans import Document, Span

TEXT = "💩 a wartime ecstasy"


def test_the_whole_body(manifest: Manifest) -> None:
    documents = [
        Document(TEXT, (Span(4, 19, "loaded_language", 0.83004), Span(4, 11, "doubt", 0.5))),
        Document("nothing here"),
    ]
    answer = to_answer(manifest, documents, windows=[2, 1], ids=["p1", None], id="post-17")
    assert answer == {
        "id": "post-17",
        "model": {"name": "small", "version": "2026.1.0", "sha256": "ab12" * 16},
        "offset_unit": "code_point",
        "results": [
            {
                "id": "p1",
                "windows": 2,
                "spans": [
                    {
                        "start": 4,
                        "end": 19,
                        "text": "wartime ecstasy",
                        "label": "loaded_language",
                        "score": 0.83,
                    },
                    {"start": 4, "end": 11, "text": "wartime", "label": "doubt", "score": 0.5},
                ],
                "labels": {"doubt": 0.5, "loaded_language": 0.83},
            },
            {"id": None, "windows": 1, "spans": [], "labels": {}},
        ],
    }
    assert json.loads(json.dumps(answer)) == answer


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("code_point", (4, 19)), ("utf16", (5, 20)), ("utf8", (7, 22))],
)
def test_offset_units(manifest: Manifest, unit: str, expected: tuple[int, int]) -> None:
    document = Document(TEXT, (Span(4, 19, "doubt"),))
    answer = to_answer(manifest, [document], windows=[1], offset_unit=unit)
    (span,) = answer["results"][0]["spans"]
    assert (answer["offset_unit"], span["start"], span["end"]) == (unit, *expected)
    assert span["text"] == "wartime ecstasy"


def test_another_offset_unit_is_refused_even_without_documents(manifest: Manifest) -> None:
    with pytest.raises(InputError, match="offset_unit"):
        to_answer(manifest, [], windows=[], offset_unit="utf32")


def test_order_is_start_then_longest_then_label(manifest: Manifest) -> None:
    spans = (Span(2, 4, "b"), Span(0, 3, "b"), Span(0, 3, "a"), Span(0, 9, "c"))
    answer = to_answer(manifest, [Document("x" * 9, spans)], windows=[1])
    order = [(s["start"], s["end"], s["label"]) for s in answer["results"][0]["spans"]]
    assert order == [(0, 9, "c"), (0, 3, "a"), (0, 3, "b"), (2, 4, "b")]


def test_labels_hold_the_highest_score_of_each(manifest: Manifest) -> None:
    spans = (Span(0, 1, "a", 0.2), Span(1, 2, "a", 0.71239), Span(2, 3, "a", 0.3))
    answer = to_answer(manifest, [Document("xyz", spans)], windows=[1])
    assert answer["results"][0]["labels"] == {"a": 0.7124}


@pytest.mark.parametrize(("ids", "expected"), [(None, ["own", None]), (["p1", "p2"], ["p1", "p2"])])
def test_ids(manifest: Manifest, ids: list[str | None] | None, expected: list[str | None]) -> None:
    documents = [Document("a", id="own"), Document("b")]
    answer = to_answer(manifest, documents, windows=[1, 1], ids=ids)
    assert [result["id"] for result in answer["results"]] == expected
    assert answer["id"] is None


@pytest.mark.parametrize(("windows", "ids"), [([1], None), ([1, 1], ["p1"]), ([1, 1, 1], None)])
def test_counts_must_agree(
    manifest: Manifest, windows: list[int], ids: list[str | None] | None
) -> None:
    with pytest.raises(ValueError, match="zip"):
        to_answer(manifest, [Document("a"), Document("b")], windows=windows, ids=ids)


@pytest.mark.parametrize(("unit", "start", "end"), [("code_point", 16, 23), ("utf16", 17, 24)])
def test_offsets_index_what_the_text_was_read_from(
    manifest: Manifest, unit: str, start: int, end: int
) -> None:
    source = read_source("<p>💩 &amp; a <i>wartime</i><br> ecstasy</p>", "text/html")
    found = source.text.index("wartime")
    document = Document(source.text, (Span(found, found + 7, "doubt"), Span(0, 1, "doubt")))
    answer = to_answer(manifest, [document], windows=[1], offset_unit=unit, sources=[source])
    first, second = answer["results"][0]["spans"]
    assert (first["start"], first["text"]) == (3, "💩")
    assert (second["start"], second["end"], second["text"]) == (start, end, "wartime")
