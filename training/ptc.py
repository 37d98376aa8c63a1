"""What fitting reads: a corpus in the format of the Propaganda Techniques Corpus, and its folds;
and documents as a dataset."""

import json
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import datasets

from tagger import Document, InputError, Span
from training.formats.files import read_text
from training.formats.names import label_id
from training.formats.placing import merged, placed
from training.formats.ptc import PTC, label_rows
from training.formats.records import Entry, Problem, Remark

__all__ = [
    "from_dataset",
    "label_id",
    "read_folds",
    "read_labelled",
    "read_labels",
    "read_ptc",
    "to_dataset",
]


def read_ptc(folder: str | Path, *, limit: int | None = None) -> list[Document]:
    """The articles of a folder with their gold spans, by id; `limit`: the first so many.

    The folder holds `train-articles/article<ID>.txt` and `train-task2-TC.labels`. Spans of one
    label that overlap are merged, with a warning.

    Raises InputError that names file and line for what is missing or does not fit.
    """
    if limit is not None and limit < 1:
        raise InputError(f"a limit of {limit} leaves no article")
    documents = []
    for found in PTC.read(Path(folder)):
        if isinstance(found, Remark):
            warnings.warn(str(found), stacklevel=2)
        elif isinstance(found, Problem):
            raise InputError(str(found))
        else:
            documents.append(_document(found))
    return documents[:limit]


def read_labels(path: Path) -> dict[str, list[Span]]:
    """Spans by article id from a file of `id, technique, start, end` rows; without a technique
    column (task 1) every span is labelled `any`."""
    spans: dict[str, list[Span]] = {}
    for place, name, span in label_rows(path, columns=(3, 4)):
        if isinstance(span, str):
            raise InputError(f"{place}: {span}")
        spans.setdefault(name, []).append(replace(span, label=label_id(span.label)))
    return spans


def read_folds(path: str | Path, ids: Iterable[str | None]) -> list[list[str]]:
    """The folds of a JSON file `{"folds": [[id, ...], ...]}`, less articles not among `ids`.

    Raises InputError if an article is in two folds, or one of `ids` in none.
    """
    try:
        folds = json.loads(read_text(Path(path)))["folds"]
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


def read_labelled(
    folder: Path, folds: Path | None = None, limit: int | None = None
) -> tuple[list[Document], list[list[str]]]:
    """A corpus, or its first `limit` articles, and its folds, by default those of its folds.json.

    Raises InputError as `read_ptc` and `read_folds`.
    """
    documents = read_ptc(folder, limit=limit)
    path = folds or folder / "folds.json"
    return documents, read_folds(path, [document.id for document in documents])


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


def _document(entry: Entry) -> Document:
    spelt = placed(entry).spans
    spans, pairs = merged([replace(span, label=label_id(span.label)) for span in spelt])
    for pair in pairs:
        warnings.warn(f"article {entry.id}: {pair}", stacklevel=3)
    return Document(entry.text, spans, entry.id)
