"""What goes wrong is said in plain words, and nothing is lost."""

import json
from typing import Any

import pytest


def test_a_verdict_is_tried_again_under_the_same_key(page: Any) -> None:
    page.expected = ("Failed to load resource",)
    page.tag(page.text)
    page.page.route("**/v1/feedback", lambda route: route.abort(), times=1)
    page.page.click("#accept")
    page.page.wait_for_selector("#again")
    assert "can’t be reached" in page.page.inner_text("#trouble")
    before = len(page.records())
    page.page.click("#again")
    page.page.wait_for_selector("#said.shown")
    assert len(page.records()) == before + 1
    posts = [one for one in page.asked if one.url.endswith("/v1/feedback")]
    keys = [post.header_value("Idempotency-Key") for post in posts]
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert keys[0]


@pytest.mark.parametrize(
    ("status", "headers", "problem", "words"),
    [
        (429, {"Retry-After": "1"}, {"detail": "the queue is full"}, "busy. The queue is full."),
        (503, {}, {"detail": "the model is still loading"}, "The model is still loading."),
        (413, {}, {"errors": [{"detail": "too many windows"}]}, "too long"),
        (500, {"X-Request-ID": "abc"}, {}, "The request’s id is abc."),
        (502, {}, None, "The service failed (502)."),
    ],
)
def test_trouble_in_plain_words(
    page: Any, status: int, headers: dict[str, str], problem: Any, words: str
) -> None:
    page.expected = ("Failed to load resource",)
    body = "<h1>Bad gateway</h1>" if problem is None else json.dumps(problem)
    page.page.route(
        "**/v1/tag",
        lambda route: route.fulfill(status=status, headers=headers, body=body),
        times=1,
    )
    page.page.fill("#source", page.text)
    page.page.click("#tag")
    page.page.wait_for_selector("#trouble", state="visible")
    assert words in page.page.inner_text("#trouble")
    assert page.page.input_value("#source") == page.text
    page.page.click("#again")  # waits until it is enabled
    page.page.wait_for_selector("#result", state="visible")
    assert not page.page.is_visible("#trouble")


def test_a_key_is_asked_for_and_sent_with_everything_after(page: Any) -> None:
    page.expected = ("Failed to load resource",)
    problem = json.dumps({"detail": "send a key"})
    page.page.route("**/v1/tag", lambda route: route.fulfill(status=401, body=problem), times=1)
    page.page.fill("#source", page.text)
    page.page.click("#tag")
    page.page.fill("#key", "secret")
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector("#result", state="visible")
    sent = [one.header_value("Authorization") for one in page.asked if "/v1/" in one.url]
    assert sent == [None, "Bearer secret", "Bearer secret"]
    assert page.page.evaluate("localStorage.length + sessionStorage.length") == 0
    page.page.reload()
    assert page.page.input_value("#key") == page.page.input_value("#source") == ""
