"""What a reader sees, reaches and copies."""

import json
from pathlib import Path
from typing import Any

import pytest

HOSTILE = (
    "They are liars and traitors! <script>document.title = 'run'</script>"
    "<img src='http://198.51.100.7/x.png' onerror=\"document.title = 'run'\"> \x1b[31m\u202eShame!"
)
HTML = """<!doctype html><title>Not this</title><style>p { color: red }</style>
<script>document.title = "run"</script><h1>The   sell-out</h1><!-- wp:paragraph -->
<p style="color: red">The mayor &amp; his <b>gang</b> of<br>hypocrites 💩 lied.
<p hidden>Not this</p><ul><li>One<li>Two</ul><img src="http://198.51.100.7/x.png">"""


def test_it_shows_what_the_tagger_shows_by_default(page: Any) -> None:
    page.tag(page.text)
    assert page.page.locator("#text").text_content() == page.text
    assert len(page.marks()) > 1
    copied = page.copied()
    assert copied == page.answer()
    units = page.text.encode("utf-16-le")
    for span in copied["results"][0]["spans"]:
        assert units[2 * span["start"] : 2 * span["end"]].decode("utf-16-le") == span["text"]


def test_the_slider_needs_no_request(page: Any, root: Path) -> None:
    text = (root / "samples" / "article.txt").read_text("utf-8")
    page.tag(text)
    asked = len(page.asked)
    by_default = len(page.copied()["results"][0]["spans"])
    page.slide(6)
    everything = page.copied()
    page.slide(-6)
    least = len(page.copied()["results"][0]["spans"])
    assert least < by_default < len(everything["results"][0]["spans"])
    assert len(page.asked) == asked
    assert everything == page.answer(text=text, thresholds={"default": 0})
    thresholds = {
        label["id"]: round(label["threshold"] / 2, 6)
        for label in json.loads(page.service.ask("/v1/labels")[2])["labels"]
    }
    page.slide(2)  # two steps halve the lowest scores
    assert page.copied() == page.answer(text=text, thresholds=thresholds)


def test_techniques_can_be_left_out(page: Any) -> None:
    page.tag(page.text)
    page.slide(6)
    labels = set(page.copied()["results"][0]["labels"])
    left_out = min(labels)
    page.page.locator(f"#legend input[value={left_out}]").uncheck()
    assert set(page.copied()["results"][0]["labels"]) == labels - {left_out}
    assert page.page.locator("#accept").is_disabled()  # a verdict counts for all
    page.page.click("#show-none")
    assert page.marks() == []
    page.page.click("#show-all")
    assert set(page.copied()["results"][0]["labels"]) == labels
    assert page.page.locator("#accept").is_enabled()


def test_a_passage_is_explained_on_hover_and_at_the_cursor(page: Any) -> None:
    page.tag(page.text)
    labels = {one["id"]: one for one in json.loads(page.service.ask("/v1/labels")[2])["labels"]}
    first = page.answer()["results"][0]["spans"][0]
    card = page.page.locator("#card")
    assert labels[first["label"]]["definition"] not in card.inner_text()
    note = card.locator(".note").first
    page.page.locator("#text mark").first.hover()
    note.wait_for()
    hovered = card.inner_text()
    page.page.mouse.move(1, 1)
    note.wait_for(state="detached")
    page.page.focus("#text")
    page.page.keyboard.press("Control+Home")
    for _ in page.text[: page.text.index("gang")]:
        page.page.keyboard.press("ArrowRight")
    note.wait_for()
    for shown in (hovered, card.inner_text()):
        assert labels[first["label"]]["name"] in shown
        assert labels[first["label"]]["definition"] in shown
        assert f"{first['score']:.2f}" in shown


def test_files_are_read(page: Any, tmp_path: Path) -> None:
    (tmp_path / "post.html").write_text(HTML, encoding="utf-8")
    (tmp_path / "post.txt").write_bytes("\ufeffThe mayor lied.\r\nShame 💩!".encode())
    (tmp_path / "latin.txt").write_bytes("Schäm dich".encode("latin-1"))
    (tmp_path / "post.pdf").write_bytes(b"%PDF")
    shown = "The sell-out\n\nThe mayor & his gang of\nhypocrites 💩 lied.\n\nOne\n\nTwo"
    for name, text in (("post.html", shown), ("post.txt", "The mayor lied.\nShame 💩!")):
        page.page.set_input_files("#file", tmp_path / name)
        page.page.wait_for_selector("#result", state="visible")
        assert page.page.locator("#text").text_content() == text
        page.page.click("#edit")
    for name, words in (("latin.txt", "not in UTF-8"), ("post.pdf", "neither plain text nor HTML")):
        page.page.set_input_files("#file", tmp_path / name)
        page.page.get_by_text(words).wait_for()
        assert page.page.input_value("#source") == text
    assert page.page.title() == "Persuasion tagger"


def test_a_dropped_file_is_read(page: Any) -> None:
    page.page.evaluate(
        """text => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], "post.txt", { type: "text/plain" }));
            const drop = { dataTransfer: transfer, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new DragEvent("drop", drop));
        }""",
        page.text,
    )
    page.page.wait_for_selector("#result", state="visible")
    assert page.page.locator("#text").text_content() == page.text


def test_a_text_cannot_act(page: Any) -> None:
    page.tag(HOSTILE)
    assert page.page.title() == "Persuasion tagger"
    assert page.page.locator("#text :is(script, img)").count() == 0
    assert page.page.locator("#text").text_content() == HOSTILE
    assert page.page.locator("#text .control").count() == 2


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_no_sideways_scrolling(page: Any, width: int) -> None:
    page.page.set_viewport_size({"width": width, "height": 640})

    def fits() -> None:
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width

    fits()
    page.tag(f"{page.text} {'x' * 300}")
    page.slide(6)
    page.page.locator("#techniques").evaluate("details => { details.open = true; }")
    page.page.locator("#card [data-key=next]").click()
    fits()
    page.drag("hypocrites")
    page.page.wait_for_selector("#card form")
    fits()


def test_a_tap_shows_a_passage(phone: Any) -> None:
    phone.tag(phone.text)
    phone.page.locator("#text mark").first.tap()
    note = phone.page.locator("#card .note").first
    note.wait_for()
    assert note.bounding_box()["y"] > phone.page.locator("mark.current").first.bounding_box()["y"]


def test_the_slider_stays_under_the_finger(page: Any) -> None:
    page.page.set_viewport_size({"width": 360, "height": 640})
    page.tag(page.text + "\n\nThe council meets." * 40)
    page.page.locator("#card [data-key=previous]").click()  # the last passage
    page.page.evaluate("scrollTo(0, 0)")
    page.slide(6)
    assert page.page.evaluate("scrollY") == 0
