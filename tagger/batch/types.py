"""The Arrow types of the output, and the columns that rows travel with until then."""

from typing import Any

import pyarrow as pa

__all__ = ["DECISION", "ERROR", "ID", "ROW", "SOURCE", "SPAN", "SPANS", "TEXT", "as_json"]

SPAN = pa.struct(
    [
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("label", pa.string()),
        ("score", pa.float64()),
        ("text", pa.string()),
    ]
)
SPANS = pa.list_(SPAN)

DECISION = pa.struct(
    [
        ("action", pa.string()),
        ("policy", pa.struct([("name", pa.string()), ("version", pa.string())])),
        (
            "reasons",
            pa.list_(
                pa.struct(
                    [
                        ("rule", pa.string()),
                        ("labels", pa.list_(pa.string())),
                        ("spans", pa.list_(pa.int64())),
                    ]
                )
            ),
        ),
    ]
)

# A colon keeps them apart from the columns of any sane input.
SOURCE, ROW, TEXT, ID, ERROR = (
    f"tagger:{name}" for name in ("source", "row", "text", "id", "error")
)

_JSON = {b"tagger": b"json"}


def as_json(field: pa.Field, mark: bool = False) -> Any:
    """Whether a field holds JSON text; with `mark`, the field marked so."""
    if mark:
        return field.with_metadata(_JSON)
    return (field.metadata or {}).get(b"tagger") == b"json"
