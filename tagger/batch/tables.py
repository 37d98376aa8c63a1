"""Parquet files, and folders that the library `datasets` saved, as streams of record batches."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tagger.batch.files import InputFile
from tagger.errors import InputError

__all__ = ["read_table", "table_schema"]


def table_schema(file: InputFile) -> tuple[pa.Schema, int]:
    """Columns and number of rows.

    Raises InputError if the file is damaged or of another format.
    """
    try:
        if file.format == "dataset":
            saved = _dataset(file)
            return saved.features.arrow_schema.remove_metadata(), len(saved)
        with pq.ParquetFile(file.path) as parquet:
            return parquet.schema_arrow.remove_metadata(), parquet.metadata.num_rows
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"can't read {file.path} as {file.format}: {reason}") from None


def read_table(file: InputFile, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
    """The columns that the file has of those named, `rows` at a time.

    Raises pa.ArrowException, or an OSError without a number, where the file is damaged.
    """
    if file.format == "dataset":
        saved = _dataset(file)
        own = [name for name in columns if name in saved.column_names]
        for table in saved.select_columns(own).with_format("arrow").iter(batch_size=rows):
            yield from table.combine_chunks().to_batches()
        return
    with pq.ParquetFile(file.path) as parquet:
        own = [name for name in columns if name in parquet.schema_arrow.names]
        yield from parquet.iter_batches(batch_size=rows, columns=own)


def _dataset(file: InputFile) -> Any:
    import datasets  # here, since it takes a second to import

    saved = datasets.load_from_disk(file.path)
    if isinstance(saved, datasets.DatasetDict):
        raise InputError(f"{file.path} has splits: give the folder of one of {', '.join(saved)}")
    return saved
