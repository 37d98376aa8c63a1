"""Paragraphs to label next: those of which the model is least sure."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from tagger import Document, Tagger
from training.cli import main
from training.suggest import suggest


def run(*words: str | Path) -> tuple[int, list[dict[str, Any]], str]:
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        status = main(["suggest", *map(str, words)])
    return status, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def test_the_most_doubtful_come_first(root: Path, tagger: Tagger, tmp_path: Path) -> None:
    path = tmp_path / "news.txt"
    texts = [p.read_text("utf-8") for p in (root / "tests/articles/train-articles").iterdir()]
    path.write_text("\n\n".join([*texts, texts[0], "Too short."]), encoding="utf-8")
    status, lines, _ = run(path, "--count", "8")
    assert (status, len(lines)) == (0, 8)
    doubts = [line["doubt"] for line in lines]
    assert doubts == sorted(doubts, reverse=True)
    assert doubts[0] > 0.8
    assert len({line["text"] for line in lines}) == 8
    assert len({line["doubtful"][2] for line in lines}) == 8  # techniques take turns
    for line in lines:
        start, end, label = line["doubtful"]
        own = next(one for one in tagger.manifest.labels if one.id == label)
        [document] = tagger.tag([line["text"]], thresholds=0)
        [found] = [s for s in document.spans if (s.start, s.end, s.label) == (start, end, label)]
        odds = found.score / (1 - found.score) / (own.threshold / (1 - own.threshold))
        assert line["doubt"] == pytest.approx(min(odds, 1 / odds), abs=1e-3)
        shown = tagger.tag([line["text"]])[0].spans
        assert line["label"] == [[s.start, s.end, s.label] for s in shown]


def test_paragraphs_alike_are_asked_for_once(tagger: Tagger) -> None:
    text = "The council's monstrous scheme was rammed through at midnight by cowards and crooks."
    same = [Document(text), Document(text), Document(f"{text} Shame on them.")]
    assert len(suggest(tagger, same, 9)) == 1


def test_lines_with_a_text_and_html(tmp_path: Path) -> None:
    lines, page = tmp_path / "a.jsonl", tmp_path / "b.html"
    lines.write_text('{"text": "They are traitors, all of them.", "other": 1}\n\n', "utf-8")
    page.write_text("<p>They are cowards &amp; crooks, all of them.</p><p>Menu</p>", "utf-8")
    status, found, _ = run(lines, page)
    assert status == 0
    assert {line["text"] for line in found} == {
        "They are traitors, all of them.",
        "They are cowards & crooks, all of them.",
    }
    assert {line["id"] for line in found} == {"a-1", "b-1"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "holds no paragraph of 4 words or more"),
        ("a.txt", b"\xff", "is not UTF-8"),
        (
            "a.jsonl",
            b'{"text": "One two three four."}\n{"body": 1}\n',
            "a.jsonl:2: expected an object",
        ),
        ("a.jsonl", b"[1]\n", "a.jsonl:1: expected an object"),
        (None, b"", "can't read"),
    ],
)
def test_files_that_can_not_be_used(
    name: str | None, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / (name or "none")
    if name:
        path.write_bytes(content)
    status, _, error = run(path)
    assert status == 2
    assert message in error
    assert error.count("\n") == 1
