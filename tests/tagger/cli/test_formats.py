"""What `tagger tag` writes, in each format."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tagger import Span, Tagger

Run = Callable[..., str]
Answer = Callable[..., dict[str, Any]]

SAMPLE = "samples/article.txt"


def spans(result: dict[str, Any]) -> list[tuple[int, int, str]]:
    return [(span["start"], span["end"], span["label"]) for span in result["spans"]]


def test_json_is_what_the_library_finds(answer: Answer, tagger: Tagger) -> None:
    found = answer(SAMPLE)
    text = Path(SAMPLE).read_bytes().decode()
    [document] = tagger.tag([text])
    [result] = found["results"]
    assert found["model"]["sha256"] == tagger.manifest.sha256
    assert result["id"] == SAMPLE
    assert result["windows"] == len(tagger.plan([text]))
    assert result["spans"]
    assert [Span(s["start"], s["end"], s["label"]) for s in result["spans"]] == [
        Span(span.start, span.end, span.label) for span in document.spans
    ]
    assert all(span["text"] == text[span["start"] : span["end"]] for span in result["spans"])


def test_json_is_the_answer_of_the_service(answer: Answer, tagger: Tagger) -> None:
    service = pytest.importorskip("service", reason="the extra `service` is not installed")
    client = service.create_app(service.Settings(), tagger).test_client()
    text = Path(SAMPLE).read_bytes().decode()
    body = client.post("/v1/tag", json={"id": None, "text": text}).get_json()
    found = answer(SAMPLE)
    found["results"][0]["id"] = body["results"][0]["id"] = None
    assert found == body


def test_text_is_the_default(run: Run, answer: Answer, tagger: Tagger) -> None:
    out = run("tag", SAMPLE)
    assert out == run("tag", SAMPLE, "--format", "text")
    [result] = answer(SAMPLE)["results"]
    assert f"\n{len(result['spans'])} spans, {len(result['labels'])} techniques" in out
    for span in tagger.tag([Path(SAMPLE).read_bytes().decode()])[0].spans:
        assert f"({span.label} {f'{span.score:.2f}'[1:]})" in out
    shown = re.sub(r"⟦[⁰-⁹¹²³]*|⟧[⁰-⁹¹²³]*\([a-z_]+ [.\d]+\)", "", out)
    assert shown.startswith(Path(SAMPLE).read_bytes().decode())
    assert "\x1b" not in out


@pytest.mark.parametrize("no_color", [None, "1", ""])
def test_colour_is_for_terminals_that_want_it(
    run: Run, no_color: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    assert ("\x1b[" in run("tag", SAMPLE)) is (not no_color)


def test_html_is_a_page(run: Run, answer: Answer) -> None:
    page = run("tag", SAMPLE, "--format", "html")
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    assert f"<title>{SAMPLE}</title>" in page
    cuts = {at for s in answer(SAMPLE)["results"][0]["spans"] for at in (s["start"], s["end"])}
    assert len(cuts) / 2 <= page.count("<mark ") < len(cuts)
    assert page.count("<article ") == 1
    both = run("tag", SAMPLE, "tests/articles/train-articles/article101.txt", "--format", "html")
    assert both.count("<article ") == 2
    assert "<title>2 texts</title>" in both


def test_ptc_is_the_corpus_format(run: Run, answer: Answer, tagger: Tagger) -> None:
    corpus = "tests/articles/train-articles/article101.txt"
    rows = [line.split("\t") for line in run("tag", corpus, SAMPLE, "--format", "ptc").splitlines()]
    names = {label.corpus_name: label.id for label in tagger.manifest.labels}
    results = answer(corpus, SAMPLE)["results"]
    for article, result in zip(("101", "article"), results, strict=True):
        own = [(int(s), int(e), names[name]) for of, name, s, e in rows if of == article]
        assert own == spans(result) != []
    assert {row[0] for row in rows} == {"101", "article"}


def test_standard_input(answer: Answer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Path(SAMPLE).read_bytes()
    for form in ("json", "ptc"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="ascii"))
        if form == "json":
            [result] = answer("-")["results"]
            assert spans(result) == spans(answer(SAMPLE)["results"][0])
            assert result["id"] == "stdin"
        else:
            assert run("tag", "-", "--format", "ptc").startswith("stdin\t")


def test_several_files_are_told_apart(run: Run, answer: Answer) -> None:
    other = "tests/articles/train-articles/article103.txt"
    results = answer(SAMPLE, other, SAMPLE)["results"]
    assert [result["id"] for result in results] == [SAMPLE, other, SAMPLE]
    assert results[0] == results[2]
    assert results[1] == answer(other)["results"][0]
    out = run("tag", SAMPLE, other)
    assert [line for line in out.splitlines() if line.startswith("==> ")] == [
        f"==> {SAMPLE} <==",
        f"==> {other} <==",
    ]


def test_it_runs_as_a_module(root: Path, answer: Answer) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tagger", "tag", "-", "--format", "json"],
        cwd=root,
        input=Path(SAMPLE).read_bytes(),
        capture_output=True,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    found = json.loads(ran.stdout.decode("utf-8"))
    assert found["results"][0]["spans"] == answer(SAMPLE)["results"][0]["spans"]
