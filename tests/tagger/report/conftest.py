"""Outputs of a batch, as tagger/batch/README.md describes them."""

import functools
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tagger import Document
from tagger.cli import main

pa = pytest.importorskip("pyarrow", reason="comes with the extra `report`")
pytest.importorskip("matplotlib", reason="comes with the extra `report`")

Row = dict[str, Any]
Write = Callable[..., Path]
Report = Callable[..., str]

SPAN = pa.struct(
    {
        "start": pa.int64(),
        "end": pa.int64(),
        "label": pa.string(),
        "score": pa.float64(),
        "text": pa.string(),
    }
)


def _write(
    folder: Path,
    rows: Sequence[Row],
    *,
    form: str = "parquet",
    shards: int = 1,
    failed: int = 0,
    labels: Sequence[str] = (),
) -> Path:
    """A complete output of these rows."""
    from pyarrow import parquet

    folder.mkdir(parents=True, exist_ok=True)
    size = -(-len(rows) // shards)
    for number in range(shards):
        part = rows[number * size : (number + 1) * size]
        path = folder / f"part-{number:05}.{form}"
        if form == "jsonl":
            lines = (json.dumps(one, ensure_ascii=False, default=str) + "\n" for one in part)
            path.write_text("".join(lines), encoding="utf-8")
            continue
        columns = {name: [one[name] for one in part] for name in (rows or [{"id": 0}])[0]}
        spans = pa.array(columns.pop("spans", []), pa.list_(SPAN))
        parquet.write_table(pa.table({**columns, "spans": spans}), path)
    found = Counter(one["label"] for each in rows for one in each["spans"])
    summary = {
        "rows": len(rows) + failed,
        "failed": failed,
        "spans": found.total(),
        "techniques": {label: found[label] for label in sorted({*labels, *found})},
        "model": {"name": "default", "version": "2026.11.2", "sha256": "a20be650" * 8},
    }
    (folder / "_manifest.json").write_text('{"format": 1}', encoding="utf-8")
    (folder / "_summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return folder


class Page(HTMLParser):
    """Fails on elements that are not closed in order; keeps the texts of elements, and rows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.rows: list[list[str]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
        if tag not in ("meta", "link"):
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self.open
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in {*self.open}:
            self.texts[tag][-1] += data
        if {"th", "td"} & {*self.open}:
            self.rows[-1][-1] += data

    def values(self, name: str) -> list[str]:
        return [value for own, value in self.attributes if own == name]

    def table(self, *heads: str) -> dict[str, list[str]]:
        """The rows of the table whose first cells are these, without the row of its heads."""
        start = next(n for n, row in enumerate(self.rows) if row[: len(heads)] == [*heads])
        width = len(self.rows[start])
        own = itertools.takewhile(lambda row: len(row) == width, self.rows[start + 1 :])
        return {name: cells for name, *cells in own}


@pytest.fixture
def parse() -> type[Page]:
    """Reads a page, which must be well-formed."""
    return Page


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a complete output of some rows; returns its folder."""
    return functools.partial(_write, tmp_path / "out")


@pytest.fixture(scope="session")
def scored(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete output of these rows, of a model that knows a technique more."""
    return _write(tmp_path_factory.mktemp("scored") / "out", rows, labels=["dog_whistle"])


@pytest.fixture(scope="session")
def rows(articles: list[Document]) -> list[Row]:
    """The paragraphs of tests/articles with their gold spans, of many scores, and a source and a
    date each."""
    return [
        {
            "id": f"{place}-{match.start()}",
            "source": f"The {('Herald', 'Post', 'Courier', 'Examiner')[place % 4]}",
            "date": date(2023 + (place + number) // 12 % 2, 1 + (place + number) % 12, 17),
            "spans": [
                {
                    "start": span.start - match.start(),
                    "end": span.end - match.start(),
                    "label": span.label,
                    "score": (7 * span.start + span.end) % 1000 / 1000,
                    "text": article.text[span.start : span.end],
                }
                for span in article.spans
                if match.start() <= span.start < span.end <= match.end()
            ],
        }
        for place, article in enumerate(articles)
        for number, match in enumerate(re.finditer(".+", article.text))
    ]


@pytest.fixture(scope="session")
def page_path(scored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page on `scored`, with all its sections."""
    path = tmp_path_factory.mktemp("pages") / "page.html"
    columns = ["--by", "source", "--by-month", "date"]
    assert main(["report", str(scored), "--output", str(path), *columns]) == 0
    return path


@pytest.fixture
def report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Report:
    """Runs the command, which must succeed quietly; returns the page."""

    def report(out: Path, *options: str | Path) -> str:
        path = tmp_path / "page.html"
        assert main(["report", str(out), "--output", str(path), *map(str, options)]) == 0
        printed, err = capsys.readouterr()
        assert err == ""
        assert printed.startswith(f"{path}: ")
        return path.read_text("utf-8")

    return report
