"""Runs a small job again and again, and dies at each step on disk in turn; for test_resume.py.

The engine stands in for a model, so that all that is on trial is what reaches the disk.
"""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import pyarrow as pa

from tagger.batch import Options, find_files, make_scoring, result_schema, run_job

SOURCE, OUTPUT, MODEL = map(Path, sys.argv[1:4])
SCORING, MANIFEST = make_scoring(MODEL)


def engine(texts, done):
    span = {"start": 0, "end": 4, "label": "doubt", "score": 0.5, "text": "they"}
    found = [None if text is None else [span] for text in texts.to_pylist()]
    errors = [None if text else "the text is null" for text in texts.to_pylist()]
    schema = result_schema(SCORING)
    arrays = [pa.array(found, schema.field("spans").type), pa.array(errors, pa.string())]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def run(output: Path, *, resume: bool) -> None:
    run_job(
        find_files([str(SOURCE)]),
        output,
        SCORING,
        MANIFEST,
        lambda: nullcontext(engine),
        options=Options(shard_rows=3),
        resume=resume,
    )


def dies_at(step: int, output: Path) -> bool:
    """Go on with the job in a process that ends, as by kill -9, at its step on disk of this number;
    whether it came that far."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = step

    def counted(function):
        def wrapper(*arguments, **options):
            nonlocal left
            left -= 1
            if left < 0:
                os._exit(9)
            return function(*arguments, **options)

        return wrapper

    os.fsync, os.truncate = counted(os.fsync), counted(os.truncate)
    Path.replace, Path.unlink = counted(Path.replace), counted(Path.unlink)
    run(output, resume=True)
    os._exit(0)


run(OUTPUT / "undisturbed", resume=False)
step = 0
while dies_at(step, OUTPUT / f"once-{step}"):  # killed once, at each step
    run(OUTPUT / f"once-{step}", resume=True)
    step += 1
deaths = 0
while dies_at(deaths % 13, OUTPUT / "often"):  # killed again and again, at ever other steps
    deaths += 1
print(step, deaths)
