"""HTML made to be slow: reading it twice over at any place would take minutes, not a second."""

import pytest

from tagger.sources import read_source

SIZE = 250_000

# A piece that is repeated up to SIZE characters, and how many characters of text come out.
REPEATED: list[tuple[str, int]] = [
    ("<", SIZE),
    ("&", SIZE),
    ("&#", SIZE),
    ("&#x", SIZE),
    ("&a", SIZE),
    ("&amp;", SIZE // 5),
    ("&CounterClockwiseContourIntegra", SIZE),
    ("<div>", 0),
    ("<p>", 0),
    ("<p><b>", 0),
    ("</p>", 0),
    ("<li>", 0),
    ("<table><td>", 0),
    ("<i hidden>", 0),
    ("<svg>", 0),
    ("<math><p>", 0),
    ("<template>", 0),
    ("<a ", 0),
    ("<a b=", 0),
    ("<a b='", 0),
    ("<a b=\"'", 0),
    ("</", 0),
    ("<!", 0),
    ("<!--", 0),
    ("<svg><![CDATA[", 0),
    ("<script>", 0),
    ("<script><!--", 0),
    ("<script><!--<script></script>", 0),
    ("<title>", 0),
    ("a<br>", 2 * SIZE // 5),
    ("a<x>", SIZE // 4),
]

# Deep elements, and then many tags that ask about them.
DEEP: list[tuple[str, str, str]] = [
    ("<p><button>", "<b>", "<hr>"),
    ("<table>", "<div>", "</p></x></table ></td>"),
    ("<ul>", "<li><div>", "<li>"),
    ("<dl><object>", "<dd>", "<option>"),
    ("<svg>", "<g>", "</h1>"),
    ("<h1>", "<td><h1>", "</h2>"),
]


@pytest.mark.parametrize(("piece", "characters"), REPEATED)
def test_a_piece_over_and_over(piece: str, characters: int) -> None:
    source = read_source(piece * (SIZE // len(piece)), "text/html")
    assert abs(len(source.text) - characters) < 40


@pytest.mark.parametrize(("first", "deep", "many"), DEEP)
def test_tags_in_deep_elements(first: str, deep: str, many: str) -> None:
    html = first + deep * (SIZE // 2 // len(deep)) + many * (SIZE // 2 // len(many)) + "x"
    assert len(read_source(html, "text/html").text) <= 1


def test_long_attributes_and_references() -> None:
    for html in (
        "<a " + "b " * SIZE + ">x",
        "<a style='" + "; " * SIZE + "display'>x",
        "<a " + "hidden=1 " * (SIZE // 9) + ">",
        "&#" + "1" * SIZE,
        "<!" + "-" * SIZE,
    ):
        assert len(read_source(html, "text/html").text) <= 1
