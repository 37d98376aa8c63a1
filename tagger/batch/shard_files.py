"""One shard's rows as Parquet, JSON Lines or corpus labels."""

import json
from collections.abc import Callable
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tagger.batch.types import as_json
from tagger.formats import to_ptc
from tagger.spans import Document, Span

__all__ = ["ENDINGS", "WRITERS", "Write", "explode", "to_labels"]

Write = Callable[[pa.Table, BinaryIO], None]
"""Writes the rows of a shard."""

ENDINGS = {"parquet": ".parquet", "jsonl": ".jsonl", "ptc": ".labels"}
"""Of the output formats, the ending of a shard's name."""


def explode(table: pa.Table) -> pa.Table:
    """A row for each span, with the columns of the row it is of and those of the span."""
    spans = table["spans"].combine_chunks()
    flat = spans.flatten()
    own = table.drop_columns("spans").take(pc.list_parent_indices(spans))
    for place, field in enumerate(flat.type):
        own = own.append_column(field.name, flat.field(place))
    if "decision" in own.column_names:  # last, as in the table
        decision = own["decision"]
        own = own.drop_columns("decision").append_column("decision", decision)
    return own


def _parquet(table: pa.Table, file: BinaryIO) -> None:
    pq.write_table(table, file, compression="zstd")


def _jsonl(table: pa.Table, file: BinaryIO) -> None:
    embedded = [field.name for field in table.schema if as_json(field)]
    for batch in table.to_batches(max_chunksize=1000):
        for row in batch.to_pylist():
            for name in embedded:
                row[name] = json.loads(row[name]) if row[name] is not None else None
            file.write(json.dumps(row, ensure_ascii=False, default=_plain).encode() + b"\n")


def _plain(value: Any) -> Any:
    """What JSON has no type for: times in ISO 8601, numbers of other types as their text."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def to_labels(corpus_names: dict[str, str]) -> Write:
    """A writer of corpus labels."""

    def write(table: pa.Table, file: BinaryIO) -> None:
        for row in table.to_pylist():
            spans = tuple(
                Span(span["start"], span["end"], span["label"], span["score"])
                for span in row["spans"]
            )
            longest = max((span.end for span in spans), default=0)
            document = Document(" " * longest, spans, str(row["id"]))
            file.write(to_ptc([document], corpus_names).encode())

    return write


WRITERS: dict[str, Write] = {"parquet": _parquet, "jsonl": _jsonl}
