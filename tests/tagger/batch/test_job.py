"""The output of `tagger batch`: rows, columns, shards, errors and the summary."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tagger import Policy, Tagger
from tagger.batch.types import DECISION, SPANS

Row = dict[str, Any]


def test_spans_are_those_of_the_tagger(
    jsonl: Path, batch: Any, out: Any, rows: list[Row], tagged: list[list[Row]]
) -> None:
    assert batch(jsonl, "--shard-rows", "25") == 0
    assert out.names() == [
        "_manifest.json",
        "_summary.json",
        *(f"part-{number:05}.parquet" for number in range(3)),
    ]
    expected = [
        {"id": row["id"], "site": row["site"], "words": row["words"], "spans": spans}
        for row, spans in zip(rows, tagged, strict=True)
    ]
    assert out.rows() == expected
    assert sum(map(len, tagged)) > 20
    schemas = [pq.read_schema(path) for path in out.path.glob("*.parquet")]
    assert all(schema == schemas[0] for schema in schemas)
    assert schemas[0].field("spans").type == SPANS


@pytest.mark.parametrize("options", [["--threads", "2"], ["--workers", "2"]])
def test_workers_and_threads_change_nothing(
    jsonl: Path, batch: Any, out: Any, tagged: list[list[Row]], options: list[str]
) -> None:
    assert batch(jsonl, *options, workers=None if "--workers" in options else 1) == 0
    assert [row["spans"] for row in out.rows()] == tagged


def test_json_lines(
    jsonl: Path, batch: Any, out: Any, rows: list[Row], tagged: list[list[Row]]
) -> None:
    assert batch(jsonl, "--format", "jsonl", "--columns", "words") == 0
    assert out.lines() == [
        {"id": row["id"], "words": row["words"], "spans": spans}
        for row, spans in zip(rows, tagged, strict=True)
    ]


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_row_for_each_span(
    jsonl: Path, batch: Any, out: Any, rows: list[Row], tagged: list[list[Row]], form: str
) -> None:
    assert batch(jsonl, "--explode", "--format", form, "--columns", "site") == 0
    expected = [
        {"id": row["id"], "site": row["site"]} | span
        for row, spans in zip(rows, tagged, strict=True)
        for span in spans
    ]
    found = out.rows() if form == "parquet" else out.lines()
    assert [list(row) for row in found] == [list(row) for row in expected]
    assert found == expected


def test_corpus_labels(
    batch: Any, out: Any, root: Path, tagger: Tagger, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(root / "tests" / "articles", "--format", "ptc") == 0
    [labels] = out.path.glob("*.labels")
    found = labels.read_text(encoding="utf-8").splitlines()
    articles = sorted((root / "tests" / "articles" / "train-articles").glob("*.txt"))
    names = {label.id: label.corpus_name for label in tagger.manifest.labels}
    assert found == [
        f"{path.stem.removeprefix('article')}\t{names[span.label]}\t{span.start}\t{span.end}"
        for path in articles
        for span in tagger.tag([path.read_bytes().decode()])[0].spans
    ]
    assert len({line.split("\t")[0] for line in found}) > 5


def test_decisions(jsonl: Path, batch: Any, out: Any, tagger: Tagger, rows: list[Row]) -> None:
    options = ["--policy", "default", "--threshold", "0.2", "--labels", "loaded_language,doubt"]
    assert batch(jsonl, *options) == 0
    documents = tagger.tag(
        [row["text"] for row in rows], labels=["loaded_language", "doubt"], thresholds=0.2
    )
    decided = Policy.packaged("default").decide(documents, together=False).results
    found = out.rows()
    assert [row["decision"] for row in found] == [one.as_dict() for one in decided]
    assert [len(row["spans"]) for row in found] == [len(one.spans) for one in documents]
    assert pq.read_schema(out.path / "part-00000.parquet").field("decision").type == DECISION
    assert out.summary()["decisions"] == Counter(one.action for one in decided)


def test_the_summary(
    jsonl: Path,
    batch: Any,
    out: Any,
    tagger: Tagger,
    tagged: list[list[Row]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with jsonl.open("a") as file:
        file.write('{"id": "none", "text": null}\n')
    assert batch(jsonl) == 3
    found = out.summary()
    assert json.loads(capsys.readouterr().out) == found
    labels = Counter(span["label"] for spans in tagged for span in spans)
    assert found["techniques"] == {name: labels[name] for name in tagger.labels}
    assert (found["rows"], found["failed"]) == (len(tagged) + 1, 1)
    assert found["spans"] == labels.total()
    assert found["decisions"] is None
    assert found["seconds"] > 0
    assert found["rows_per_second"] > 0
    assert found["model"]["sha256"] == tagger.manifest.sha256


def test_a_shard_ends_after_so_much_text(
    tmp_path: Path, batch: Any, out: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagger.batch.rows._SHARD_BYTES", 100)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": "They lied. " * 3}) + "\n" for _ in range(9)))
    assert batch(path) == 0
    assert [len(pq.read_table(shard)) for shard in sorted(out.path.glob("part*"))] == [4, 4, 1]


def test_nothing_heavy_is_imported_for_other_commands(root: Path) -> None:
    code = "import sys, tagger.cli; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert not {"pyarrow", "datasets", "joblib", "pyspark", "tagger.batch"} & set(
        ran.stdout.split()
    )
