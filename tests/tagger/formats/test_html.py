import re
from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagger.formats import to_html
from tagger.manifest import Label, Manifest
from tagger.spans import Document, Span

VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """What a browser would see: tags, attributes, and the tagged text without its tips."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.tips: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        css_class = attributes.get("class") or ""
        self.texts.extend([""] if css_class == "text" else [])
        self.tips.extend([""] if css_class == "tip" else [])
        if tag not in VOID:
            self.open.append((tag, css_class))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        classes = [css_class for _, css_class in self.open]
        if "tip" in classes:
            self.tips[-1] += data
        elif "text" in classes:
            self.texts[-1] += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def overlapping() -> Document:
    spans = (
        Span(0, 6, "doubt", 0.8),
        Span(3, 9, "loaded_language", 0.7),
        Span(10, 12, "doubt", 0.61),
    )
    return Document("abcdefghi jk lm", spans, "article 7")


def test_spans_tips_and_key(
    overlapping: Document, labels: tuple[Label, ...], manifest: Manifest
) -> None:
    raw = to_html([overlapping], labels, manifest, title="For the desk")
    page = Page(raw)
    assert page.texts == [overlapping.text]
    doubt = "Doubt {} Questions the credibility of someone."
    loaded = "Loaded language 0.70 Words of strong emotional weight."
    assert page.tips == [
        doubt.format("0.80"),
        doubt.format("0.80") + loaded,
        loaded,
        doubt.format("0.61"),
    ]
    assert "3 passages marked · 2 of 3 techniques" in raw
    assert "2 passages, highest score 0.80" in raw
    assert "1 passage, highest score 0.70" in raw
    assert "Not found: Name calling." in raw
    assert "small 2026.1.0" in raw


def test_every_mark_is_reached_by_keyboard_and_described(
    overlapping: Document, labels: tuple[Label, ...], manifest: Manifest
) -> None:
    page = Page(to_html([overlapping, overlapping], labels, manifest, title="x"))
    marks = page.named("mark")
    assert len(marks) == 8
    assert all(mark["tabindex"] == "0" for mark in marks)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(mark["aria-describedby"] in ids for mark in marks)
    assert all(article["aria-labelledby"] in ids for article in page.named("article"))
    assert page.named("html") == [{"lang": "en"}]


def test_each_span_keeps_a_line_of_its_own(
    overlapping: Document, labels: tuple[Label, ...], manifest: Manifest
) -> None:
    page = Page(to_html([overlapping], labels, manifest, title="x"))
    lines = [
        (attributes["class"], attributes["style"])
        for attributes in page.named("span")
        if "line" in (attributes.get("class") or "").split()
    ]
    doubt, loaded = "hue-1 style-0 line", "hue-0 style-0 line"
    assert sorted(lines) == [
        (loaded, "--lane:1"),
        (loaded, "--lane:1"),
        (doubt, "--lane:0"),
        (doubt, "--lane:0"),
        (doubt, "--lane:0"),
    ]


def test_each_span_is_abbreviated_once(
    overlapping: Document, labels: tuple[Label, ...], manifest: Manifest
) -> None:
    page = Page(to_html([overlapping], labels, manifest, title="x"))
    tags = [attributes["data-tag"] for attributes in page.named("span") if "data-tag" in attributes]
    assert tags == ["Do", "LL", "Do"]


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>&amp;</title></style>$title${x}"


def test_nothing_is_markup_but_the_page_itself(manifest: Manifest) -> None:
    label = Label(HOSTILE, HOSTILE, "", HOSTILE, "", 0.5, 0.5, False, 0.1, {})
    spans = (Span(0, 9, HOSTILE), Span(4, len(HOSTILE), '"><script>unknown'))
    document = Document(HOSTILE, spans, HOSTILE)
    raw = to_html([document], [label], manifest, title=HOSTILE)
    page = Page(raw)
    assert "<script" not in raw
    assert "<img" not in raw
    assert f"<title>{escape(HOSTILE)}</title>" in raw
    assert page.texts == [HOSTILE]
    assert len(page.named("style")) == len(page.named("title")) == 1
    allowed = {"class", "style", "data-tag", "tabindex", "aria-describedby", "role", "id"}
    assert all(set(attributes) <= allowed for attributes in page.named("span"))


def test_the_page_asks_for_nothing(
    overlapping: Document, labels: tuple[Label, ...], manifest: Manifest
) -> None:
    raw = to_html([overlapping], labels, manifest, title="x")
    page = Page(raw)
    assert not re.search(r"https?:|url\(|@import|\ssrc=", raw)
    assert [link["href"] for link in page.named("link")] == ["data:,"]
    assert [link["href"] for link in page.named("a")] == ["#key"]
    assert not page.named("script")


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("a\nb\t  c ", "a\nb\t  c "),
        ("a\r\nb", "a&#13;\nb"),
        ("a\rb", "a&#13;<br>b"),
        ("a\x00b", 'a<span class="control">\\x00</span>b'),
        ("a\u202eb", 'a<span class="control">\\u202e</span>b'),
        ("a\ud83db", 'a<span class="control">\\ud83d</span>b'),
        ("e\u0301 שלום 💩", "e\u0301 שלום 💩"),
    ],
)
def test_white_space_stays_and_controls_show(
    text: str, markup: str, labels: tuple[Label, ...], manifest: Manifest
) -> None:
    raw = to_html([Document(text)], labels, manifest, title="x")
    assert f'<div class="text" dir="auto">{markup}</div>' in raw
    raw.encode()


def test_a_line_end_cut_by_a_span_is_one_line_end(
    labels: tuple[Label, ...], manifest: Manifest
) -> None:
    raw = to_html([Document("ab\r\n", (Span(0, 3, "doubt"),))], labels, manifest, title="x")
    assert "ab&#13;<" in raw
    assert "<br>" not in raw


TEXTS = st.text(st.sampled_from("ab <>&\"'$\r\n\t💩e\u0301שل\u200d"), min_size=1, max_size=40)
BOUNDS = st.lists(st.tuples(st.integers(0, 39), st.integers(1, 40), st.sampled_from("abc")))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS, bounds=BOUNDS)
def test_any_text_comes_back_out_of_the_page(
    text: str, bounds: list[tuple[int, int, str]], labels: tuple[Label, ...], manifest: Manifest
) -> None:
    spans = tuple(
        Span(start, min(end, len(text)), label)
        for start, end, label in bounds
        if start < min(end, len(text))
    )
    assert Page(to_html([Document(text, spans)], labels, manifest, title="x")).texts == [text]


def test_labels_differ_and_the_palette_cycles(manifest: Manifest) -> None:
    labels = [Label(f"l{n}", f"L{n}", "", "", "", 0.5, 0.5, False, 0.1, {}) for n in range(40)]
    document = Document("x" * 40, tuple(Span(n, n + 1, f"l{n}") for n in range(40)))
    raw = to_html([document], labels, manifest, title="x")
    marks = [mark["class"] for mark in Page(raw).named("mark")]
    assert len(set(marks)) == len(set(marks[:28])) == 28
    assert marks[28:] == marks[:12]
    for css_class in {name for mark in marks for name in (mark or "").split()}:
        assert f".{css_class} {{" in raw


@pytest.mark.parametrize(
    ("documents", "headings", "overview"),
    [
        ([], [], "0 passages marked in 0 texts"),
        ([Document("a")], [], "0 passages marked · 0 of 3 techniques"),
        ([Document("a", id="one")], ["one"], "0 passages marked · "),
        (
            [Document("a", (Span(0, 1, "doubt"),), "one"), Document("b")],
            ["one", "Text 2"],
            "1 passage marked in 2 texts",
        ),
    ],
)
def test_one_article_per_document(
    documents: list[Document],
    headings: list[str],
    overview: str,
    labels: tuple[Label, ...],
    manifest: Manifest,
) -> None:
    raw = to_html(documents, labels, manifest, title="x")
    assert len(Page(raw).named("article")) == len(documents)
    assert re.findall(r'<h2 id="text-\d+">(.*?)</h2>', raw) == headings
    assert overview in raw
