"""What the commands `retrain` and `suggest` take."""

import argparse
import json
from pathlib import Path
from typing import Any

from tagger import Tagger, available_cores
from training.formats import add_reading_options
from training.options import positive, whole
from training.suggest import Suggestion, read_paragraphs, suggest

__all__ = ["add_retrain", "add_suggest"]

_RETRAIN = """\
Fit a model's classifiers to labelled data, its encoder as it is. What the model knew holds: the
classifiers move no further than the new labels ask for. Judges the new model against the old one
on articles that neither fit has seen, and writes a page that tells whether to put it into service.
Minutes on two cores; interrupted, the same command goes on from what is done.

  python -m training retrain --base models/default --data corrected.jsonl --output models/ours
  python -m training retrain --base models/default --data tasks.json export.zip \\
                             --base-data CORPUS --guard GUARD --output models/ours

Look at models/ours.html next, then at `promote`. Texts of one article should say so, or the figures
are too good: see training/README.md. The exit status is 2 if the data can't be used.
"""

_SUGGEST = """\
List the paragraphs of unlabelled text whose marks could most easily have gone the other way, as
JSON lines that doccano reads: the text, the model's marks, and which candidate is in doubt.
"""


def add_retrain(commands: Any) -> None:
    """Add the command `retrain`."""
    parser = commands.add_parser(
        "retrain",
        help="fit a model's classifiers to labelled data, and judge it against what it was",
        description=_RETRAIN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    files: dict[str, Any] = {"type": Path, "nargs": "+", "metavar": "FILE"}
    parser.add_argument("--base", type=Path, required=True, help="model folder to begin with")
    parser.add_argument("--data", required=True, **files, help="labelled files or folders")
    parser.add_argument("--output", type=Path, required=True, help="model folder to write")
    parser.add_argument(
        "--base-data",
        default=[],
        **files,
        help="what the base model was trained on, to hold it better; a part is judged by",
    )
    parser.add_argument(
        "--guard", default=[], **files, help="labelled files to judge by, never learnt from"
    )
    add_reading_options(parser, "--data")
    parser.add_argument(
        "--complete",
        action="store_true",
        help="all texts were read for all techniques; default: for those that their file bears "
        "(and texts with a verdict for all)",
    )
    parser.add_argument("--without", default="", metavar="LABEL,...", help="labels to leave out")
    parser.add_argument(
        "--labels-file",
        type=Path,
        metavar="FILE",
        help="TOML: a table [label_id] with name, definition and example for each new label",
    )
    parser.add_argument(
        "--weight", type=positive, default=1.0, help="how much a new text counts; default 1"
    )
    parser.add_argument(
        "--base-weight",
        type=positive,
        default=10.0,
        help="how much a text counts that holds the model; more keeps it nearer; default 10",
    )
    parser.add_argument(
        "--finetune",
        action="store_true",
        help="train the encoder too, on --base-data and the new data (needs torch; hours)",
    )
    parser.add_argument(
        "--weights", type=Path, help="with --finetune, of the encoder; see `finetune`"
    )
    parser.add_argument(
        "--epochs", type=whole, default=3, help="with --finetune, passes over the data; default 3"
    )
    parser.add_argument(
        "--trainings",
        type=whole,
        default=3,
        help="with --finetune, of different seeds, averaged; default 3",
    )
    parser.add_argument("--work", type=Path, help="folder for results; default: OUTPUT.work")
    parser.add_argument("--report", type=Path, help="page to write; default: OUTPUT.html")
    parser.add_argument("--model-version", help="default: the base's, +1")
    parser.add_argument("--jobs", type=whole, default=available_cores(), help="default: all cores")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=_retrain)


def add_suggest(commands: Any) -> None:
    """Add the command `suggest`."""
    parser = commands.add_parser(
        "suggest",
        help="the paragraphs of unlabelled text that are best labelled next",
        description=_SUGGEST,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help=".txt, .html, or .jsonl with a text each",
    )
    parser.add_argument("--model", type=Path, help="model folder; default: the packaged one")
    parser.add_argument("--count", type=whole, default=50, help="at most so many; default 50")
    parser.set_defaults(run=_suggest)


def _retrain(arguments: argparse.Namespace) -> None:
    from training.retrain_command import retrain_command  # here: it takes seconds to import

    retrain_command(arguments)


def _suggest(arguments: argparse.Namespace) -> None:
    paragraphs = [one for path in arguments.files for one in read_paragraphs(path)]
    for suggestion in suggest(Tagger.load(arguments.model), paragraphs, arguments.count):
        print(json.dumps(_line(suggestion), ensure_ascii=False))


def _line(suggestion: Suggestion) -> dict[str, Any]:
    document, doubtful = suggestion.document, suggestion.doubtful
    return {
        "id": document.id,
        "text": document.text,
        "label": [[span.start, span.end, span.label] for span in document.spans],
        "doubt": suggestion.doubt,
        "doubtful": [doubtful.start, doubtful.end, doubtful.label],
    }
