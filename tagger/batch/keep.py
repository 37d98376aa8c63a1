"""The columns of a job as they stand in its manifest."""

import base64
from typing import Any

import pyarrow as pa

from tagger.batch.columns import Columns

__all__ = ["columns_from", "columns_to"]


def columns_to(columns: Columns) -> dict[str, Any]:
    """For JSON: names and types for readers, and Arrow's own form of the schema to go on from."""
    return {
        "text": columns.text,
        "id": columns.id,
        "output": {field.name: str(field.type) for field in columns.fields},
        "schema": base64.b64encode(columns.fields.serialize()).decode(),
    }


def columns_from(kept: dict[str, Any]) -> Columns:
    """The inverse of `columns_to`. Raises KeyError, ValueError or an ArrowException if damaged."""
    raw = pa.py_buffer(base64.b64decode(kept["schema"]))
    return Columns(kept["text"], kept["id"], pa.ipc.read_schema(raw))
