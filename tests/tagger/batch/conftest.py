"""Rows made of the small corpus, and the command `tagger batch` in this process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tagger import Document, Tagger
from tagger.cli import main

Row = dict[str, Any]
Batch = Callable[..., int]


@pytest.fixture(autouse=True)
def packaged_model(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TAGGER_MODELS", "TAGGER_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def paragraphs(articles: list[Document]) -> list[str]:
    """Paragraphs of the small corpus, of very different lengths, and odd texts among them."""
    own = [part for article in articles[:4] for part in article.text.split("\n\n") if part]
    odd = ["", " \n", "They are liars! 👩\u200d👧 Shame, you crooks!", "a" * 700, articles[5].text]
    return [text for pair in zip(own, odd * len(own), strict=False) for text in pair][:60]


@pytest.fixture(scope="session")
def rows(paragraphs: list[str]) -> list[Row]:
    """Rows with columns of several types beside `id` and `text`."""
    return [
        {"id": f"row {number}", "text": text, "site": "ab"[number % 2], "words": len(text.split())}
        for number, text in enumerate(paragraphs)
    ]


@pytest.fixture(scope="session")
def tagged(tagger: Tagger, paragraphs: list[str]) -> list[list[Row]]:
    """What `Tagger.tag` finds in the paragraphs, as the output has it."""
    return [
        [
            {
                "start": span.start,
                "end": span.end,
                "label": span.label,
                "score": pytest.approx(span.score, abs=1e-4),
                "text": document.text[span.start : span.end],
            }
            for span in document.spans
        ]
        for document in tagger.tag(paragraphs)
    ]


@pytest.fixture
def jsonl(rows: list[Row], tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    """Runs `tagger batch INPUT... --output out` by one worker; returns the exit status."""

    def batch(*arguments: str | Path, workers: int | None = 1) -> int:
        command = ["batch", *map(str, arguments)]
        if "--output" not in command:
            command += ["--output", str(tmp_path / "out")]
        if workers is not None:
            command += ["--workers", str(workers)]
        try:
            return main(command)
        except SystemExit as raised:  # by argparse
            return int(raised.code or 0)

    return batch


class Output:
    """The output folder of the command."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self) -> list[Row]:
        """The rows of all shards, in order."""
        shards = sorted(self.path.glob("*.parquet"))
        return [row for path in shards for row in pq.read_table(path).to_pylist()]

    def lines(self, pattern: str = "part-*.jsonl") -> list[Row]:
        paths = sorted(self.path.glob(pattern))
        return [json.loads(line) for path in paths for line in path.read_text().splitlines()]

    def errors(self) -> list[Row]:
        return self.lines("_errors.jsonl")

    def summary(self) -> Row:
        found: Row = json.loads((self.path / "_summary.json").read_bytes())
        return found

    def names(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir())


@pytest.fixture
def out(tmp_path: Path) -> Output:
    return Output(tmp_path / "out")
