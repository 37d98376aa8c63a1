"""From a shard's rows and their results to the table that is written, and the rows that failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tagger.batch.shard_files import explode as exploded
from tagger.batch.types import ERROR, ID, ROW, SOURCE

__all__ = ["Finished", "finish"]

_SEPARATORS = "[\t\n\r]"


@dataclass(frozen=True)
class Finished:
    """The output of a shard; `errors` are the entries of the errors file, in input order."""

    table: pa.Table
    errors: list[dict[str, Any]]
    techniques: dict[str, int]
    decisions: dict[str, int]


def finish(
    shard: pa.Table,
    result: pa.RecordBatch,
    carried: Sequence[str],
    *,
    explode: bool,
    ids_for_labels: bool,
) -> Finished:
    """Part the rows that were scored from those that failed.

    shard           rows of `row_schema`
    result          the engine's, a row for each
    ids_for_labels  whether an id must do in a file of corpus labels
    """
    reasons = pc.coalesce(shard[ERROR], result["error"])
    if ids_for_labels:
        ids = shard[ID].cast(pa.string())
        broken = pc.or_kleene(
            pc.match_substring_regex(ids, _SEPARATORS), pc.equal(pc.utf8_length(ids), 0)
        )
        unfit = "the id is missing or holds a tab or a line break, which label files can't carry"
        reasons = pc.coalesce(reasons, pc.if_else(pc.fill_null(broken, True), unfit, None))
    good = pc.is_null(reasons)
    table = shard.select([ID, *carried]).rename_columns(["id", *carried])
    for name in result.schema.names:
        if name != "error":
            field = result.schema.field(name)
            table = table.append_column(field, pa.chunked_array([result[name]]))
    table = table.filter(good)
    labels = pc.struct_field(pc.list_flatten(table["spans"]), "label")
    actions = (
        _counts(pc.struct_field(table["decision"], "action"))
        if "decision" in result.schema.names
        else {}
    )
    failed = pc.invert(good)
    return Finished(
        exploded(table) if explode else table,
        _errors(shard.select([ROW, SOURCE, ID]).filter(failed), reasons.filter(failed)),
        _counts(labels),
        actions,
    )


def _errors(rows: pa.Table, reasons: pa.ChunkedArray) -> list[dict[str, Any]]:
    return [
        {
            "row": rows[ROW][place].as_py(),
            "source": rows[SOURCE][place].as_py(),
            "id": _readable(rows[ID][place]),
            "reason": reason,
        }
        for place, reason in enumerate(reasons.to_pylist())
    ]


def _readable(value: pa.Scalar) -> Any:
    try:
        return value.as_py()
    except UnicodeDecodeError:  # Arrow does not promise that strings are UTF-8
        return None


def _counts(values: pa.ChunkedArray) -> dict[str, int]:
    return {item["values"]: item["counts"] for item in pc.value_counts(values).to_pylist()}
