"""Which columns of the input are the text, the id, and carried through, and of what types."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tagger.batch.types import as_json
from tagger.errors import InputError

__all__ = ["Columns", "Kind", "choose", "kind_of", "merged", "to_field"]

Kind = str | None
_TYPES = {
    None: pa.string(),
    "bool": pa.bool_(),
    "int64": pa.int64(),
    "double": pa.float64(),
    "string": pa.string(),
    "json": pa.string(),
}


@dataclass(frozen=True)
class Columns:
    """text and id are names of input columns; id is None where ids are made from path and row.

    fields  `id` and the carried columns, as they will be in the output
    """

    text: str
    id: str | None
    fields: pa.Schema

    @property
    def carried(self) -> list[str]:
        """Names of the carried columns."""
        return list(self.fields.names[1:])


def choose(
    schema: pa.Schema,
    *,
    text: str,
    id: str | None,
    carried: Sequence[str] | None,
    taken: Iterable[str],
) -> Columns:
    """Columns of an input with this schema.

    id       None: `id` if there is one, else ids are made
    carried  None: all but the text and the id
    taken    names that the output has for itself

    Raises InputError for a column that is not there, or whose name is taken.
    """
    for name in (text, *([id] if id is not None else []), *(carried or [])):
        if name not in schema.names:
            raise InputError(f"the input has no column {name!r}: it has {', '.join(schema.names)}")
    key = id
    if key is None and "id" in schema.names and text != "id":
        key = "id"
    if carried is None:
        carried = [name for name in schema.names if name not in (text, key)]
    for name in carried:
        if name in ("id", *taken) or list(carried).count(name) > 1:
            raise InputError(
                f"the output can't carry the column {name!r}, as it has one of that name already: "
                "name the columns to carry with --columns"
            )
    own = pa.field("id", pa.string()) if key is None else schema.field(key).with_name("id")
    return Columns(text, key, pa.schema([own, *(schema.field(name) for name in carried)]))


def kind_of(value: Any) -> Kind:
    """The kind of a JSON value; None for null, which fits every kind."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64" if -(2**63) <= value < 2**63 else "json"
    if isinstance(value, float):
        return "double"
    return "string" if isinstance(value, str) else "json"


def merged(one: Kind, other: Kind) -> Kind:
    """The kind that values of both have a place in: in the last resort JSON text."""
    if one == other or other is None:
        return one
    if one is None:
        return other
    return "double" if {one, other} == {"int64", "double"} else "json"


def to_field(name: str, kind: Kind) -> pa.Field:
    """The Arrow field of a column of this kind."""
    field = pa.field(name, _TYPES[kind])
    return as_json(field, mark=True) if kind == "json" else field
