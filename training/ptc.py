"""The Propaganda Techniques Corpus's format: article files and a tab-separated file of labels.

Da San Martino et al., Fine-Grained Analysis of Propaganda in News Articles, EMNLP 2019.
"""

import json
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from pathlib import Path

import datasets

from tagger import Document, InputError, Span

__all__ = [
    "from_dataset",
    "label_id",
    "read_folds",
    "read_furniture",
    "read_labels",
    "read_ptc",
    "to_dataset",
]

ARTICLES = "train-articles"
LABELS = "train-task2-TC.labels"


def label_id(corpus_name: str) -> str:
    """`Appeal_to_fear-prejudice` -> `appeal_to_fear_prejudice`."""
    return re.sub(r"[\W_]+", "_", corpus_name.lower()).strip("_")


def read_ptc(folder: str | Path, *, limit: int | None = None) -> list[Document]:
    """The articles of a folder with their gold spans, by id; `limit`: the first so many.

    The folder holds `train-articles/article<ID>.txt` and `train-task2-TC.labels`. Spans of one
    label that overlap are merged, with a warning.

    Raises InputError that names file and line for what is missing or does not fit.
    """
    if limit is not None and limit < 1:
        raise InputError(f"a limit of {limit} leaves no article")
    folder = Path(folder)
    paths = sorted((folder / ARTICLES).glob("article*.txt"))
    if not paths:
        raise InputError(f"{folder / ARTICLES} holds no article<ID>.txt: is it a PTC folder?")
    texts = {path.stem.removeprefix("article"): _read_text(path) for path in paths}
    spans: dict[str, list[Span]] = {name: [] for name in texts}
    for number, name, span in _rows(folder / LABELS, columns=(4,)):
        if name not in texts:
            raise InputError(f"{folder / LABELS}:{number}: article {name} has no file")
        if span.end > len(texts[name]):
            raise InputError(
                f"{folder / LABELS}:{number}: {span.start}-{span.end} ends after article {name}, "
                f"which has {len(texts[name])} characters"
            )
        spans[name].append(span)
    documents = [Document(text, _merged(spans[name], name), name) for name, text in texts.items()]
    return documents[:limit]


def read_labels(path: Path) -> dict[str, list[Span]]:
    """Spans by article id from a file of `id, technique, start, end` rows; without a technique
    column (task 1) every span is labelled `any`."""
    spans: dict[str, list[Span]] = {}
    for _, name, span in _rows(path, columns=(3, 4)):
        spans.setdefault(name, []).append(span)
    return spans


def read_folds(path: str | Path, ids: Iterable[str | None]) -> list[list[str]]:
    """The folds of a JSON file `{"folds": [[id, ...], ...]}`, less articles not among `ids`.

    Raises InputError if an article is in two folds, or one of `ids` in none.
    """
    try:
        folds = json.loads(_read_text(Path(path)))["folds"]
        placed = [name for fold in folds for name in fold]
        if not all(isinstance(name, str) for name in placed):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise InputError(f'{path}: expected JSON, {{"folds": [[article id, ...], ...]}}') from None
    wanted = set(ids)
    if len(placed) != len(set(placed)):
        raise InputError(f"{path}: an article is in more than one fold")
    if missing := sorted(str(name) for name in wanted - set(placed)):
        raise InputError(f"{path}: article {missing[0]} is in no fold")
    return [kept for fold in folds if (kept := [name for name in fold if name in wanted])]


def read_furniture() -> list[Document]:
    """Page furniture (newsletter pleas, link lists, captions) that holds no technique: blocks that
    blank lines part, written for this project."""
    text = resources.files("training").joinpath("furniture.txt").read_text("utf-8")
    blocks = text.strip().split("\n\n")
    return [Document(block, (), f"furniture-{number}") for number, block in enumerate(blocks)]


def to_dataset(documents: Sequence[Document]) -> datasets.Dataset:
    """Rows of `id`, `text` and `spans` (a list of start, end, label, score)."""
    span = {
        "start": datasets.Value("int64"),
        "end": datasets.Value("int64"),
        "label": datasets.Value("string"),
        "score": datasets.Value("float64"),
    }
    features = datasets.Features(
        {"id": datasets.Value("string"), "text": datasets.Value("string"), "spans": [span]}
    )
    columns = {
        "id": [document.id for document in documents],
        "text": [document.text for document in documents],
        "spans": [
            [{name: getattr(found, name) for name in span} for found in document.spans]
            for document in documents
        ],
    }
    return datasets.Dataset.from_dict(columns, features=features)


def from_dataset(dataset: datasets.Dataset) -> list[Document]:
    """The inverse of `to_dataset`."""
    return [
        Document(row["text"], tuple(Span(**span) for span in row["spans"]), row["id"])
        for row in dataset
    ]


def _read_text(path: Path) -> str:
    """The file as it is: offsets count its line ends too, so they are not translated."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"can't read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (byte {error.start}): convert it first") from None


def _rows(path: Path, *, columns: Sequence[int]) -> Iterator[tuple[int, str, Span]]:
    """Line number, article id and span of each row."""
    for number, line in enumerate(_read_text(path).splitlines(), 1):
        fields = line.split("\t")
        try:
            start, end = int(fields[-2]), int(fields[-1])
            name = fields[1] if len(fields) == 4 else "any"
            span = Span(start, end, label_id(name))
            if len(fields) not in columns:
                raise ValueError
        except (ValueError, IndexError, InputError):
            raise InputError(
                f"{path}:{number}: expected article id, technique, start and end, tab-separated"
            ) from None
        yield number, fields[0], span


def _merged(spans: Sequence[Span], article: str) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.label, s.start, s.end)):
        last = merged[-1] if merged else None
        if last and last.label == span.label and span.start < last.end:
            warnings.warn(
                f"article {article}: {span.label} {last.start}-{last.end} and "
                f"{span.start}-{span.end} overlap and were merged",
                stacklevel=3,
            )
            merged[-1] = Span(last.start, max(last.end, span.end), span.label)
        else:
            merged.append(span)
    return tuple(sorted(merged, key=lambda s: (s.start, -s.end, s.label)))
