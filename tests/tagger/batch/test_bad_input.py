"""Bad rows, bad files and bad options: each its exit status, its message and what is left."""

import errno
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tagger.batch.files import InputFile
from tagger.batch.records import READERS, Record

GOOD = b'{"id": "%d", "text": "They lied, the disgraceful liars!"}\n'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": "bad", "text": null}', "the text is null"),
        (b'{"id": "bad"}', "the text is null"),
        (b'{"id": "bad", "text": 7}', "the text is of type int"),
        (b'{"id": "bad", "text": ["a"]}', "the text is of type list"),
        (b'{"id": "bad", "text": "%s"}' % (b"a" * 101), "the text has 101 characters, more than"),
        (b'{"id": "bad", "text": "\xff"}', "line 2: not UTF-8 (byte 23 of the line)"),
        (b'{"id": "bad", "text": "\\ud800"}', "line 2: holds a lone surrogate"),
        (b'{"id": "bad", "text": "a"', "line 2: not JSON (Expecting ',' delimiter"),
        (b'{"id": "bad", "text": "a", "n": NaN}', "line 2: not JSON (NaN)"),
        (b'["bad", "a"]', "line 2: not a JSON object"),
        (b"[" * 100_000, "line 2: "),
    ],
)
def test_a_bad_row_of_json(tmp_path: Path, batch: Any, out: Any, line: bytes, reason: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD % 1 + line + b"\n" + GOOD % 2)
    assert batch(path, "--max-characters", "100") == 3
    assert [row["id"] for row in out.rows()] == ["1", "2"]
    [error] = out.errors()
    assert error["row"] == 2
    assert error["source"] == str(path)
    assert error["id"] == (None if "line 2" in reason else "bad")
    assert error["reason"].startswith(reason)
    assert (out.summary()["rows"], out.summary()["failed"]) == (3, 1)


@pytest.mark.parametrize(
    ("lines", "rows", "reason"),
    [
        (['2,"a"b', "3,fine"], ["1", "3"], "line 3: broken quotes"),
        (['2,"a', "3,fine", '4,"b"', "5,fine"], ["1", "5"], "lines 3 to 5: broken quotes"),
        (["2,fine", '3,"never closed', "4,lost"], ["1", "2"], "lines 4 to 5: broken quotes"),
        (["2,a,b", "3,fine"], ["1", "3"], "line 3: 3 fields where the header has 2"),
        (["2", "", "3,fine"], ["1", "3"], "line 3: 1 fields where the header has 2"),
        (["2,\udcff", "3,fine"], ["1", "3"], "line 3: not UTF-8"),
        (["2," + "a" * 300, "3,fine"], ["1", "3"], "line 3: the row is longer than"),
    ],
)
def test_a_bad_row_of_csv(
    tmp_path: Path,
    batch: Any,
    out: Any,
    monkeypatch: pytest.MonkeyPatch,
    lines: list[str],
    rows: list[str],
    reason: str,
) -> None:
    for module in ("lines", "records"):
        monkeypatch.setattr(f"tagger.batch.{module}.MAX_BYTES", 200)
    path = tmp_path / "a.csv"
    text = "\r\n".join(["id,text", "1,fine", *lines, ""])
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert batch(path) == 3
    assert [row["id"] for row in out.rows()] == rows
    [error] = out.errors()
    assert error["reason"].startswith(reason)


