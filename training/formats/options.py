"""The options of every command that reads labelled data, and how it tells what it found."""

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from tagger import OFFSET_UNITS, Label
from training.formats.files import write_text
from training.formats.known import FORMATS
from training.formats.reading import Reading, read
from training.formats.records import BadRecords, Problem

__all__ = ["add_reading_options", "read_as_told"]

_MOST_LINES = 20


def add_reading_options(parser: argparse.ArgumentParser, files: str = "the files") -> None:
    """Add `--format`, `--skip-bad`, `--problems` and `--offset-unit`.

    files  what the first and the last of them are about, in words
    """
    parser.add_argument(
        "--format", choices=FORMATS, help=f"of {files}; by default each is looked at"
    )
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        help="leave out the records that can't be used, instead of stopping",
    )
    parser.add_argument(
        "--problems",
        type=Path,
        metavar="FILE",
        help="write the records that can't be used to this file: file, record and reason, "
        "tab-separated",
    )
    parser.add_argument(
        "--offset-unit",
        choices=OFFSET_UNITS,
        help=f"what offsets of {files} count, where the tool does not say; utf16 is what web "
        "pages count",
    )


def read_as_told(
    arguments: argparse.Namespace,
    paths: Sequence[Path],
    *,
    labels: Sequence[Label] | None = None,
    by_looks: bool = False,
    earlier: Sequence[Problem] = (),
) -> Reading:
    """Read files by the options of `add_reading_options`; see `read` for `labels` and errors.

    by_looks  look at each file for its format and unit, since the options are about others
    earlier   problems with files that were read before, which the file of `--problems` keeps

    Warns of what was changed, and lists what can't be used on standard error and in the file that
    `--problems` names.
    """
    try:
        reading = read(
            paths,
            format=None if by_looks else arguments.format,
            skip_bad=arguments.skip_bad,
            offset_unit=None if by_looks else arguments.offset_unit,
            labels=labels,
        )
    except BadRecords as error:
        _report(error.problems, arguments.problems, earlier)
        raise
    for message in reading.warnings:
        warnings.warn(message, stacklevel=2)
    _report(reading.problems, arguments.problems, earlier)
    return reading


def _report(problems: Sequence[Problem], path: Path | None, earlier: Sequence[Problem]) -> None:
    for problem in problems[:_MOST_LINES]:
        print(f"problem: {problem}", file=sys.stderr)
    if len(problems) > _MOST_LINES:
        where = f"see {path}" if path else "--problems FILE writes them all to a file"
        print(f"problem: {len(problems) - _MOST_LINES} more; {where}", file=sys.stderr)
    if path:
        rows = [("file", "record", "reason")]
        rows += [(one.place.file, one.place.words, one.reason) for one in (*earlier, *problems)]
        write_text(path, "".join("\t".join(row) + "\n" for row in rows))
