"""The HTML page in a real browser: what a reader sees, reaches with the keyboard, and is spared."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tagger import Document, Tagger
from tagger.cli import main
from tagger.formats.segments import segments

Open = Callable[..., Any]

HOSTILE = (
    "They are liars and traitors! <script>document.title = 'run'</script>"
    "<img src='http://198.51.100.7/x.png' onerror=\"document.title = 'run'\">"
    "<style>@import url(http://198.51.100.7/x.css);</style> Shame on these puppets! \x1b[31m"
)

# After a scroll, Chromium finds a tooltip's place while it draws the next frame.
FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
def show(open_page: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Open]:
    """Tags a file, opens the page; afterwards, nothing was asked for and nothing complained."""
    path = tmp_path / "page.html"
    pages = []

    def show(file: Path) -> Any:
        assert main(["tag", str(file), "--format", "html"]) == 0
        path.write_text(capsys.readouterr().out, encoding="utf-8", newline="")
        pages.append(open_page(path.as_uri(), viewport={"width": 1000, "height": 700}))
        return pages[-1].page

    yield show
    for shown in pages:
        shown.close()
    assert [shown.urls() for shown in pages] == [[path.as_uri()]]
    assert [shown.complaints for shown in pages] == [[]]


@pytest.fixture
def sample(root: Path) -> Path:
    return root / "samples" / "article.txt"


@pytest.fixture
def document(tagger: Tagger, sample: Path) -> Document:
    return tagger.tag([sample.read_bytes().decode()])[0]


def texts(page: Any, selector: str) -> list[str]:
    """The text of elements without that of their tooltips."""
    found: list[str] = page.locator(selector).evaluate_all(
        """elements => elements.map(element => {
            const copy = element.cloneNode(true);
            copy.querySelectorAll(".tip").forEach(tip => tip.remove());
            return copy.textContent;
        })"""
    )
    return found


def test_every_marked_segment_is_a_mark(show: Open, sample: Path, document: Document) -> None:
    page = show(sample)
    marked = [document.text[s.start : s.end] for s in segments(document) if s.spans]
    assert page.locator("mark").count() == len(marked) > 0
    assert texts(page, "mark") == marked
    assert texts(page, ".text") == [document.text]
    assert page.title() == str(sample)


def test_a_tooltip_shows_on_focus_and_on_hover(
    show: Open, sample: Path, document: Document, tagger: Tagger
) -> None:
    page = show(sample)
    names = {label.id: label.name for label in tagger.manifest.labels}
    marked = [segment for segment in segments(document) if segment.spans]
    for number, segment in enumerate(marked):
        mark = page.locator("mark").nth(number)
        tip = mark.locator(".tip")
        assert not tip.is_visible()
        mark.focus()
        assert tip.is_visible()
        page.evaluate(FRAMES)
        for span in segment.spans:
            assert names[span.label] in tip.inner_text()
            assert f"{span.score:.2f}" in tip.inner_text()
        box = tip.bounding_box()
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= 1000
        assert box["y"] + box["height"] <= 700
        mark.evaluate("mark => mark.blur()")
        assert not tip.is_visible()
    page.locator("mark").first.hover()
    assert page.locator("mark .tip").first.is_visible()
    page.mouse.move(1, 1)
    assert not page.locator("mark .tip").first.is_visible()


def test_the_keyboard_reaches_every_mark(show: Open, sample: Path) -> None:
    page = show(sample)
    reached = []
    for _ in range(page.locator("mark").count() + 1):  # the link to the key comes first
        page.keyboard.press("Tab")
        tip = page.evaluate("document.activeElement.getAttribute('aria-describedby')")
        if tip:
            reached.append(tip)
            assert page.locator(f"#{tip}").is_visible()
    assert reached == [tip.get_attribute("id") for tip in page.locator(".tip").all()]


def test_every_technique_found_is_in_the_key(
    show: Open, sample: Path, document: Document, tagger: Tagger
) -> None:
    page = show(sample)
    found = {span.label for span in document.spans}
    names = {label.name for label in tagger.manifest.labels if label.id in found}
    assert set(page.locator("#key h3").all_inner_texts()) == names


@pytest.mark.parametrize("width", [320, 768])
def test_small_screens_need_no_sideways_scrolling(show: Open, sample: Path, width: int) -> None:
    page = show(sample)
    page.set_viewport_size({"width": width, "height": 600})
    page.locator("mark").last.focus()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator("mark .tip").last.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_a_text_cannot_act(show: Open, tmp_path: Path) -> None:
    file = tmp_path / "hostile.txt"
    file.write_text(HOSTILE, encoding="utf-8")
    page = show(file)
    assert page.title() == str(file)
    assert page.locator("mark").count() > 0
    assert page.locator(".text script, .text img, .text style").count() == 0
    assert texts(page, ".text") == [HOSTILE.replace("\x1b", "\\x1b")]


def test_a_text_without_marks(show: Open, tmp_path: Path) -> None:
    file = tmp_path / "empty.txt"
    file.write_bytes(b"")
    page = show(file)
    assert page.locator("mark").count() == 0
    assert "0 passages" in page.inner_text("header")
