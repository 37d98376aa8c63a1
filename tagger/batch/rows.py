"""The rows of the input as record batches of one schema, and those cut into shards."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tagger.batch.columns import Columns
from tagger.batch.files import InputFile
from tagger.batch.records import READERS, Record
from tagger.batch.tables import read_table
from tagger.batch.types import ERROR, ID, ROW, SOURCE, TEXT, as_json
from tagger.errors import JobError

__all__ = ["read_rows", "row_schema", "shards"]

_CHUNK = 1000  # rows read at a time
_SHARD_BYTES = 32 * 1024 * 1024


def row_schema(columns: Columns) -> pa.Schema:
    """Where a row comes from, its text and id, why it can't be read, and its carried columns."""
    return pa.schema(
        [
            (SOURCE, pa.string()),
            (ROW, pa.int64()),
            (TEXT, pa.string()),
            (ERROR, pa.string()),
            columns.fields.field(0).with_name(ID),
            *list(columns.fields)[1:],
        ]
    )


def read_rows(files: Sequence[InputFile], columns: Columns) -> Iterator[pa.RecordBatch]:
    """All rows in order, in batches of `row_schema`.

    Where a file is damaged, a row says so and ends it. Raises JobError if a file can't be read for
    another reason, such as a disk that fails.
    """
    for file in files:
        read = _from_records if file.format in READERS else _from_table
        try:
            yield from read(file, columns)
        except OSError as error:
            raise JobError(f"can't read {file.path}: {error.strerror}; --resume goes on") from None


def shards(batches: Iterator[pa.RecordBatch], rows: int, *, skip: int = 0) -> Iterator[pa.Table]:
    """Consecutive rows, at most `rows` and about 32 MiB of text together; where a cut falls depends
    on the rows alone.

    skip  rows at the start to leave out, up to the end of a shard
    """
    held: list[pa.RecordBatch] = []
    count = size = 0
    for batch in batches:
        if skip >= len(batch):
            skip -= len(batch)
            continue
        batch, skip = batch.slice(skip), 0
        start = 0
        for place, length in enumerate(pc.binary_length(batch[TEXT]).to_pylist(), 1):
            count, size = count + 1, size + (length or 0)
            if count == rows or size >= _SHARD_BYTES:
                yield pa.Table.from_batches([*held, batch.slice(start, place - start)])
                held, count, size, start = [], 0, 0, place
        if start < len(batch):
            held.append(batch.slice(start))
    if held:
        yield pa.Table.from_batches(held)


def _from_records(file: InputFile, columns: Columns) -> Iterator[pa.RecordBatch]:
    records = READERS[file.format](file)
    while some := list(islice(records, _CHUNK)):
        yield _tabulated(file, some, columns)


def _tabulated(file: InputFile, records: list[Record], columns: Columns) -> pa.RecordBatch:
    schema = row_schema(columns)
    texts: list[str | None] = []
    errors: list[str | None] = []
    for record in records:
        text, error = record.values.get(columns.text), record.error
        if not (text is None or isinstance(text, str)):
            text, error = None, error or f"the text is of type {type(text).__name__}"
        texts.append(text)
        errors.append(error)
    values: list[list[Any]] = [[file.path] * len(records), [r.row for r in records], texts, errors]
    if columns.id is None:
        values.append([f"{file.path}:{record.row}" for record in records])
    names = [] if columns.id is None else [columns.id]
    for name, field in zip([*names, *columns.carried], list(schema)[len(values) :], strict=True):
        own = [record.values.get(name) for record in records]
        if as_json(field):
            own = [None if v is None else json.dumps(v, ensure_ascii=False) for v in own]
        values.append(own)
    arrays = [pa.array(own, field.type) for own, field in zip(values, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _from_table(file: InputFile, columns: Columns) -> Iterator[pa.RecordBatch]:
    schema = row_schema(columns)
    names = [columns.text, *([columns.id] if columns.id is not None else []), *columns.carried]
    row = 0
    try:
        for batch in read_table(file, list(dict.fromkeys(names)), _CHUNK):
            yield _aligned(file, batch, columns, schema, row)
            row += len(batch)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = str(error).splitlines()[0]
        broken = {SOURCE: file.path, ROW: row + 1, ERROR: f"the file breaks off here ({reason})"}
        yield pa.RecordBatch.from_pylist([broken], schema=schema)


def _aligned(
    file: InputFile, batch: pa.RecordBatch, columns: Columns, schema: pa.Schema, row: int
) -> pa.RecordBatch:
    """A batch of the file with the columns and types that all files share."""
    count = len(batch)
    numbers = range(row + 1, row + count + 1)
    made = [f"{file.path}:{number}" for number in numbers] if columns.id is None else None
    origin = {SOURCE: [file.path] * count, ROW: list(numbers), ERROR: _errors(batch, columns)}
    arrays = []
    for field in schema:
        name = {TEXT: columns.text, ID: columns.id}.get(field.name, field.name)
        if field.name in origin:
            arrays.append(pa.array(origin[field.name], field.type))
        elif field.name == ID and made is not None:
            arrays.append(pa.array(made, field.type))
        elif name in batch.schema.names:
            arrays.append(batch[name].cast(field.type))
        else:
            arrays.append(pa.nulls(count, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _errors(batch: pa.RecordBatch, columns: Columns) -> list[str | None]:
    """Rows whose carried columns don't hold what their type says, such as text that is no UTF-8."""
    errors: list[str | None] = [None] * len(batch)
    for name in batch.schema.names:
        if name == columns.text and name not in columns.carried:
            continue  # looked at when it is scored
        try:
            batch[name].validate(full=True)
        except pa.ArrowException:
            for row in range(len(batch)):
                try:
                    batch[name].slice(row, 1).validate(full=True)
                except pa.ArrowException as error:
                    errors[row] = f"column {name!r}: {str(error).splitlines()[0]}"
    return errors
