"""A batch job: shard by shard from the input through an engine into the output folder."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from tqdm import tqdm

from tagger.batch.files import InputFile
from tagger.batch.finish import Finished, finish
from tagger.batch.folder import MANIFEST, SUMMARY, OutputFolder
from tagger.batch.identity import Options, check_same, identity
from tagger.batch.keep import columns_from, columns_to
from tagger.batch.rows import read_rows, shards
from tagger.batch.score import Scoring
from tagger.batch.shard_files import ENDINGS, WRITERS, Write, to_labels
from tagger.batch.survey import Survey, survey
from tagger.batch.types import TEXT
from tagger.durable import replaced
from tagger.errors import InputError, JobError
from tagger.manifest import Manifest

__all__ = ["Engine", "run_job"]

_FORMAT = 1
_SPAN_COLUMNS = ("start", "end", "label", "score", "text")


class Engine(Protocol):
    """Scores a column of texts as `score` does; `done` is told how many rows are."""

    def __call__(self, texts: pa.Array, done: Callable[[int], object]) -> pa.RecordBatch:
        """A row of `result_schema` for each text, in order."""


@dataclass
class _Done:
    """How far a job has come; `errors_size` in bytes."""

    shards: int = 0
    rows: int = 0
    failed: int = 0
    spans: int = 0
    techniques: dict[str, int] | None = None
    decisions: dict[str, int] | None = None
    seconds: float = 0.0
    errors_size: int = 0


def run_job(
    files: Sequence[InputFile],
    output: Path,
    scoring: Scoring,
    model: Manifest,
    engine: Callable[[], AbstractContextManager[Engine]],
    *,
    options: Options,
    resume: bool = False,
) -> dict[str, Any]:
    """Score the input into the folder; returns the summary.

    Raises InputError for what can't be used, before the work, and JobError if it breaks off.
    """
    try:
        folder = OutputFolder(output, resume=resume)
    except OSError as error:
        raise InputError(f"can't make {output}: {error.strerror}") from None
    try:
        return _Job(files, folder, scoring, model, options).run(engine)
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise JobError(f"{output}: {reason}. What is there is whole; --resume goes on") from None
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise JobError(f"a row does not fit, has the input changed meanwhile? ({reason})") from None
    finally:
        folder.close()


class _Job:
    def __init__(
        self,
        files: Sequence[InputFile],
        folder: OutputFolder,
        scoring: Scoring,
        model: Manifest,
        options: Options,
    ) -> None:
        self._files = files
        self._folder = folder
        self._scoring = scoring
        self._model = model
        self._options = options
        self._identity = identity(files, scoring, model, options)
        self._survey, self._done = self._start()

    def run(self, engine: Callable[[], AbstractContextManager[Engine]]) -> dict[str, Any]:
        left = self._survey.rows > self._done.rows
        if left:
            with engine() as run:
                self._score(run)
        self._folder.publish_errors()
        summary = self._summary()
        self._folder.write_json(SUMMARY, summary)
        return summary

    def _start(self) -> tuple[Survey, _Done]:
        kept = self._folder.manifest()
        if kept is None:
            options = self._options
            taken = ["spans"] if not options.explode else list(_SPAN_COLUMNS)
            taken += ["decision"] if self._scoring.policy is not None else []
            found = survey(
                self._files,
                text=options.text,
                id=options.id,
                carried=options.columns,
                taken=taken,
            )
            done = _Done(
                techniques={label.id: 0 for label in self._model.labels},
                decisions={} if self._scoring.policy is not None else None,
            )
            self._write_manifest(found, done)
            self._folder.tidy(0)
            return found, done
        check_same(kept.get("job"), self._identity, self._folder.path / MANIFEST)
        try:
            found = Survey(columns_from(kept["columns"]), kept["total"])
            done = _Done(**{field.name: kept["done"][field.name] for field in fields(_Done)})
        except (KeyError, TypeError, ValueError, OSError, pa.ArrowException):
            raise InputError(f"{self._folder.path / MANIFEST} is damaged: start anew") from None
        for number in range(done.shards):
            if not self._shard(number).is_file():
                raise InputError(f"{self._shard(number)} is missing: start anew in another folder")
        self._folder.tidy(done.errors_size)
        return found, done

    def _score(self, engine: Engine) -> None:
        batches = read_rows(self._files, self._survey.columns)
        write = self._writer()
        done = self._done
        with tqdm(
            total=self._survey.rows, initial=done.rows, unit="row", disable=None, smoothing=0.1
        ) as progress:
            started = time.monotonic()
            for shard in shards(batches, self._options.shard_rows, skip=done.rows):
                result = engine(shard[TEXT].combine_chunks(), progress.update)
                finished = finish(
                    shard,
                    result,
                    self._survey.columns.carried,
                    explode=self._options.explode,
                    ids_for_labels=self._options.format == "ptc",
                )
                with replaced(self._shard(done.shards)) as file:
                    write(finished.table, file)
                self._count(finished, len(shard), time.monotonic() - started)
                started = time.monotonic()
                self._write_manifest(self._survey, done)

    def _count(self, finished: Finished, rows: int, seconds: float) -> None:
        done = self._done
        done.errors_size = self._folder.append_errors(finished.errors, done.errors_size)
        done.shards += 1
        done.rows += rows
        done.failed += len(finished.errors)
        done.spans += sum(finished.techniques.values())
        done.seconds = round(done.seconds + seconds, 3)
        for own, found in (
            (done.techniques, finished.techniques),
            (done.decisions, finished.decisions),
        ):
            for name, count in found.items():
                if own is not None:
                    own[name] = own.get(name, 0) + count

    def _writer(self) -> Write:
        if self._options.format != "ptc":
            return WRITERS[self._options.format]
        names = {label.id: label.corpus_name or label.id for label in self._model.labels}
        return to_labels(names)

    def _shard(self, number: int) -> Path:
        return self._folder.path / f"part-{number:05}{ENDINGS[self._options.format]}"

    def _write_manifest(self, found: Survey, done: _Done) -> None:
        self._folder.write_json(
            MANIFEST,
            {
                "format": _FORMAT,
                "job": self._identity,
                "columns": columns_to(found.columns),
                "total": found.rows,
                "done": asdict(done),
            },
        )

    def _summary(self) -> dict[str, Any]:
        done = self._done
        return {
            "rows": done.rows,
            "failed": done.failed,
            "spans": done.spans,
            "techniques": done.techniques,
            "decisions": done.decisions,
            "seconds": round(done.seconds, 1),
            "rows_per_second": round(done.rows / done.seconds, 1) if done.seconds else None,
            "model": self._identity["model"],
        }
