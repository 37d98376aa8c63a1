"""The options of every command that reads labelled data."""

import argparse
import json
from pathlib import Path

import pytest

from training.formats import add_reading_options, read_as_told

TEXT = "A 💩 mayor lied."  # "mayor" is 4-9 in code points, 5-10 in UTF-16


def lines(path: Path, *spans: tuple[int, int]) -> Path:
    rows = [
        {"text": TEXT, "verdict": "correct", "spans": [{"start": a, "end": b, "label": "doubt"}]}
        for a, b in spans
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


def test_format_and_unit_are_about_some_files_and_the_rest_about_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser, table = argparse.ArgumentParser(), tmp_path / "problems.tsv"
    add_reading_options(parser, "--data")
    assert "of --data; by default each is looked at" in parser.format_help()
    words = f"--format feedback --offset-unit utf16 --skip-bad --problems {table}"
    arguments = parser.parse_args(words.split())
    first = read_as_told(arguments, [lines(tmp_path / "new.jsonl", (5, 10), (5, 99))])
    other = lines(tmp_path / "old.jsonl", (4, 9), (9, 4))
    second = read_as_told(arguments, [other], by_looks=True, earlier=first.problems)
    assert [one.documents[0].spans[0].start for one in (first, second)] == [4, 4]
    rows = [row.split("\t") for row in table.read_text("utf-8").splitlines()]
    assert [row[:2] for row in rows] == [
        ["file", "record"],
        [str(tmp_path / "new.jsonl"), "line 2"],
        [str(other), "line 2"],
    ]
    assert capsys.readouterr().err.count("problem: ") == 2
