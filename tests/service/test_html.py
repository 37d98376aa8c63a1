"""/v1/tag of HTML: what `start` and `end` index, and what `text` is."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagger import Tagger

ALL = {"default": 0}
INLINE_TAGS = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "big", "blink", "br", "cite", "code", "data", "del", "dfn"}
    | {"em", "font", "i", "img", "ins", "kbd", "mark", "o:p", "q", "rp", "rt", "ruby", "s", "samp"}
    | {"small", "span", "strike", "strong", "sub", "sup", "svg", "time", "tt", "u", "var", "wbr"}
    | {"x-y"}
)
PAGES = [
    "cards",
    "drupal_ckeditor",
    "legacy_table",
    "live_blog",
    "newsletter",
    "reader_comment",
    "whole_page",
    "word_paste",
    "wordpress_blocks",
    "wordpress_classic",
]


class Nodes(HTMLParser):
    """The text nodes of some HTML, entities decoded, and its tags: by Python's own parser."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: set[str] = set()
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tags.add(tag)


def tag(client: FlaskClient, **body: Any) -> Any:
    response = client.post("/v1/tag", json={"content_type": "text/html", **body})
    assert response.status_code == 200, response.text
    return response.json


def tagged_slices(client: FlaskClient, html: str) -> list[str]:
    """The slices of the HTML that are tagged, checked: they are the tagged words."""
    (result,) = tag(client, text=html, thresholds=ALL)["results"]
    slices = []
    for span in result["spans"]:
        part = html[span["start"] : span["end"]]
        nodes = Nodes(part)
        assert nodes.text == span["text"] == span["text"].strip()
        assert nodes.tags <= INLINE_TAGS
        assert not re.match("<[a-zA-Z/!]", part)
        assert not part.endswith(">") or nodes.text.endswith(">")
        slices.append(part)
    return slices


PLAIN = [
    "liars",
    "The traitors",
    "destroy us",
    "a disgraceful",
    "puppets!",
    "They want",
    "Ψ 💩 never",
]
CODED = ["AT&amp;T", "caf&eacute;", "na&iuml;ve", "&ldquo;heroes&rdquo;", "&#8212;", "&#x1F621;"]
ODD = ["to&nbsp;us", "R&D", "3 < 4", "&copy 2031", "&#147;", "&bogus;", "&lt;b&gt;", "?", "so-so"]
WORDS = st.sampled_from([*PLAIN, *CODED, *ODD])
SPACE = st.sampled_from(["", " ", " ", " ", "\n", "\r\n", "\t", "&nbsp;", "\n\n"])
ATTRIBUTES = st.sampled_from(
    ["", " class=x", " title='a > b'", ' data-x="<p>"', " lang = en", " hidden-not", " style='a:b'"]
)
UNTAGGED = st.sampled_from(
    [
        '<!-- wp:paragraph {"a": "<p>"} -->',
        "<!---->",
        "<script>if (a < b) { '</p>traitors' }</script>",
        "<style>p > a { content: 'liars' }</style>",
        "<template><p>liars</p></template>",
        "<span hidden>liars</span>",
        "<img src='a.png' alt='liars'>",
        "<svg><title>liars</title></svg>",
        "<br>",
        "<br />",
    ]
)


def joined(parts: st.SearchStrategy[str], most: int) -> st.SearchStrategy[str]:
    return st.lists(st.tuples(parts, SPACE).map("".join), max_size=most).map("".join)


@st.composite
def elements(draw: Any, names: list[str], children: st.SearchStrategy[str]) -> str:
    """An element, which may lack its end tag or be written in capitals."""
    name = draw(st.sampled_from(names))
    start = f"<{draw(st.sampled_from([name, name, name.upper()]))}{draw(ATTRIBUTES)}>"
    end = draw(st.sampled_from([f"</{name}>", f"</{name}>", f"</{name} >", ""]))
    return f"{start}{draw(joined(children, 4))}{end}"


INLINE = st.recursive(
    st.one_of(WORDS, WORDS, WORDS, UNTAGGED),
    lambda children: elements(["b", "i", "em", "strong", "a", "span", "mark", "x-y"], children),
    max_leaves=12,
)
BLOCKS = st.recursive(
    joined(INLINE, 5),
    lambda children: elements(["p", "div", "li", "ul", "td", "h2", "blockquote", "pre"], children),
    max_leaves=6,
)
DOCUMENTS = joined(BLOCKS, 3)


