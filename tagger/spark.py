"""Scoring on Apache Spark, for those who have a DataFrame, and the engine of `tagger batch`.

Needs the extra `spark` where the job is started; workers need the extra `batch`.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from py4j.protocol import Py4JError
from pyspark import SparkFiles
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StringType, StructType

from tagger.batch import MAX_CHARACTERS, Scoring, make_scoring, result_schema, score
from tagger.errors import InputError, JobError
from tagger.policy import Policy

__all__ = ["SparkEngine", "ship", "spark_engine", "tag"]

_PLACE, _TEXT = "place", "text"
_shipped: dict[tuple[str, str], str] = {}  # by Spark application and model


def tag(
    df: DataFrame,
    *,
    text_column: str,
    model: str | Path | None = None,
    labels: Sequence[str] | None = None,
    thresholds: float | Mapping[str, float] | None = None,
    policy: Policy | None = None,
    max_characters: int = MAX_CHARACTERS,
    ship_model: bool = True,
) -> DataFrame:
    """The DataFrame with a column `spans`, with a policy `decision`, and `error`, evaluated lazily.

    A row that can't be scored has its reason in `error` and null in the others. Types are those of
    tagger/batch/README.md. A worker loads the model once and scores on one core.

    model       a folder; None: the one in use, as `Tagger.load` finds it
    ship_model  whether to send the model to the workers; if not, they find it at the same path
    labels, thresholds, policy  as for `Tagger.tag`, and `Policy`

    Raises InputError for a column that is not there or not text, or is named as one of those
    added, and for options that `Tagger.tag` refuses; ModelError for a folder that is not a model.
    """
    scoring, _ = make_scoring(
        model,
        labels=labels,
        thresholds=thresholds,
        policy=policy,
        max_characters=max_characters,
    )
    added = from_arrow_schema(result_schema(scoring))
    if text_column not in df.columns:
        raise InputError(f"the DataFrame has no column {text_column!r}: it has {df.columns}")
    if not isinstance(df.schema[text_column].dataType, StringType):
        kind = df.schema[text_column].dataType.simpleString()
        raise InputError(f"the column {text_column!r} is {kind}, not text")
    if taken := [name for name in added.names if name in df.columns]:
        raise InputError(f"the DataFrame has a column {taken[0]!r} already: rename it")
    shipped = ship(df.sparkSession, scoring) if ship_model else None
    schema = StructType([*df.schema.fields, *added.fields])
    return df.mapInArrow(_mapper(scoring, text_column, shipped), schema)


class SparkEngine:
    """Scores columns of texts on the workers of a Spark session. Only texts go to them.

    Raises JobError if the job fails there.
    """

    def __init__(self, session: SparkSession, scoring: Scoring, shipped: str | None) -> None:
        self._session = session
        self._scoring = scoring
        self._shipped = shipped

    def __call__(self, texts: pa.Array, done: Callable[[int], object]) -> pa.RecordBatch:
        """As `Engine`."""
        order = self._dealt(texts)
        rows = pa.table({_PLACE: pa.array(order), _TEXT: texts.take(pa.array(order))})
        schema = from_arrow_schema(rows.schema)
        added = from_arrow_schema(result_schema(self._scoring))
        mapper = _mapper(self._scoring, _TEXT, self._shipped)
        try:
            found = (
                self._session.createDataFrame(rows, schema)
                .mapInArrow(mapper, StructType([*schema.fields, *added.fields]))
                .drop(_TEXT)
                .toArrow()
            )
        except (PySparkException, Py4JError, EOFError, OSError) as error:
            raise JobError(f"Spark gave up: {_reason(error)}; --resume goes on") from None
        done(len(found))
        back = np.argsort(found[_PLACE].to_numpy(), kind="stable")
        own = found.drop_columns(_PLACE).take(pa.array(back)).cast(result_schema(self._scoring))
        [batch] = own.combine_chunks().to_batches()
        return batch

    def _dealt(self, texts: pa.Array) -> np.ndarray:
        """An order whose equal parts, one for each core, hold texts of the same lengths."""
        parts = self._session.sparkContext.defaultParallelism
        lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy()
        longest = np.argsort(-lengths, kind="stable")
        return np.concatenate([longest[part::parts] for part in range(parts)])


@contextmanager
def spark_engine(
    scoring: Scoring,
    *,
    master: str | None = None,
    conf: Mapping[str, str] | None = None,
    ship_model: bool = True,
) -> Iterator[SparkEngine]:
    """An engine on a Spark session that is stopped at the end of the block.

    Raises JobError if Spark does not start.
    """
    builder = SparkSession.builder.appName("tagger batch")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    for name, value in (conf or {}).items():
        builder = builder.config(name, value)
    if master is not None:
        builder = builder.master(master)
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError, OSError) as error:
        raise JobError(f"Spark does not start: {_reason(error)}") from None
    try:
        yield SparkEngine(session, scoring, ship(session, scoring) if ship_model else None)
    finally:
        session.stop()


def _reason(error: Exception) -> str:
    """The line that tells most: of a worker's traceback, which Spark quotes, the last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    own = [line for line in lines if line.startswith("tagger.errors.")]
    return (own or lines or [type(error).__name__])[0]


def _mapper(
    scoring: Scoring, text_column: str, shipped: str | None
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What runs on the workers; the session outlives it, in the Python process that runs many."""

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        model = SparkFiles.get(shipped) if shipped is not None else scoring.model
        here = replace(scoring, model=model)
        for batch in batches:
            found = score(batch[text_column], here)
            names = [*batch.schema.names, *found.schema.names]
            yield pa.RecordBatch.from_arrays([*batch.columns, *found.columns], names)

    return run


def ship(session: SparkSession, scoring: Scoring) -> str:
    """Send the model folder to the workers; returns its name there."""
    context = session.sparkContext
    key = (str(context.applicationId), scoring.sha256)
    if key in _shipped:
        return _shipped[key]
    folder = Path(tempfile.mkdtemp(prefix="tagger-"))
    name = folder.name
    archive = shutil.make_archive(str(folder / name), "zip", scoring.model)
    # Spark serves it from here as long as the session lasts, to workers that start late too.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    context.addArchive(f"{archive}#{name}")
    _shipped[key] = name
    return name
