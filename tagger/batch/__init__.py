"""Batch scoring: archives in, shards of rows with their spans out. Needs the extra `batch`.

README.md in this folder describes the output.
"""

from tagger.batch.files import FORMATS, InputFile, find_files
from tagger.batch.identity import Options
from tagger.batch.job import Engine, run_job
from tagger.batch.local import local_engine
from tagger.batch.score import MAX_CHARACTERS, Scoring, make_scoring, result_schema, score

__all__ = [
    "FORMATS",
    "MAX_CHARACTERS",
    "Engine",
    "InputFile",
    "Options",
    "Scoring",
    "find_files",
    "local_engine",
    "make_scoring",
    "result_schema",
    "run_job",
    "score",
]