def test_a_truncated_gzip(tmp_path: Path, batch: Any, out: Any) -> None:
    whole = gzip.compress(b"".join(GOOD % number + b"\n" for number in range(2000)))
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 50])
    (tmp_path / "b.jsonl").write_bytes(GOOD % 9999)
    assert batch(tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl") == 3
    ids = [row["id"] for row in out.rows()]
    assert ids == [*map(str, range(len(ids) - 1)), "9999"]
    [error] = out.errors()
    assert error["row"] == len(ids)
    assert error["reason"].startswith("the file breaks off here (Compressed file ended")


def test_bad_rows_of_parquet(tmp_path: Path, batch: Any, out: Any) -> None:
    def strings(*values: bytes | None) -> pa.Array:
        return pa.array(values, pa.binary()).view(pa.string())

    columns = {
        "id": pa.array([1, 2, 3, 4]),
        "text": strings(b"Lies!", None, b"\xff", b"Lies!"),
        "site": strings(b"a", b"a", b"a", b"\xff"),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert batch(tmp_path / "a.parquet") == 3
    assert [row["id"] for row in out.rows()] == [1]
    assert [(error["row"], error["id"]) for error in out.errors()] == [(2, 2), (3, 3), (4, 4)]
    reasons = [error["reason"] for error in out.errors()]
    assert reasons[:2] == ["the text is null", "the text is not UTF-8 (byte 0)"]
    assert reasons[2].startswith("column 'site': Invalid UTF8")


def test_a_damaged_page_of_parquet(tmp_path: Path, batch: Any, out: Any) -> None:
    path = tmp_path / "a.parquet"
    texts = [f"They lied {number} times." for number in range(20)]
    table = pa.table({"text": texts})
    pq.write_table(table, path, row_group_size=10, compression="zstd", use_dictionary=False)
    start = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    raw = bytearray(path.read_bytes())
    raw[start : start + 60] = b"\xff" * 60
    path.write_bytes(raw)
    assert batch(path) == 3
    assert all(text["id"].startswith(f"{path}:") for text in out.rows())
    assert out.errors()[-1]["reason"].startswith("the file breaks off here")


def test_ids_that_label_files_cannot_carry(tmp_path: Path, batch: Any, out: Any) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"id": name, "text": "Disgraceful liars!"} for name in ("a\tb", "", None, "fine")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert batch(path, "--format", "ptc", "--threshold", "0") == 3
    [shard] = out.path.glob("*.labels")
    assert {line.split("\t")[0] for line in shard.read_text().splitlines()} == {"fine"}
    assert [error["row"] for error in out.errors()] == [1, 2, 3]


def test_a_disk_that_fails(
    jsonl: Path,
    batch: Any,
    out: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reader = READERS["jsonl"]
    calls = []

    def failing(file: InputFile) -> Iterator[Record]:
        calls.append(file)
        for number, record in enumerate(reader(file)):
            if len(calls) == 2 and number == 20:  # in the second pass
                raise OSError(errno.EIO, "Input/output error")
            yield record

    monkeypatch.setitem(READERS, "jsonl", failing)
    assert batch(jsonl) == 1
    message = f"tagger: can't read {jsonl}: Input/output error; --resume goes on\n"
    assert capsys.readouterr().err == message
    assert out.names() == ["_manifest.json"]


def test_a_file_of_no_rows(tmp_path: Path, batch: Any, out: Any) -> None:
    for name in ("a.csv", "a.jsonl"):
        (tmp_path / name).write_bytes(b"")
        assert batch(tmp_path / name, "--output", out.path / name) == 0
    assert (out.path / "a.csv" / "_summary.json").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["{rows}", "--text-column", "body"], "has no column 'body': it has id, text, site, words"),
        (["{rows}", "--id-column", "key"], "the input has no column 'key': it has id, text"),
        (["{rows}", "--columns", "site,key"], "the input has no column 'key'"),
        (["{rows}", "--columns", "site,site"], "can't carry the column 'site'"),
        (["{rows}", "--id-column", "words"], "can't carry the column 'id'"),
        (["{rows}", "--columns", "text", "--explode"], "can't carry the column 'text'"),
        (["{rows}", "--input-format", "parquet"], "rows.jsonl as parquet: "),
        (["{rows}", "{rows}"], "rows.jsonl is in the input twice"),
        (["{rows}", "{folder}/a.csv"], "the input has files of csv, jsonl: give one format"),
        (["{folder}/a.csv"], "a.csv: the header, its first line, can't be read: broken quotes"),
        (["{folder}/b.csv"], "b.csv: the header, its first line, can't be read: two columns of"),
        (["{folder}/a.parquet"], "the column 'text' is int64, not text"),
        (["{folder}/b.parquet"], "b.parquet as parquet: "),
        (["{folder}/none.jsonl"], "none.jsonl: there is no such file"),
        (["{folder}/*.json"], "there is no such file, and no file fits it"),
        (["{folder}/notes.md"], "notes.md: the ending tells no format"),
        (["{folder}/empty"], "empty holds no file that ends in one of"),
        (["{rows}", "--output", "{rows}"], "rows.jsonl is a file: name a folder"),
        (["{rows}", "--output", "{folder}"], "is not empty: name another folder, or give --resume"),
        (["{rows}", "--output", "{folder}", "--resume"], "holds other files and no job"),
        (["{rows}", "--output", "{rows}/sub"], "can't make "),
        (["{rows}", "--labels", "dubt"], "unknown label 'dubt'"),
        (["{rows}", "--threshold", "2"], "the threshold of default is 2"),
        (["{rows}", "--policy", "none"], "--policy none: give a file, or a policy"),
        (["{rows}", "--policy", "default", "--format", "ptc"], "--format ptc has no place"),
        (["{rows}", "--shard-rows", "0"], "--shard-rows 0: give a number above 0"),
        (["{rows}", "--max-characters", "0"], "a limit of 0 characters leaves no text"),
        (["{rows}", "--workers", "0"], "--workers 0: give a number above 0"),
        (["{rows}", "--master", "local"], "--master is no option of --engine local"),
        (["{rows}", "--model", "{folder}"], "is not a model folder"),
    ],
)
def test_what_is_refused_before_the_work(
    jsonl: Path,
    tmp_path: Path,
    batch: Any,
    out: Any,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.md").write_text("a")
    (tmp_path / "a.csv").write_text('id,"te"xt\n1,a\n')
    (tmp_path / "b.csv").write_text("text,text\n1,a\n")
    pq.write_table(pa.table({"text": [1]}), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-9])
    before = sorted(tmp_path.rglob("*"))
    given = [option.format(rows=jsonl, folder=tmp_path) for option in options]
    workers = None if "--workers" in given else 1
    assert batch(*given, workers=workers) == 2
    found = capsys.readouterr()
    assert found.out == ""
    [line] = found.err.splitlines()
    assert line.startswith("tagger: ")
    assert message in line
    assert sorted(tmp_path.rglob("*")) == before


def test_a_library_that_is_missing(
    jsonl: Path,
    batch: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert batch(jsonl) == 2
    message = "pyarrow is not installed: pip install 'persuasion-tagger[batch]'"
    assert capsys.readouterr().err == f"tagger: {message}\n"
