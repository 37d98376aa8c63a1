"""The command `python -m training measure`."""

import argparse
import json
from pathlib import Path
from typing import Any

import joblib

from tagger import Document, InputError, Label, Span, Tagger
from training.evidence import Evidence
from training.fit import Fitted
from training.measure import flc, si
from training.ptc import read_labels, read_ptc

__all__ = ["measure", "print_figures", "read_fitted"]


def measure(arguments: argparse.Namespace) -> None:
    """Run the command. Raises InputError for arguments that don't fit together."""
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
        print_figures(_measure_files(arguments))
        return
    if arguments.report:
        _write(arguments.report, "a")  # nothing yet: an unusable place is told of at once
    evidence, labels, figures = _measured(arguments)
    if arguments.report:
        # Here, since matplotlib may have to look through all fonts when it is first imported.
        from training.report import report

        _write(arguments.report, "w", report(evidence, labels, figures))
    print_figures(figures)


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
    sums = {name: of(*pair) for name, of in measures.items()}
    return {
        name: {key: round(getattr(total, key), 6) for key in ("precision", "recall", "f1")}
        for name, total in sums.items()
    }


def _measured(
    arguments: argparse.Namespace,
) -> tuple[Evidence, tuple[Label, ...], dict[str, Any]]:
    """Evidence, the labels that it was judged with, and figures."""
    if arguments.work:
        fitted = read_fitted(arguments.work)
        return fitted.evidence, fitted.labels, fitted.figures
    gold = read_ptc(arguments.data, limit=arguments.limit)
    tagger = Tagger.load(arguments.model)
    evidence = Evidence.collect(tagger, gold)
    about = {"name": tagger.manifest.name, "sha256": tagger.manifest.sha256}
    return evidence, tagger.manifest.labels, evidence.figures() | {"model": about}


def print_figures(figures: dict[str, Any]) -> None:
    """On standard output, as JSON."""
    print(json.dumps(figures, indent=1))


def read_fitted(work: Path) -> Fitted:
    """What `fit` left in its work folder. Raises InputError if it can't be used."""
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
