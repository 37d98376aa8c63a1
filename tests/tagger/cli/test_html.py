"""HTML given to `tagger tag`."""

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tagger import Tagger, read_source

Run = Callable[..., str]
Answer = Callable[..., dict[str, Any]]

PAGE = "tests/pages/wordpress_blocks.html"


@pytest.fixture
def html() -> str:
    return Path(PAGE).read_bytes().decode()


def test_offsets_index_the_file(answer: Answer, tagger: Tagger, html: str) -> None:
    [result] = answer(PAGE)["results"]
    source = read_source(html, "text/html")
    [document] = tagger.tag([source.text])
    parts = [source.text[span.start : span.end] for span in document.spans]
    assert len(parts) > 3
    assert [source.quote(s["start"], s["end"]) for s in result["spans"]] == parts
    assert [span["text"] for span in result["spans"]] == parts
    assert any("<" in html[span["start"] : span["end"]] for span in result["spans"])


def test_json_is_the_answer_of_the_service(answer: Answer, tagger: Tagger, html: str) -> None:
    service = pytest.importorskip("service", reason="the extra `service` is not installed")
    client = service.create_app(service.Settings(), tagger).test_client()
    body = client.post("/v1/tag", json={"text": html, "content_type": "text/html"}).get_json()
    found = answer(PAGE)
    found["results"][0]["id"] = None
    assert found == body


def test_labels_of_the_corpus_index_the_file(run: Run, answer: Answer) -> None:
    [result] = answer(PAGE)["results"]
    lines = [line.split("\t") for line in run("tag", PAGE, "--format", "ptc").splitlines()]
    assert [(int(start), int(end)) for _, _, start, end in lines] == [
        (span["start"], span["end"]) for span in result["spans"]
    ]
    assert {article for article, *_ in lines} == {"wordpress_blocks"}


@pytest.mark.parametrize("form", ["text", "html"])
def test_what_is_shown_is_the_text(form: str, run: Run) -> None:
    shown = run("tag", PAGE, "--format", form)
    assert "reading room" in shown
    assert "wp:paragraph" not in shown
    assert "in a script" not in shown


@pytest.mark.parametrize("name", ["page.htm", "PAGE.HTML"])
def test_html_is_known_by_its_name(
    name: str, tmp_path: Path, run: Run, html: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run("tag", PAGE)
    shutil.copyfile(PAGE, tmp_path / name)
    assert run("tag", tmp_path / name) == expected
    shutil.copyfile(PAGE, tmp_path / "page.txt")
    assert run("tag", tmp_path / "page.txt") != expected
    assert run("tag", tmp_path / "page.txt", "--html") == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(html.encode())))
    assert run("tag", "-", "--html") == expected
