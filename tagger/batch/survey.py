"""The first pass over the input: its columns, their types, and how many rows there are.

It costs a thousandth of scoring, and makes the output one table: types hold for all rows, not for
the first ones only. What can't be read at all is refused before the work.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.types as types

from tagger.batch.columns import Columns, Kind, choose, kind_of, merged, to_field
from tagger.batch.files import InputFile
from tagger.batch.records import READERS
from tagger.batch.tables import table_schema
from tagger.errors import InputError

__all__ = ["Survey", "survey"]


@dataclass(frozen=True)
class Survey:
    """What the input holds."""

    columns: Columns
    rows: int


def survey(
    files: Sequence[InputFile],
    *,
    text: str = "text",
    id: str | None = None,
    carried: Sequence[str] | None = None,
    taken: Sequence[str] = ("spans",),
) -> Survey:
    """Look through the input.

    text, id, carried, taken  as for `choose`

    Raises InputError for a file that can't be read or lacks the text column, for columns that are
    not there, and for a column whose types in two files don't agree.
    """
    read = _records if files[0].format in READERS else _tables
    schema, rows = read(files, text)
    return Survey(choose(schema, text=text, id=id, carried=carried, taken=taken), rows)


def _records(files: Sequence[InputFile], text: str) -> tuple[pa.Schema, int]:
    kinds: dict[str, Kind] = {}
    rows = 0
    for file in files:
        own: dict[str, Kind] = {}
        try:
            for record in READERS[file.format](file):
                rows += 1
                for name, value in record.values.items():
                    own[name] = merged(own.get(name), kind_of(value))
        except OSError as error:
            raise InputError(f"can't read {file.path}: {error.strerror}") from None
        if file.format in ("text", "ptc"):
            own["text"] = "string"  # a file that can't be read fails by itself
        _check(file, list(own), text)
        for name, kind in own.items():
            kinds[name] = merged(kinds.get(name), kind)
    kinds.setdefault(text, None)
    return pa.schema([to_field(name, kind) for name, kind in kinds.items()]), rows


def _tables(files: Sequence[InputFile], text: str) -> tuple[pa.Schema, int]:
    whole = pa.schema([])
    rows = 0
    for file in files:
        schema, count = table_schema(file)
        _check(file, schema.names, text)
        kind = schema.field(text).type
        if types.is_dictionary(kind):
            kind = kind.value_type
        if not (types.is_string(kind) or types.is_large_string(kind)):
            raise InputError(f"{file.path}: the column {text!r} is {kind}, not text")
        try:
            whole = pa.unify_schemas([whole, schema], promote_options="permissive")
        except pa.ArrowException as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{file.path} does not fit the files before it: {reason}") from None
        rows += count
    return whole, rows


def _check(file: InputFile, names: Sequence[str], text: str) -> None:
    if names and text not in names:
        raise InputError(
            f"{file.path} has no column {text!r}: it has {', '.join(names)}; "
            "name the text's with --text-column"
        )
