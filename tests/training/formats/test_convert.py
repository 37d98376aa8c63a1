"""The command `python -m training convert`."""

import json
from pathlib import Path
from typing import Any

import pytest

from training.cli import main
from training.formats import read

DATA = Path(__file__).parent / "data"


def run(*words: Any) -> int:
    return main(["convert", *map(str, words)])


def test_an_export_becomes_a_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "corpus"
    assert run(DATA / "label-studio-1.23.2.json", "--output", out, "--to", "ptc") == 0
    printed, warned = capsys.readouterr()
    assert printed.splitlines() == [
        f"{out}: written as ptc, texts: 6, spans: 14",
        "lost, since ptc has no place for it: who labelled (texts: 6)",
        "lost, since ptc has no place for it: the article (texts: 6)",
        "lost, since ptc has no place for it: when it was labelled (texts: 6)",
    ]
    assert all(line.startswith("warning: ") for line in warned.splitlines())
    assert len(read([out]).documents) == 6


def test_problems_are_listed_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, report, out = (tmp_path / name for name in ("bad.jsonl", "report.tsv", "out.json"))
    row = {"text": "No!", "spans": [{"start": 0, "end": 9, "label": "doubt"}], "verdict": "accept"}
    good = {"text": "Yes.", "spans": [], "verdict": "accept"}
    lines = [json.dumps(one) for one in [*[row] * 22, good]]
    bad.write_text("\n".join(lines), "utf-8")
    assert run(bad, "--output", out, "--to", "prodigy", "--problems", report) == 2
    printed, told = capsys.readouterr()
    assert printed == ""
    assert not out.exists()
    *listed, more, last = told.splitlines()
    assert len(listed) == 20
    assert listed[1].startswith(f"problem: {bad}:2: the span 0-9 (doubt) ends after the text")
    assert more == f"problem: 2 more; see {report}"
    assert last.startswith(f"python -m training: {bad}:1: the span 0-9")
    assert last.endswith("(and 21 more): mend what can't be read, or leave it out with --skip-bad")
    rows = [line.split("\t") for line in report.read_text("utf-8").splitlines()]
    assert rows[:2] == [
        ["file", "record", "reason"],
        [str(bad), "line 1", "the span 0-9 (doubt) ends after the text, which has 3 characters"],
    ]
    assert len(rows) == 23
    assert run(bad, "--output", out, "--to", "prodigy", "--skip-bad") == 0
    printed, told = capsys.readouterr()
    assert printed.startswith(f"{out}: written as prodigy, texts: 1, spans: 0\n")
    assert "problem: 2 more; --problems FILE writes them all to a file" in told


def test_the_format_can_be_overruled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "memes.json", tmp_path / "out.jsonl"
    source.write_text('[{"id": "1", "text": "A cat", "labels": []}]', "utf-8")
    assert run(source, "--output", out, "--to", "feedback") == 2
    assert "has no known format: name it with --format" in capsys.readouterr().err
    assert run(source, "--output", out, "--to", "feedback", "--format", "semeval2021") == 0
    assert json.loads(out.read_text("utf-8"))["verdict"] == "correct"


def test_places_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = DATA / "semeval2021.json"
    (tmp_path / "file").write_text("")
    for out, to, message in [
        (source, "doccano", f"convert: {source} is read from"),
        (tmp_path, "doccano", f"can't write {tmp_path}: Is a directory"),
        (tmp_path, "brat", f"{tmp_path} is not empty"),
        (tmp_path / "file" / "more", "ptc", f"can't write {tmp_path}/file/more/train-articles"),
    ]:
        assert run(source, "--output", out, "--to", to) == 2
        assert message in capsys.readouterr().err.splitlines()[-1]
