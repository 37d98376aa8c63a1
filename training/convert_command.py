"""The command `python -m training convert`."""

import argparse
from pathlib import Path

from tagger import InputError
from training.formats import FORMATS, add_reading_options, read_as_told, write

__all__ = ["add_convert", "convert"]

_FORMATS = "\n".join(f"  {one.name:13} {one.title}" for one in FORMATS.values())


def add_convert(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `python -m training`."""
    parser = commands.add_parser(
        "convert",
        help="write labelled data in the format of another tool",
        description="Read labelled texts of any format, and write them in one of them:\n\n"
        f"{_FORMATS}\n\nIt says what it changed, what it can't use, and what the other format "
        "has no place for.\n\n"
        "  python -m training convert export.zip --to label-studio --output tasks.json\n"
        "  python -m training convert feedback.jsonl tasks.json --to ptc --output corpus\n\n"
        'What its messages mean, and what to do: training/README.md, "When something is wrong". '
        "The exit\nstatus is 2 if something can't be read, and nothing is written then.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="file or folder")
    parser.add_argument("--output", type=Path, required=True, help="file, or new folder, to write")
    parser.add_argument("--to", choices=FORMATS, required=True, help="format to write")
    add_reading_options(parser)
    parser.set_defaults(run=convert)


def convert(arguments: argparse.Namespace) -> None:
    """Run the command. Raises InputError for what can't be read or written."""
    output: Path = arguments.output
    if any(output.resolve() == path.resolve() for path in arguments.inputs):
        raise InputError(f"convert: {output} is read from: give another place to write to")
    reading = read_as_told(arguments, arguments.inputs)
    lost = write(reading.records, output, arguments.to)
    spans = sum(len(document.spans) for document in reading.documents)
    print(f"{output}: written as {arguments.to}, texts: {len(reading.records)}, spans: {spans}")
    for what in lost:
        print(f"lost, since {arguments.to} has no place for it: {what}")
