"""The same wrong data in every format: told of with file and record, in words for a moderator."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from training.cli import main
from training.formats import FORMATS, BadRecords, read


class Labelled(NamedTuple):
    """A text as somebody labelled it: nothing is checked, unlike in a document."""

    text: str
    marks: Sequence[tuple[int, int, str]] = ()


Rows = Sequence[Labelled]


def in_lines(make: Callable[[Labelled], Any]) -> Callable[[Path, Rows], Path]:
    def write(folder: Path, rows: Rows) -> Path:
        path = folder / "labelled.json"
        path.write_text("".join(json.dumps(make(row)) + "\n" for row in rows), "utf-8")
        return path

    return write


def feedback(row: Labelled) -> Any:
    spans = [{"start": start, "end": end, "label": label} for start, end, label in row.marks]
    return {"text": row.text, "spans": spans, "verdict": "correct"}


def semeval(row: Labelled) -> Any:
    labels = [
        {"start": start, "end": end, "technique": label, "text_fragment": row.text[start:end]}
        for start, end, label in row.marks
    ]
    return {"text": row.text, "labels": labels}


def label_studio(row: Labelled) -> Any:
    values = [
        {"start": start, "end": end, "text": row.text[start:end], "labels": [label]}
        for start, end, label in row.marks
    ]
    result = [{"type": "labels", "value": value} for value in values]
    return {"data": {"text": row.text}, "annotations": [{"result": result}]}


def doccano(row: Labelled) -> Any:
    return {"text": row.text, "label": [list(mark) for mark in row.marks]}


def prodigy(row: Labelled) -> Any:
    return feedback(row) | {"verdict": None, "answer": "accept"}


def without(key: str, make: Callable[[Labelled], Any]) -> Callable[[Labelled], Any]:
    return lambda row: {name: value for name, value in make(row).items() if name != key}


def ptc(folder: Path, rows: Rows) -> Path:
    (folder / "train-articles").mkdir(parents=True)
    lines = []
    for number, row in enumerate(rows, 1):
        (folder / "train-articles" / f"article{number}.txt").write_text(row.text, "utf-8")
        lines += [f"{number}\t{label}\t{start}\t{end}\n" for start, end, label in row.marks]
    (folder / "train-task2-TC.labels").write_text("".join(lines), "utf-8")
    return folder


def brat(folder: Path, rows: Rows) -> Path:
    folder.mkdir(exist_ok=True)
    for number, row in enumerate(rows, 1):
        (folder / f"{number}.txt").write_text(row.text, "utf-8")
        marks = [
            f"T{place}\t{label.replace(' ', '_')} {start} {end}\t{row.text[start:end]}\n"
            for place, (start, end, label) in enumerate(row.marks, 1)
        ]
        (folder / f"{number}.ann").write_text("".join(marks), "utf-8")
    return folder


WRITE: dict[str, Callable[[Path, Rows], Path]] = {
    "feedback": in_lines(feedback),
    "ptc": ptc,
    "semeval2021": in_lines(semeval),
    "label-studio": in_lines(label_studio),
    "doccano": in_lines(doccano),
    "prodigy": in_lines(without("verdict", prodigy)),
    "brat": brat,
}
# Where a record of each is, the number first; PTC's labels have lines of their own.
PLACES = {"ptc": "article {0}", "label-studio": ":{0}", "brat": "{0}.ann"}
LABEL_LINES = {"ptc": "train-task2-TC.labels:{0}"}

GOOD = Labelled("Our river, our rules!", [(0, 10, "slogans")])
TEXT = "The mayor lied to all of us."

# Rows, what is told, and the number of the record that it is told of.
WARNED: dict[str, tuple[Rows, str, int]] = {
    "spans of one label that overlap": (
        [GOOD, Labelled(TEXT, [(0, 9, "doubt"), (4, 14, "doubt")])],
        "doubt 0-9 and 4-14 overlap and were merged",
        2,
    ),
    "a paragraph with contradicting labels": (
        [GOOD, Labelled(TEXT, [(10, 14, "doubt")]), Labelled(TEXT, [(10, 14, "slogans")])],
        "the same text has other labels at ",
        2,
    ),
}
# The same, and the record's number among the rows of labels; every span is a row of its own.
REFUSED: dict[str, tuple[Rows, str, int]] = {
    "a span over the end": (
        [GOOD, Labelled(TEXT, [(10, 99, "doubt")])],
        "the span 10-99 (doubt) ends after ",
        2,
    ),
    "a span turned around": (
        [GOOD, Labelled(TEXT, [(14, 10, "doubt")])],
        "the span 14-10 is empty, turned around or starts before the text",
        2,
    ),
}


def test_every_format_is_tried() -> None:
    assert list(WRITE) == list(FORMATS)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("rows", "told", "record"), WARNED.values(), ids=WARNED)
def test_what_can_be_used_is_warned_of(
    format: str, rows: Rows, told: str, record: int, tmp_path: Path, capsys: Any
) -> None:
    data, out = WRITE[format](tmp_path / "in" if format == "ptc" else tmp_path, rows), "out.jsonl"
    assert convert(data, tmp_path / out) == 0
    place = PLACES.get(format, ":{0}").format(record)
    lines = capsys.readouterr().err.splitlines()
    [line] = [one for one in lines if told in one and one.startswith(f"warning: {data}")]
    assert f"{place}: {told}" in line
    assert TEXT not in "".join(lines)
    assert len(read([tmp_path / out]).documents) == 2


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("rows", "told", "record"), REFUSED.values(), ids=REFUSED)
def test_what_can_not_be_used_stops_the_run_or_is_left_out(
    format: str, rows: Rows, told: str, record: int, tmp_path: Path, capsys: Any
) -> None:
    data, out = WRITE[format](tmp_path / "in" if format == "ptc" else tmp_path, rows), "out.jsonl"
    table = tmp_path / "problems.tsv"
    assert convert(data, tmp_path / out, "--problems", table) == 2
    place = (LABEL_LINES | {k: v for k, v in PLACES.items() if k == "brat"}).get(format, ":{0}")
    *_, last = capsys.readouterr().err.splitlines()
    assert f"{place.format(record)}: {told}" in last
    assert last.endswith("mend what can't be read, or leave it out with --skip-bad")
    [_, row] = table.read_text("utf-8").splitlines()
    assert row.split("\t")[2].startswith(told)
    assert not (tmp_path / out).exists()
    assert convert(data, tmp_path / out, "--skip-bad") == 0
    assert f"problem: {data}" in capsys.readouterr().err
    assert [one.text for one in read([tmp_path / out]).documents] == [GOOD.text]


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_file(format: str, tmp_path: Path, capsys: Any) -> None:
    good = in_lines(feedback)(tmp_path, [Labelled("All is well in town.", [])])
    empty = WRITE[format](tmp_path / format, [GOOD]) if format in ("ptc", "brat") else None
    if empty is None:
        empty = tmp_path / "empty.json"
        empty.write_text("\ufeff\n" * 9, "utf-8")
        assert convert(empty, tmp_path / "out.jsonl") == 2
        assert f"{empty}: the file is empty" in capsys.readouterr().err
    else:
        for path in empty.rglob("*.txt"):
            path.write_text("", "utf-8")
        assert convert(empty, tmp_path / "out.jsonl") == 2
        assert str(empty) in capsys.readouterr().err.splitlines()[-1]
    command = ["convert", empty, good, "--skip-bad", "--to", "doccano"]
    assert main([*map(str, command), "--output", str(tmp_path / "out.jsonl")]) == 0


@pytest.mark.parametrize(("format", "name"), [("ptc", "train-task2-TC.labels"), ("brat", "1.ann")])
def test_a_file_of_labels_that_is_empty(format: str, name: str, tmp_path: Path) -> None:
    data = WRITE[format](tmp_path / "in", [Labelled(TEXT)])
    reading = read([data])
    assert [one.spans for one in reading.documents] == [()]
    [warning] = reading.warnings
    assert warning.startswith(f"{data / name}: ")
    assert "without any technique" in warning


@pytest.mark.parametrize("format", FORMATS)
def test_a_label_spelt_three_ways_is_one(format: str, tmp_path: Path) -> None:
    names = ("Loaded Language", "loaded-language", "Loaded_Language")
    rows = [Labelled(f"{name}? {TEXT}", [(0, 6, name)]) for name in names]
    data = WRITE[format](tmp_path / "in" if format == "ptc" else tmp_path, rows)
    reading = read([data])
    assert [one.spans[0].label for one in reading.documents] == ["loaded_language"] * 3
    [warning] = [one for one in reading.warnings if "loaded_language" in one]
    assert "label loaded_language goes by " in warning
    assert '"loaded-language" (1, first in ' in warning
    assert PLACES.get(format, ":{0}").format(2) in warning


def test_a_bad_record_of_each_format_at_once(tmp_path: Path) -> None:
    rows, told, _ = REFUSED["a span over the end"]
    paths = []
    for name, make in WRITE.items():
        (tmp_path / name).mkdir()
        paths.append(make(tmp_path / name / "in" if name == "ptc" else tmp_path / name, rows))
    with pytest.raises(BadRecords) as caught:
        read(paths)
    assert len(caught.value.problems) == len(FORMATS)
    assert all(problem.reason.startswith(told) for problem in caught.value.problems)
    assert len(read(paths, skip_bad=True).documents) == 1  # the same good text in all


def convert(data: Path, out: Path, *more: Any) -> int:
    words = ["convert", data, "--to", "doccano", "--output", out, *more]
    return main([*map(str, words)])
