"""The command `tagger report`."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from tagger.config import Config, default_model
from tagger.errors import InputError
from tagger.manifest import Manifest
from tagger.report.output import Output

__all__ = ["add_report"]


def add_report(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    parents: list[argparse.ArgumentParser],
    epilog: str,
) -> None:
    """Add the command; `parents` has the option --model."""
    report = commands.add_parser(
        "report", parents=parents, help="make a page on the output of a batch", epilog=epilog
    )
    report.add_argument("out", type=Path, metavar="OUT", help="folder that `tagger batch` wrote")
    report.add_argument(
        "--output",
        type=Path,
        default=Path("report.html"),
        metavar="FILE",
        help="the page, written anew if it is there; default: report.html",
    )
    report.add_argument(
        "--by", metavar="COLUMN", help="compare the values of a column, say the source"
    )
    report.add_argument(
        "--by-month",
        metavar="COLUMN",
        help="compare the months of a column of dates, as 2024-05-17 or 2024-05-17T20:15:00",
    )
    report.set_defaults(run=_report)


def _report(arguments: argparse.Namespace) -> None:
    output = Output.find(arguments.out)
    path = arguments.output
    if path.resolve().parent == arguments.out.resolve() and not path.name.startswith(("_", ".")):
        raise InputError(
            f"--output {path}: a page among the shards would be read as one of them; write it "
            "elsewhere, or under a name that begins with _"
        )
    if path.is_dir():
        raise InputError(f"can't write {path}: it is a folder")
    labels = Manifest.read(
        arguments.model or default_model(Config.from_environment().models)
    ).labels
    try:
        # Here, since a plain install lacks them, and matplotlib looks through all fonts at first.
        from tagger.report.counts import Counts
        from tagger.report.page import to_page
        from tagger.report.shards import read_shard
    except ModuleNotFoundError as error:
        raise InputError(
            f"`tagger report` needs {error.name}: pip install 'persuasion-tagger[report]'"
        ) from None
    counts = Counts(arguments.by, arguments.by_month)
    columns = list({name: None for name in (arguments.by, arguments.by_month) if name is not None})
    with _written(path) as page:
        for shard in tqdm(output.shards, unit="shard", disable=None):
            for rows in read_shard(shard, columns):
                counts.add(rows)
        output.check(counts.whole.rows, counts.spans)
        if columns and counts.months and not any(counts.months):
            raise InputError(
                f"--by-month {arguments.by_month}: none of its values is a date as 2024-05-17"
            )
        page.write_text(to_page(output, counts, labels), encoding="utf-8", newline="")
    print(f"{path}: {counts.whole.rows:,} rows, {counts.spans:,} spans")


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    """A file to write, which takes the place of `path` if all goes well; an unusable place is told
    of at once."""
    place = path.parent / f".{path.name}.{os.getpid()}.tmp"
    try:
        place.touch()
        try:
            yield place
            place.replace(path)
        finally:
            place.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from None
