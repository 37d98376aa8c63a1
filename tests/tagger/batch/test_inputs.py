"""What `tagger batch` reads: formats, folders, patterns, and the types of carried columns."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Row = dict[str, Any]


def as_jsonl(rows: list[Row], path: Path) -> None:
    text = "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    write(path, "\ufeff" + text)


def as_csv(rows: list[Row], path: Path) -> None:
    buffer = io.StringIO()
    tabs = ".tsv" in path.name
    writer = csv.DictWriter(buffer, list(rows[0]), delimiter="\t" if tabs else ",")
    writer.writeheader()
    writer.writerows(rows)
    write(path, buffer.getvalue())


def as_parquet(rows: list[Row], path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)


def as_dataset(rows: list[Row], path: Path) -> None:
    datasets.Dataset.from_list(rows).save_to_disk(path)


def write(path: Path, text: str) -> None:
    raw = text.encode()
    path.write_bytes(gzip.compress(raw) if path.name.endswith(".gz") else raw)


@pytest.mark.parametrize(
    ("name", "writer"),
    [
        ("rows.jsonl", as_jsonl),
        ("rows.ndjson.gz", as_jsonl),
        ("rows.csv", as_csv),
        ("rows.tsv.gz", as_csv),
        ("rows.parquet", as_parquet),
        ("saved", as_dataset),
    ],
)
def test_formats(
    rows: list[Row],
    tagged: list[list[Row]],
    tmp_path: Path,
    batch: Any,
    out: Any,
    name: str,
    writer: Callable[[list[Row], Path], None],
) -> None:
    writer(rows, tmp_path / name)
    assert batch(tmp_path / name, "--shard-rows", "25") == 0
    carried = [{key: row[key] for key in ("id", "site", "words")} for row in rows]
    if writer is as_csv:
        carried = [{key: str(value) for key, value in row.items()} for row in carried]
    assert out.rows() == [
        row | {"spans": spans} for row, spans in zip(carried, tagged, strict=True)
    ]


def test_a_folder_of_texts(tmp_path: Path, batch: Any, out: Any) -> None:
    folder = tmp_path / "texts"
    (folder / "2024").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    text = "They lied.\r\nThe crooks lied, the disgraceful liars!"
    write(folder / "b.txt", text)
    write(folder / "2024" / "a.txt.gz", text)
    write(folder / ".hidden" / "c.txt", text)
    write(folder / "notes.md", text)
    assert batch(folder) == 0
    first, second = out.rows()
    assert (first["id"], second["id"]) == ("2024/a", "b")
    assert list(first) == ["id", "spans"]
    assert first["spans"] == second["spans"] != []
    assert all(text[span["start"] : span["end"]] == span["text"] for span in first["spans"])


@pytest.mark.parametrize("pattern", [["*.jsonl"], ["a*.jsonl", "b.jsonl"], ["."], ["**/*.jsonl"]])
def test_many_files(
    tmp_path: Path, batch: Any, out: Any, monkeypatch: pytest.MonkeyPatch, pattern: list[str]
) -> None:
    for name in ("b", "a2", "a1"):
        line = json.dumps({"text": "Lies!", "of": name})
        write(tmp_path / f"{name}.jsonl", f"{line}\n{line}\n")
    monkeypatch.chdir(tmp_path)
    assert batch(*pattern, "--output", "out") == 0
    assert [row["of"] for row in out.rows()] == ["a1", "a1", "a2", "a2", "b", "b"]
    assert [row["id"] for row in out.rows()][1:3] == ["a1.jsonl:2", "a2.jsonl:1"]


def test_columns_are_named(tmp_path: Path, batch: Any, out: Any) -> None:
    row = {"id": 1, "key": 7, "body": "Lies!", "spans": "x", "site": "a"}
    write(tmp_path / "a.jsonl", json.dumps(row))
    options = ["--text-column", "body", "--id-column", "key", "--columns", "site,body"]
    assert batch(tmp_path / "a.jsonl", *options) == 0
    [found] = out.rows()
    assert found == {"id": 7, "site": "a", "body": "Lies!", "spans": found["spans"]}


JSON_ROWS = [
    {"text": "a", "whole": 1, "real": 1, "mixed": 1, "nested": {"a": [1]}, "flag": True},
    {"text": "b", "whole": None, "real": 2.5, "mixed": "1", "nested": None, "flag": False, "x": 1},
    {"text": "c", "whole": 2**62, "real": 3, "mixed": [], "nested": "s", "flag": None},
]


def test_types_of_json_columns_hold_for_all_rows(tmp_path: Path, batch: Any, out: Any) -> None:
    as_jsonl(JSON_ROWS, tmp_path / "a.jsonl")
    assert batch(tmp_path / "a.jsonl", "--shard-rows", "1") == 0
    found = out.rows()
    assert [row["whole"] for row in found] == [1, None, 2**62]
    assert [row["real"] for row in found] == [1.0, 2.5, 3.0]
    assert [row["mixed"] for row in found] == ["1", '"1"', "[]"]
    assert [row["nested"] for row in found] == ['{"a": [1]}', None, '"s"']
    assert [row["flag"] for row in found] == [True, False, None]
    assert [row["x"] for row in found] == [None, 1, None]


def test_json_columns_come_back_as_they_were(tmp_path: Path, batch: Any, out: Any) -> None:
    as_jsonl(JSON_ROWS, tmp_path / "a.jsonl")
    assert batch(tmp_path / "a.jsonl", "--format", "jsonl") == 0
    for row, found in zip(JSON_ROWS, out.lines(), strict=True):
        assert all(found[name] == row.get(name) for name in found if name not in ("id", "spans"))


def test_arrow_types_are_kept(tmp_path: Path, batch: Any, out: Any) -> None:
    columns = {
        "text": pa.array(["a", "b"]).dictionary_encode(),
        "id": pa.array([5, 6], pa.int16()),
        "when": pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC")),
        "day": pa.array([date(2024, 1, 1), None]),
        "tags": pa.array([["x"], []], pa.list_(pa.large_string())),
    }
    table = pa.table(columns)
    pq.write_table(table, tmp_path / "a.parquet")
    pq.write_table(table.drop_columns("tags"), tmp_path / "b.parquet")
    assert batch(tmp_path / "a.parquet", tmp_path / "b.parquet") == 0
    found = pa.concat_tables(pq.read_table(path) for path in sorted(out.path.glob("*.parquet")))
    for name in ("id", "when", "day", "tags"):
        assert found.schema.field(name).type == table.schema.field(name).type
        assert found[name].to_pylist()[:2] == table[name].to_pylist()
    assert found["tags"].to_pylist()[2:] == [None, None]
