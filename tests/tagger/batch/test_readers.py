"""The output as others read it: pandas, DuckDB, datasets and Spark, as it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import duckdb
import numpy as np
import pandas as pd
import pytest

Row = dict[str, Any]
Read = Callable[[Path, str], list[Row]]


def by_pandas(folder: Path, form: str) -> list[Row]:
    if form == "parquet":
        frame = pd.read_parquet(folder)  # the folder itself
    else:
        parts = [pd.read_json(path, lines=True) for path in sorted(folder.glob("part-*"))]
        frame = pd.concat(parts)
    return [row | {"spans": list(row["spans"])} for row in frame.to_dict("records")]


def by_duckdb(folder: Path, form: str) -> list[Row]:
    reader = "read_parquet" if form == "parquet" else "read_json"
    relation = duckdb.sql(f"SELECT * FROM {reader}('{folder}/part-*')")
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def by_datasets(folder: Path, form: str) -> list[Row]:
    files = str(folder / f"part-*.{form}")
    cache = str(folder.parent / "cache")
    kind = "json" if form == "jsonl" else form
    loaded = datasets.load_dataset(kind, data_files=files, split="train", cache_dir=cache)
    return list(loaded)


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
@pytest.mark.parametrize("read", [by_pandas, by_duckdb, by_datasets])
def test_they_read_the_same_spans(
    jsonl: Path,
    batch: Any,
    out: Any,
    tagged: list[list[Row]],
    rows: list[Row],
    read: Read,
    form: str,
) -> None:
    assert batch(jsonl, "--format", form, "--shard-rows", "25") == 0
    found = read(out.path, form)
    assert [row["id"] for row in found] == [row["id"] for row in rows]
    assert [row["words"] for row in found] == [row["words"] for row in rows]
    assert [row["spans"] for row in found] == tagged
    assert not any(isinstance(row["spans"], np.ndarray) for row in found)
