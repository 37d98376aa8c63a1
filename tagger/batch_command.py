"""The command `tagger batch`. What it needs beyond `tagger tag` is imported when it runs."""

import argparse
import importlib.util
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagger.errors import InputError, JobError
from tagger.model import available_cores
from tagger.options import add_filters, read_labels, read_policy, read_thresholds
from tagger.policy import Policy

if TYPE_CHECKING:
    from tagger.batch import Engine, Scoring

__all__ = ["add_batch"]

_DESCRIPTION = """\
Score an archive, row by row: JSON Lines, CSV, TSV and Parquet files, folders of texts, folders that
the library `datasets` saved. Memory does not grow with the input. OUT becomes a folder of shards
beside a summary and the rows that could not be scored (tagger/batch/README.md).

  tagger batch archive.jsonl.gz --output scored
  tagger batch 'archive/**/*.parquet' --output scored --text-column body --columns site,date
  tagger batch archive.jsonl.gz --output scored --resume      go on after an interruption
  tagger batch archive.csv --output scored --engine spark --master spark://host:7077
"""

_EXIT = (
    "exit status: 0 all rows scored, 1 broke off (--resume goes on), 2 unusable input, options or "
    "model, 3 some rows failed (see _errors.jsonl), 130 interrupted (--resume goes on)"
)


def add_batch(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the command to those of `tagger`; `shared` has the options of all."""
    parser = commands.add_parser(
        "batch",
        parents=[shared],
        help="score an archive",
        description=_DESCRIPTION,
        epilog=_EXIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=_batch)
    parser.add_argument("input", nargs="+", metavar="INPUT", help="file, folder or pattern")
    parser.add_argument("--output", required=True, type=Path, metavar="OUT", help="a new folder")
    parser.add_argument("--resume", action="store_true", help="go on where an earlier run stopped")

    rows = parser.add_argument_group("rows")
    rows.add_argument(
        "--input-format",
        choices=("jsonl", "csv", "tsv", "parquet", "text", "ptc", "dataset"),
        help="default: by the ending of the files' names",
    )
    rows.add_argument("--text-column", default="text", metavar="NAME", help="default: text")
    rows.add_argument(
        "--id-column",
        metavar="NAME",
        help="default: id if there is one, else ids are made from path and row",
    )
    rows.add_argument(
        "--columns", metavar="NAME,...", help="columns to carry through; default: all others"
    )
    rows.add_argument(
        "--max-characters",
        type=int,
        default=1_000_000,
        metavar="N",
        help="longer texts are not scored but listed as failed; default: 1000000",
    )
    out = parser.add_argument_group("output")
    out.add_argument(
        "--format",
        choices=("parquet", "jsonl", "ptc"),
        default="parquet",
        help="of the shards; ptc: label files of the Propaganda Techniques Corpus",
    )
    out.add_argument("--explode", action="store_true", help="a row for each span")
    out.add_argument(
        "--shard-rows", type=int, default=5000, metavar="N", help="rows in a shard; default: 5000"
    )
    out.add_argument(
        "--policy",
        metavar="FILE|NAME",
        help="add the decision of a moderation policy: a TOML file, or the name of a policy that "
        f"comes with the package ({', '.join(Policy.packaged_names())})",
    )
    add_filters(out)
    engine = parser.add_argument_group("engine")
    engine.add_argument("--engine", choices=("local", "spark"), default="local")
    engine.add_argument(
        "--workers", type=int, metavar="N", help="local: processes; default: one for each core"
    )
    engine.add_argument(
        "--threads",
        type=int,
        default=None,
        metavar="N",
        help="cores of a worker; default: local: all shared out evenly, spark: 1",
    )
    engine.add_argument(
        "--master", metavar="URL", help="spark: default: what Spark's own settings say, or local[*]"
    )
    engine.add_argument(
        "--spark-conf", action="append", default=[], metavar="NAME=VALUE", help="may be repeated"
    )
    engine.add_argument(
        "--model-on-workers",
        action="store_true",
        help="spark: workers find the model at the same path; without it, it is sent to them",
    )


def _batch(arguments: argparse.Namespace) -> int:
    engine = _engine(arguments)
    from tagger import batch

    if arguments.shard_rows < 1:
        raise InputError(f"--shard-rows {arguments.shard_rows}: give a number above 0")
    if arguments.format == "ptc" and (arguments.explode or arguments.policy is not None):
        raise InputError("--format ptc has no place for --explode or the decision of --policy")
    scoring, model = batch.make_scoring(
        arguments.model,
        labels=read_labels(arguments.labels),
        thresholds=read_thresholds(arguments.threshold) or None,
        max_characters=arguments.max_characters,
    )
    if arguments.policy is not None:
        known = [label.id for label in model.labels]
        scoring = replace(scoring, policy=read_policy(arguments.policy, known))
    options = batch.Options(
        text=arguments.text_column,
        id=arguments.id_column,
        columns=tuple(arguments.columns.split(",")) if arguments.columns is not None else None,
        format=arguments.format,
        explode=arguments.explode,
        shard_rows=arguments.shard_rows,
    )
    try:
        summary = batch.run_job(
            batch.find_files(arguments.input, arguments.input_format),
            arguments.output,
            scoring,
            model,
            lambda: engine(scoring),
            options=options,
            resume=arguments.resume,
        )
    except JobError as error:
        print(f"tagger: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tagger: interrupted: the same command with --resume goes on", file=sys.stderr)
        raise
    print(json.dumps(summary, ensure_ascii=False, indent=1))
    return 3 if summary["failed"] else 0


def _engine(
    arguments: argparse.Namespace,
) -> "Callable[[Scoring], AbstractContextManager[Engine]]":
    """Raises InputError if a library is missing, or an option is not this engine's."""
    spark = arguments.engine == "spark"
    needed = ["pyarrow", "joblib", *(["pyspark"] if spark else [])]
    if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
        extra = "spark" if missing == ["pyspark"] else "batch"
        raise InputError(f"{missing[0]} is not installed: pip install 'persuasion-tagger[{extra}]'")
    own = {
        "--workers": arguments.workers is not None and spark,
        "--master": arguments.master is not None and not spark,
        "--spark-conf": arguments.spark_conf and not spark,
        "--model-on-workers": arguments.model_on_workers and not spark,
    }
    for name, misplaced in own.items():
        if misplaced:
            raise InputError(f"{name} is no option of --engine {arguments.engine}")
    for name, number in (("--workers", arguments.workers), ("--threads", arguments.threads)):
        if number is not None and number < 1:
            raise InputError(f"{name} {number}: give a number above 0")
    if spark:
        from tagger.spark import spark_engine

        conf = dict(_pair(item) for item in arguments.spark_conf)
        return lambda scoring: spark_engine(
            replace(scoring, threads=arguments.threads or 1),
            master=arguments.master,
            conf=conf,
            ship_model=not arguments.model_on_workers,
        )
    from tagger.batch import local_engine

    workers = arguments.workers or max(1, available_cores() // (arguments.threads or 1))
    threads = arguments.threads or max(1, available_cores() // workers)
    return lambda scoring: local_engine(replace(scoring, threads=threads), workers)


def _pair(item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not (name and equals):
        raise InputError(f"--spark-conf {item}: give NAME=VALUE")
    return name, value
