"""The page in a real browser, on a service that really runs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

TEXT = (
    "Oh 💩🤬 the mayor and his gang of greedy hypocrites have betrayed this town 👍🏿.\n\n"
    "Shame on these cowards! The council 🏛 meets on Tuesday at seven."
)


@dataclass
class Page:
    """A page of a browser.

    asked     the requests it has made
    expected  how lines begin that it may log
    text      one that the model marks passages in; it has signs of two and more UTF-16 units
    """

    page: Any
    service: Any
    asked: list[Any]
    expected: tuple[str, ...] = ()
    text: str = TEXT

    def tag(self, text: str) -> None:
        self.page.fill("#source", text)
        self.page.click("#tag")
        self.page.wait_for_selector("#result", state="visible")
        self.page.mouse.move(1, 1)

    def marks(self) -> list[str]:
        found: list[str] = self.page.locator("#text mark").all_text_contents()
        return found

    def slide(self, stop: int) -> None:
        self.page.locator("#stop").fill(str(stop))

    def drag(self, part: str) -> None:
        """Select a part of the text with the mouse."""
        box = self.page.evaluate(
            """async part => {
                const { rangeIn } = await import("/page/selection.js");
                const text = document.getElementById("text");
                text.scrollIntoView({ block: "center" });
                const start = text.textContent.indexOf(part);
                const boxes = [...rangeIn(text, start, start + part.length).getClientRects()];
                const [first, last] = [boxes[0], boxes.at(-1)];
                return [first.left + 0.5, first.top + first.height / 3,
                    last.right - 0.5, last.top + last.height / 3];
            }""",
            part,
        )
        mouse = self.page.mouse
        mouse.move(box[0], box[1])
        mouse.down()
        mouse.move((box[0] + box[2]) / 2, box[1], steps=2)
        mouse.move(box[2], box[3], steps=2)
        mouse.up()

    def mark_as(self, label: str) -> None:
        self.page.locator("#card form select").select_option(label)
        self.page.click("#card button.primary")

    def stored(self, verdict: str) -> Any:
        """Press the button of a verdict; the record that is in the store afterwards."""
        before = self.records()
        self.page.click(f"#{verdict}")
        self.page.get_by_text("Your verdict is stored as record").wait_for()
        records = self.records()
        assert len(records) == len(before) + 1
        return records[-1]

    def records(self) -> list[Any]:
        status, _, body = self.service.ask("/v1/feedback?after=0")
        assert status == 200
        return [json.loads(line) for line in body.decode().splitlines()]

    def answer(self, **options: Any) -> Any:
        """What the REST interface says of the text."""
        body = {"text": self.text, "offset_unit": "utf16"} | options
        status, _, answer = self.service.ask("/v1/tag", body)
        assert status == 200
        return json.loads(answer)

    def copied(self) -> Any:
        self.page.click("#copy")
        self.page.wait_for_selector("#said.shown")
        return json.loads(self.page.evaluate("navigator.clipboard.readText()"))


@pytest.fixture(scope="module")
def service(
    browser: Any, serve: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    folder = tmp_path_factory.mktemp("store")
    return serve("--database", f"sqlite:///{folder}/feedback.db")


@contextmanager
def checked(open_page: Any, service: Any, **options: Any) -> Iterator[Page]:
    """The page; afterwards, nothing complained and no other host was asked for anything."""
    permissions = ["clipboard-read", "clipboard-write"]
    opened = open_page(service.url, permissions=permissions, **options)
    shown = Page(opened.page, service, opened.asked)
    yield shown
    opened.close()
    assert [url for url in opened.urls() if not url.startswith(f"{service.url}/")] == []
    left = [line for line in opened.complaints if not line.startswith(shown.expected or "\0")]
    assert left == []


@pytest.fixture
def page(open_page: Any, service: Any) -> Iterator[Page]:
    """The page on a desk."""
    with checked(open_page, service, viewport={"width": 1280, "height": 800}) as shown:
        yield shown


@pytest.fixture
def phone(open_page: Any, service: Any) -> Iterator[Page]:
    """The page in a hand."""
    size = {"width": 360, "height": 640}
    with checked(open_page, service, viewport=size, has_touch=True, is_mobile=True) as shown:
        yield shown