def test_generated_documents(app: APIFlask) -> None:
    slices: list[str] = []

    @settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
    @given(html=DOCUMENTS)
    def check(html: str) -> None:
        slices.extend(tagged_slices(app.test_client(), html))

    check()
    assert len(slices) > 200
    assert sum("<" in part for part in slices) > 20
    assert sum("&" in part for part in slices) > 20


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_content_management_systems(page: str, client: FlaskClient, root: Path) -> None:
    html = (root / "tests" / "pages" / f"{page}.html").read_bytes().decode()
    slices = tagged_slices(client, html)
    assert len(slices) > 2
    assert any("<" in part or "&" in part for part in slices)


@pytest.mark.parametrize("page", PAGES)
def test_offset_units(page: str, client: FlaskClient, root: Path) -> None:
    html = (root / "tests" / "pages" / f"{page}.html").read_bytes().decode()
    code_points, utf16, utf8 = (
        tag(client, text=html, thresholds=ALL, offset_unit=unit)["results"][0]["spans"]
        for unit in ("code_point", "utf16", "utf8")
    )
    for one, two, three in zip(code_points, utf16, utf8, strict=True):
        expected = html[one["start"] : one["end"]]
        wide, narrow = html.encode("utf-16-le"), html.encode()
        assert wide[2 * two["start"] : 2 * two["end"]].decode("utf-16-le") == expected
        assert narrow[three["start"] : three["end"]].decode() == expected
        assert one["text"] == two["text"] == three["text"]


def test_blocks_are_tagged_as_paragraphs_of_one_document(
    client: FlaskClient, tagger: Tagger
) -> None:
    plain = [
        "The council's monstrous scheme was rammed through at midnight.",
        "Who would trust such a disgraceful, corrupt liar?",
        "They are liars & traitors, and they want to destroy us.",
        "The council meets on Tuesday at seven.",
    ]
    html = [
        "<p>The council&#39;s <b>monst<i>rous</i></b> scheme was <a href='>'>rammed through</a> at"
        " midnight.</p><p>Who would trust such a <em>disgraceful</em>, corrupt <b>liar?</b>",
        "<ul><li>They are liars &amp; <u>traitors</u>, and they want to destroy us."
        "<li>The council meets on <!-- when? -->Tuesday at&#32;seven.</ul>",
    ]
    expected = tagger.tag_document(plain, thresholds=0)
    paragraphs = [{"id": "one", "text": html[0]}, {"id": "two", "text": html[1]}]
    results = tag(client, paragraphs=paragraphs, thresholds=ALL)["results"]
    assert [result["id"] for result in results] == ["one", "two"]
    for result, documents in zip(results, (expected[:2], expected[2:]), strict=True):
        found = [(span["text"], span["label"]) for span in result["spans"]]
        assert found == [
            (document.text[span.start : span.end], span.label)
            for document in documents
            for span in document.spans
        ]
        assert len(found) > 1


@pytest.mark.parametrize(
    ("html", "windows"),
    [
        ("", 0),
        ("<p></p><script>liars</script>", 0),
        ("<p>&nbsp;</p>", 0),
        ("<p>They lied.</p>" * 3, 1),
        ("<p>They lied to us, again and again.</p>" * 100, 15),
    ],
)
def test_windows_tell_that_nothing_was_cut_off(
    client: FlaskClient, html: str, windows: int
) -> None:
    (result,) = tag(client, text=html)["results"]
    assert windows <= result["windows"] <= 2 * windows


def test_plain_text_is_not_read_as_html(client: FlaskClient) -> None:
    text = "The <b>disgraceful liars</b> &amp; traitors"
    for content_type in ({}, {"content_type": "text/plain"}):
        answer: Any = client.post("/v1/tag", json={"text": text, "thresholds": ALL, **content_type})
        spans = answer.json["results"][0]["spans"]
        assert spans
        assert all(text[span["start"] : span["end"]] == span["text"] for span in spans)
