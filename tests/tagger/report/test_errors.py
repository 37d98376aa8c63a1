"""Folders, columns and places that `tagger report` can't use: one line, exit status 2, no page."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tagger.cli import main

Row = dict[str, Any]
Write = Callable[..., Path]
Fails = Callable[..., str]

SPAN = {"start": 0, "end": 9, "label": "doubt", "score": 0.5, "text": "SECRET"}


def rows(*spans: object) -> list[Row]:
    return [{"id": "a", "source": "s", "tags": ["x"], "spans": [*spans]}] * 2


@pytest.fixture
def fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Fails:
    """Runs the command, which must fail and leave no page; returns why it did."""

    def fails(out: Path, *options: str | Path) -> str:
        page = tmp_path / "pages" / "page.html"
        page.parent.mkdir(exist_ok=True)
        assert main(["report", str(out), "--output", str(page), *map(str, options)]) == 2
        printed, err = capsys.readouterr()
        assert [*page.parent.iterdir()] == []
        assert printed == ""
        assert err.startswith("tagger: ")
        assert err.count("\n") == 1
        assert "SECRET" not in err
        return err

    return fails


def test_what_is_no_folder_of_shards(tmp_path: Path, fails: Fails) -> None:
    hint = "give the folder that `tagger batch` wrote"
    assert f"(No such file or directory): {hint}" in fails(tmp_path / "nothing")
    (tmp_path / "file").write_bytes(b"")
    assert f"(Not a directory): {hint}" in fails(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    assert f"holds no .parquet and no .jsonl files: {hint}" in fails(tmp_path / "empty")
    (tmp_path / "empty" / "part-00000.labels").write_bytes(b"")
    assert "run `tagger batch` with --format parquet" in fails(tmp_path / "empty")


def test_two_kinds_of_shards(write: Write, fails: Fails) -> None:
    write(rows(SPAN))
    assert "holds .parquet and .jsonl files" in fails(write(rows(SPAN), form="jsonl"))


@pytest.mark.parametrize("left", ["_manifest.json", ".part-00001.parquet.tmp", "_temporary"])
def test_an_output_that_is_not_complete(write: Write, fails: Fails, left: str) -> None:
    out = write(rows(SPAN))
    for name in ("_summary.json", "_manifest.json"):
        (out / name).unlink()
    (out / left).touch()
    assert "is not complete: run `tagger batch` with --resume" in fails(out)


def test_a_shard_is_missing(write: Write, fails: Fails) -> None:
    out = write(rows(SPAN), shards=2)
    (out / "part-00001.parquet").unlink()
    assert "1 rows and 1 spans, but its summary says 2 and 2: a shard is missing" in fails(out)


@pytest.mark.parametrize(
    "summary",
    ["", "[]", "{}", '{"rows": "2"}', '{"rows": 2, "failed": 0, "spans": 2}', "[" * 99_999],
)
def test_a_summary_that_is_damaged(write: Write, fails: Fails, summary: str) -> None:
    out = write(rows(SPAN))
    (out / "_summary.json").write_text(summary, encoding="utf-8")
    assert "_summary.json is damaged" in fails(out)


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_columns(write: Write, fails: Fails, form: str) -> None:
    out = write(rows(SPAN), form=form)
    shard = out / f"part-00000.{form}"
    lacks = f"{shard}: it has no column text, only id, source, tags, spans"
    assert lacks in fails(out, "--by", "text")
    assert lacks in fails(out, "--by-month", "text")
    assert f"{shard}: its column tags holds lists or objects" in fails(out, "--by", "tags")
    undated = "--by-month source: none of its values is a date as 2024-05-17"
    assert undated in fails(out, "--by-month", "source")


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_one_row_a_span(tmp_path: Path, fails: Fails, form: str) -> None:
    if form == "jsonl":
        (tmp_path / "part-0.jsonl").write_text(json.dumps({"id": "a", **SPAN}), encoding="utf-8")
    else:
        from pyarrow import Table, parquet

        parquet.write_table(Table.from_pylist([{"id": "a", **SPAN}]), tmp_path / "part-0.parquet")
    assert "one row a span: run `tagger batch` without --explode" in fails(tmp_path)


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        (["SECRET"], "lists of label, score and text"),
        ([{"label": "doubt", "text": "SECRET"}], "lists of label, score and text"),
        ([SPAN | {"score": None}], "a span lacks its label, its text, or a score from 0 to 1"),
        ([SPAN | {"label": None}], "a span lacks"),
        ([SPAN | {"text": None}], "a span lacks"),
        ([SPAN | {"score": 1.5}], "a span lacks"),
        ([SPAN | {"score": -0.1}], "a span lacks"),
        ([SPAN | {"score": float("nan")}], "a span lacks"),
        (None, "null for a list of spans"),
    ],
)
def test_parquet_of_other_spans(tmp_path: Path, fails: Fails, spans: Any, message: str) -> None:
    from pyarrow import Table, parquet

    good = [] if message.startswith("lists") else [{"id": "1", "spans": [SPAN]}]
    table = Table.from_pylist([*good, {"id": "2", "spans": spans}])
    parquet.write_table(table, tmp_path / "part-0.parquet")
    assert message in fails(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"id": 1, "spans": [{"label": "dou', "line 3 is not JSON: it is damaged or cut off"),
        (b"", "line 3 is not JSON"),
        (b"\xff\xfe", "line 3 is not JSON"),
        (b"[" * 99_999, "line 3 is not JSON"),
        (b'["SECRET"]', "line 3 is not a JSON object"),
        (b'{"id": 1}', "it has no column spans"),
        (b'{"spans": null}', "null for a list of spans"),
        (b'{"spans": "SECRET"}', "it is damaged or cut off"),
        (b'{"spans": ["SECRET"]}', "it is damaged or cut off"),
        (b'{"spans": [{"label": "a", "score": "SECRET", "text": ""}]}', "it is damaged"),
        (b'{"spans": [{"label": "a", "score": NaN, "text": ""}]}', "a span lacks"),
        (b'{"spans": [{"label": "a", "score": 0.5, "text": "\\ud800"}]}', "it is damaged"),
        (b'{"spans": [{"score": 0.5, "text": "SECRET"}]}', "a span lacks"),
    ],
)
def test_lines_that_are_no_rows(write: Write, fails: Fails, line: bytes, message: str) -> None:
    out = write(rows(SPAN), form="jsonl")
    shard = out / "part-00000.jsonl"
    shard.write_bytes(shard.read_bytes() + line + b"\n")
    error = fails(out)
    assert f"{shard}: " in error
    assert message in error


@pytest.mark.parametrize("cut", [0, 3, 100, -1, -9, -200])
def test_parquet_that_is_cut_off(write: Write, fails: Fails, cut: int) -> None:
    out = write(rows(SPAN))
    shard = out / "part-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:cut])
    assert f"{shard}: it is damaged or cut off" in fails(out)


def test_parquet_with_flipped_bytes(write: Write, tmp_path: Path, fails: Fails) -> None:
    """Damage that can be told is; none ends in a stack trace."""
    out = write(rows(SPAN) * 50)
    shard = out / "part-00000.parquet"
    whole = shard.read_bytes()
    for place in range(4, len(whole) // 2, 211):
        shard.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        assert main(["report", str(out), "--output", str(tmp_path / "page.html")]) in (0, 2)


def test_places_for_the_page(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = write(rows(SPAN))

    def refused(page: Path) -> str:
        assert main(["report", str(out), "--output", str(page)]) == 2
        return capsys.readouterr().err

    assert "would be read as one of them" in refused(out / "page.html")
    assert "No such file or directory" in refused(tmp_path / "nothing" / "page.html")
    assert "it is a folder" in refused(tmp_path)
    assert main(["report", str(out), "--output", str(out / "_page.html")]) == 0


def test_an_interruption_leaves_the_page_that_was_there(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    out, page = write(rows(SPAN)), tmp_path / "pages" / "page.html"
    page.parent.mkdir()
    page.write_text("before", encoding="utf-8")
    monkeypatch.setattr("tagger.report.counts.Counts.add", interrupt)
    assert main(["report", str(out), "--output", str(page)]) == 130
    assert [path.read_text("utf-8") for path in page.parent.iterdir()] == ["before"]


def test_without_the_extra(write: Write, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    out = write(rows(SPAN))
    for name in [name for name in sys.modules if name.startswith("tagger.report.")]:
        if not name.endswith((".command", ".output")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "`tagger report` needs pyarrow: pip install 'persuasion-tagger[report]'" in fails(out)
