"""What a moderator marks and sends reaches the store, by mouse and by keyboard."""

from typing import Any

import pytest


def test_marks_made_with_the_mouse_are_stored(page: Any) -> None:
    page.tag(page.text)
    before = page.answer(offset_unit="code_point")["results"][0]["spans"]
    part = "👍🏿.\n\nShame on these"
    page.drag(part)
    page.mark_as("slogans")
    page.page.fill("#annotator", "desk-3")
    record = page.stored("correct")
    start = page.text.index(part)
    own = {"start": start, "end": start + len(part), "label": "slogans"}
    kept = [{name: span[name] for name in ("start", "end", "label")} for span in before]
    assert own not in kept
    assert sorted(record["spans"], key=str) == sorted([*kept, own], key=str)
    assert (record["text"], record["verdict"], record["annotator"]) == (
        page.text,
        "correct",
        "desk-3",
    )
    assert page.page.locator("#correct").is_disabled()  # it can't be sent twice


def test_passages_can_be_taken_out_and_changed_with_the_mouse(page: Any) -> None:
    page.tag(page.text)
    spans = page.answer()["results"][0]["spans"]
    page.page.click("#card [data-key=next]")
    for _ in range(page.page.locator("#card .note").count()):
        page.page.locator("#card").get_by_role("button", name="Not right").first.click()
    taken = [span for span in spans if span["start"] == spans[0]["start"]]
    covering = [s for s in spans if s["start"] <= spans[0]["start"] < s["end"]]
    page.drag("cowards")
    page.mark_as("doubt")
    page.page.click("#edit")
    page.page.click("#tag")  # the same text, so nothing is lost
    record = page.stored("correct")
    assert not [
        span for span in record["spans"] if span["start"] == page.text.index(taken[0]["text"])
    ]
    cowards = page.text.index("cowards")
    assert {"start": cowards, "end": cowards + 7, "label": "doubt"} in record["spans"]
    assert len(record["spans"]) == len(spans) - len(covering) + 1
    page.page.click("#undo")
    assert page.stored("accept")["verdict"] == "accept"


def test_everything_works_by_keyboard_alone(page: Any) -> None:
    keys = page.page.keyboard

    def tab_to(name: str) -> None:
        for _ in range(60):
            keys.press("Tab")
            if page.page.evaluate("name => document.activeElement.matches(name)", name):
                return
        raise AssertionError(f"the Tab key does not lead to {name}")

    tab_to("#source")
    keys.insert_text(page.text)
    keys.press("Control+Enter")
    page.page.wait_for_selector("#result", state="visible")
    tab_to("#stop")
    many = len(page.marks())
    for _ in range(6):
        keys.press("ArrowLeft")
    assert len(page.marks()) < many
    for _ in range(6):
        keys.press("ArrowRight")
    tab_to("#text")
    keys.press("Control+End")
    for _ in "seven.":
        keys.press("ArrowLeft")
    for _ in "seven":
        keys.press("Shift+ArrowRight")
    keys.press("Enter")
    keys.type("Doubt")
    tab_to("#card button.primary")
    keys.press("Enter")
    assert page.page.evaluate("document.activeElement.id") == "text"
    tab_to("#correct")
    before = len(page.records())
    keys.press("Enter")
    page.page.wait_for_selector("#said.shown")
    record = page.records()[before]
    seven = page.text.index("seven")
    assert {"start": seven, "end": seven + 5, "label": "doubt"} in record["spans"]
    assert page.page.locator("#text").text_content() == page.text


def test_no_key_edits_the_text(page: Any) -> None:
    page.tag(page.text)
    page.page.focus("#text")
    for key in ("x", "Delete", "Backspace", "Enter", "Control+A", "Control+X", "Delete", "y"):
        page.page.keyboard.press(key)
    page.page.evaluate("document.execCommand('insertText', false, 'z')")
    assert page.page.locator("#text").text_content() == page.text


@pytest.mark.parametrize("verdict", ["accept", "reject"])
def test_a_verdict_on_all(page: Any, verdict: str) -> None:
    page.tag(page.text)
    record = page.stored(verdict)
    spans = page.answer(offset_unit="code_point")["results"][0]["spans"]
    assert record["verdict"] == verdict
    assert record["spans"] == [
        {"start": span["start"], "end": span["end"], "label": span["label"]} for span in spans
    ]
