"""HTML is read as a real browser reads it: the same text nodes, in the same order."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagger.sources import read_source

# The text nodes of a fragment that readers see, by the rules of `read_html`.
SEEN = """html => {
    const host = document.createElement("div");
    document.body.replaceChildren(host);
    host.innerHTML = html;
    const unseen = "script, style, title, iframe, noembed, noframes, noscript, svg, math, audio,"
        + "canvas, video, datalist, [hidden], [style*='display:none']";
    const walker = document.createTreeWalker(host, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode())
        if (!walker.currentNode.parentElement.closest(unseen)) found.push(walker.currentNode.data);
    return found.join("");
}"""
TEXT_CONTENT = """slices => slices.map(slice => {
    const template = document.createElement("template");
    template.innerHTML = slice;
    return template.content.textContent;
})"""

WORDS = st.sampled_from(
    ["liars ", "of ", "a < b ", "& ", "💩", "\n", "&amp;", "caf&eacute", "\xa0"]
)
INLINE = ["a", "b", "i", "em", "u", "span", "code", "x-y", "font"]
BLOCK = ["p", "div", "ul", "ol", "li", "h2", "section", "blockquote", "pre", "dl", "dt", "form"]
RAW = ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "template"]
ATTRIBUTES = st.sampled_from(
    ["", "", " ", "/", " a='>'", ' b="<p>"', " c=d/", " =e", " f = g ", " h'i", "\n", " j k=", "\f"]
)

# Pieces of markup that need not fit together.
BROKEN = st.lists(
    st.one_of(
        WORDS,
        st.builds("<{}{}>".format, st.sampled_from(INLINE + BLOCK), ATTRIBUTES),
        st.builds("</{}{}>".format, st.sampled_from(INLINE + BLOCK), ATTRIBUTES),
        st.builds("{}{}>".format, st.sampled_from([f"<{name}" for name in RAW]), ATTRIBUTES),
        st.builds("</{}>".format, st.sampled_from(RAW)),
        st.sampled_from(["a<b ", "<a b", "<", ">", "</", "</>", "</ p>", "/>", "'", '"', "="]),
        st.sampled_from(["<!--", "-->", "--!>", "<!-->", "<!--->", "<!", "<?", "<script><!--"]),
        st.sampled_from(["&notit;", "&#x80;", "&#128169;", "&#0;", "&#xD800;", "&;", "&#", "&lt"]),
        st.sampled_from(["<![CDATA[", "]]>", "<br>", "<img>"]),
    ),
    max_size=25,
).map("".join)


SHOWN = ["", "", " hidden", " style='display:none'", " title='hidden'"]
NESTS = [
    *(f"<{name}{{0}}>{{2}}{{3}}</{name}>" for name in (*INLINE[1:], "div", "ul", "section")),
    *(f"<{name}{{0}}>{{2}}</{name}>{{3}}" for name in ("template", "video", "datalist")),
    "<ul><li{0}>{2}<li{1}>{3}</ul>",
    "<dl><dt{0}>{2}<dd{1}>{3}</dl>",
    "<table><tr><td{0}>{2}<td>{3}<tr{1}><td>{3}</table>",
    "{2}<svg><title>Icon</title><path/></svg>{3}",
]


@st.composite
def nests(draw: Any, children: st.SearchStrategy[str]) -> str:
    """An element around other markup, properly nested."""
    shown = [draw(st.sampled_from(SHOWN)) for _ in range(2)]
    inside = ["".join(draw(st.lists(children, max_size=3))) for _ in range(2)]
    nest: str = draw(st.sampled_from(NESTS))
    return nest.format(*shown, *inside)


NESTED = st.lists(st.recursive(WORDS, nests, max_leaves=15), max_size=6).map("".join)


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    page.route("**/*", lambda route: route.abort())
    yield page
    page.close()


def assert_same(html: str, page: Any) -> None:
    source = read_source(html, "text/html")
    own = source.quote(0, len(html))
    # Browsers drop NUL; white space outside the blocks is not read here.
    assert re.sub(r"[\s\0]", "", own) == re.sub(r"[\s\0]", "", page.evaluate(SEEN, html))


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(html=BROKEN)
def test_broken_markup(html: str, page: Any) -> None:
    assert_same(html, page)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(html=NESTED)
def test_elements_that_are_not_seen(html: str, page: Any) -> None:
    assert_same(html, page)


def test_pages_of_content_management_systems(page: Any, root: Path) -> None:
    files = sorted((root / "tests" / "pages").glob("*.html"))
    assert len(files) == 10
    for file in files:
        html = file.read_bytes().decode()
        assert_same(html, page)
        source = read_source(html, "text/html")
        # From one word to another of the same block.
        slices, expected = [], []
        for block in re.finditer(r"\S(?:(?!\n\n)[\s\S])*", source.text):
            words = [word.span() for word in re.finditer(r"\S+", block[0])]
            for first in range(0, len(words), 3):
                for last in range(first, len(words), 5):
                    part = (block.start() + words[first][0], block.start() + words[last][1])
                    start, end = source.to_raw(*part)
                    slices.append(html[start:end])
                    expected.append(source.quote(start, end).replace("\r\n", "\n"))
        assert len(slices) > 10
        assert page.evaluate(TEXT_CONTENT, slices) == expected
