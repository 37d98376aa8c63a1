"""utf16 offsets are those of a JavaScript engine, in answers and in requests."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

Slice = Callable[..., list[str]]

ALL = {"default": 0}
TEXTS = [
    "💩This is a disgraceful annotation.",
    "👩‍👧‍👦 They want to destroy us 🇬🇧🇬🇧, the spineless 💩 puppets 🤬!",
    "𝕿𝖍𝖊 𝔩𝔦𝔞𝔯𝔰 🔥🔥 will never 🚫 surrender\u2028our 😡 nation",
    "e\u0301 The liars 中文 שקרנים 👍🏿 and their greedy\r\n👑 kings",
]
SCRIPT = """
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(([text, start, end]) => text.slice(start, end))));
"""
SEARCH = """
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(([text, part]) =>
    ({start: text.indexOf(part), end: text.indexOf(part) + part.length}))));
"""


@pytest.fixture
def javascript(program: Callable[[str], str]) -> Callable[..., Any]:
    """Runs a script that reads JSON and writes JSON."""
    node = program("node")

    def run(script: str, given: Any) -> Any:
        sent = json.dumps(given).encode()
        ran = subprocess.run([node, "-e", script], input=sent, capture_output=True, check=True)
        return json.loads(ran.stdout)

    return run


def spans(client: FlaskClient, **body: Any) -> list[dict[str, Any]]:
    response = client.post("/v1/tag", json={"thresholds": ALL, **body})
    assert response.status_code == 200, response.text
    answer: Any = response.json
    found: list[dict[str, Any]] = answer["results"][0]["spans"]
    return found


def test_slices_of_plain_text(client: FlaskClient, javascript: Callable[..., Any]) -> None:
    found = [
        (text, span) for text in TEXTS for span in spans(client, text=text, offset_unit="utf16")
    ]
    slices = javascript(SCRIPT, [(text, span["start"], span["end"]) for text, span in found])
    assert slices == [span["text"] for _, span in found]
    assert any(text.index(span["text"]) != span["start"] for text, span in found)


def test_slices_of_html(client: FlaskClient, javascript: Callable[..., Any]) -> None:
    cases, expected = [], []
    for text in TEXTS:
        html = f"<!-- 💩 --><p title='💩'>&#x1F4A9; <b>{text.replace(' ', '</b> <i>💩</i> <b>')}"
        body = {"text": html, "content_type": "text/html"}
        for span in spans(client, **body, offset_unit="utf16"):
            cases.append((html, span["start"], span["end"]))
        expected += [html[span["start"] : span["end"]] for span in spans(client, **body)]
    assert javascript(SCRIPT, cases) == expected
    assert len(expected) > 5


def test_fragments_to_classify(client: FlaskClient, javascript: Callable[..., Any]) -> None:
    parts = [
        (TEXTS[0], "disgraceful"),
        (TEXTS[1], "destroy us 🇬🇧"),
        (TEXTS[1], "💩 puppets 🤬"),
        (TEXTS[2], "surrender"),
        (TEXTS[3], "👍🏿"),
    ]
    for (text, part), fragment in zip(parts, javascript(SEARCH, parts), strict=True):
        body = {"text": text, "fragments": [fragment], "offset_unit": "utf16"}
        response = client.post("/v1/classify", json=body)
        assert response.status_code == 200, response.text
        (result,) = response.json["results"]  # type: ignore[index]
        assert result["text"] == part
        assert {"start": result["start"], "end": result["end"]} == fragment
