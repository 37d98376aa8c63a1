"""Reads shards of Parquet or JSON Lines, some thousand rows at a time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tagger.errors import InputError

__all__ = ["Rows", "read_shard"]

_BATCH = 4_096
_SPAN = pa.struct({"label": pa.string(), "score": pa.float64(), "text": pa.string()})
_ACTION = pa.struct({"action": pa.string()})


@dataclass(frozen=True)
class Rows:
    """Some rows of a shard.

    spans    columns row (from 0), label, score in [0, 1] and text; no value is null
    values   the columns asked for, as strings or null, one a row
    actions  what a policy decided, one a row, where there was one
    """

    count: int
    spans: pa.Table
    values: Mapping[str, pa.Array]
    actions: pa.Array | None = None


def read_shard(path: Path, columns: Sequence[str] = ()) -> Iterator[Rows]:
    """The rows of one shard, with these columns.

    Raises InputError for a shard that can't be read, that lacks a column, or that has lists or
    objects in one.
    """
    read = _parquet if path.suffix == ".parquet" else _lines
    try:
        for batch in read(path, columns):
            yield _rows(batch, columns)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (pa.ArrowException, UnicodeError):
        raise InputError(f"{path}: it is damaged or cut off") from None
    except OSError as error:  # of Arrow too, for some damage
        raise InputError(f"{path}: {error.strerror or 'it is damaged or cut off'}") from None


def _parquet(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        _check_names(schema.names, columns)
        spans = schema.field("spans").type
        if not (pa.types.is_list(spans) or pa.types.is_large_list(spans)) or not (
            pa.types.is_struct(spans.value_type)
            and {field.name for field in _SPAN} <= {field.name for field in spans.value_type}
        ):
            raise InputError("its column spans holds no lists of label, score and text")
        for name in columns:
            if pa.types.is_nested(schema.field(name).type):
                raise _nested(name)
        decision = ["decision.action"] if "decision" in schema.names else []
        yield from file.iter_batches(_BATCH, columns=["spans", *columns, *decision])


def _lines(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    with path.open("rb") as file:
        numbered = enumerate(file, 1)
        while chunk := list(islice(numbered, _BATCH)):
            rows = [_parsed(line, number, columns) for number, line in chunk]
            schema = {"spans": pa.list_(_SPAN)} | dict.fromkeys(columns, pa.string())
            if all("decision" in row for row in rows):
                schema["decision"] = _ACTION
            yield pa.RecordBatch.from_pylist(rows, pa.schema(schema))


def _parsed(line: bytes, number: int, columns: Sequence[str]) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(f"line {number} is not JSON: it is damaged or cut off") from None
    if not isinstance(row, dict):
        raise InputError(f"line {number} is not a JSON object")
    _check_names([*row], columns)
    return row | {name: _string(name, row[name]) for name in columns}


def _check_names(names: Sequence[str], columns: Sequence[str]) -> None:
    if "spans" not in names:
        exploded = {"start", "end", "label", "score", "text"} <= {*names}
        raise InputError(
            "it has one row a span: run `tagger batch` without --explode"
            if exploded
            else "it has no column spans, so it is no output of `tagger batch`"
        )
    for name in columns:
        if name not in names:
            raise InputError(f"it has no column {name}, only {', '.join(names)}")


def _nested(name: str) -> InputError:
    return InputError(f"its column {name} holds lists or objects: name one of texts or dates")


def _string(name: str, value: object) -> str | None:
    if isinstance(value, dict | list):
        raise _nested(name)
    return value if isinstance(value, str | None) else json.dumps(value)


def _rows(batch: pa.RecordBatch, columns: Sequence[str]) -> Rows:
    lists = batch["spans"]
    if lists.null_count:
        raise InputError("a row has null for a list of spans")
    flat = lists.flatten()
    fields = {field.name: pc.struct_field(flat, field.name).cast(field.type) for field in _SPAN}
    scores = fields["score"].to_numpy(zero_copy_only=False)
    fits = (scores >= 0) & (scores <= 1)  # what is no number does not
    if not fits.all() or any(field.null_count for field in fields.values()):
        raise InputError("a span lacks its label, its text, or a score from 0 to 1")
    decided = "decision" in batch.schema.names
    return Rows(
        count=len(batch),
        spans=pa.table({"row": pc.list_parent_indices(lists), **fields}),
        values={name: _strings(batch[name]) for name in columns},
        actions=pc.struct_field(batch["decision"], "action") if decided else None,
    )


def _strings(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.string())
