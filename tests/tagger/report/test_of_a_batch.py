"""What `tagger batch` writes is what `tagger report` reads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tagger import Document
from tagger.cli import main


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_report_on_a_batch(
    articles: list[Document],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    parse: Callable[[str], Any],
    form: str,
) -> None:
    rows = [
        {"source": article.id, "published": f"2024-0{number + 1}-17", "text": line}
        for number, article in enumerate(articles[:3])
        for line in filter(None, article.text.splitlines())
    ]
    archive, out, path = tmp_path / "a.jsonl", tmp_path / "out", tmp_path / "page.html"
    lines = [*rows, {**rows[0], "text": None}]
    archive.write_text("".join(json.dumps(row) + "\n" for row in lines), encoding="utf-8")
    written = ["--output", str(out), "--format", form, "--shard-rows", "9", "--policy", "default"]
    assert main(["batch", str(archive), *written]) == 3
    columns = ["--by", "source", "--by-month", "published"]
    assert main(["report", str(out), "--output", str(path), *columns]) == 0
    summary = json.loads((out / "_summary.json").read_bytes())
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"{path}: {len(rows)} rows, {summary['spans']} spans"
    page = parse(path.read_text("utf-8"))
    assert page.texts["dd"][0] == str(len(rows))
    found = {label for label, count in summary["techniques"].items() if count}
    assert len(page.table("Technique", "Spans")) == len(found) > 0
    assert [*page.table("Month", "Rows")] == ["2024-01", "2024-02", "2024-03"]
    assert "Decided: allow" in page.texts["dt"]
