"""Labelled texts made ready for retraining: which labels they speak of, what belongs together."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tagger import Document, InputError, Windower
from training.formats import Reading
from training.formats.records import ARTICLE

__all__ = ["Material", "prepared", "with_words"]

_FEWEST_SPANS = 5
_FEWEST_GROUPS = 2
_NO_ARTICLES = (
    "no text names its article, so each counts as one of its own: if some are from the same "
    "article, name it in a field `article`, or the figures will be too good"
)


@dataclass(frozen=True)
class Material:
    """Texts to learn from, in one order.

    documents   with gold spans, each of which holds a word
    groups      the article of each
    looked_for  the labels that whoever labelled each text had in mind: of others, that a text bears
                none says nothing
    own         labels that the model lacks, sorted
    warnings    what was left out or looks odd, in words for whoever labelled
    """

    documents: tuple[Document, ...]
    groups: tuple[str, ...]
    looked_for: tuple[frozenset[str], ...]
    own: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def prepared(
    reading: Reading,
    known: Sequence[str],
    windower: Windower,
    *,
    without: Collection[str] = (),
    complete: bool = False,
) -> Material:
    """What a reading teaches a model.

    known     the model's labels
    without   labels to leave out
    complete  every text was read for all labels. Otherwise that is taken of texts with a verdict
              (the feedback stream's), and a text of another file for the labels of its file

    Raises InputError if nothing is left to learn, or too little to judge by.
    """
    _check_named(reading, without)
    documents, warnings = with_words(
        _less(reading.documents, without), windower, [str(one.place) for one in reading.records]
    )
    counts = Counter(span.label for document in documents for span in document.spans)
    own = tuple(sorted(counts.keys() - set(known)))
    of_file: dict[str, set[str]] = defaultdict(set)
    for record, document in zip(reading.records, documents, strict=True):
        of_file[record.place.file] |= {span.label for span in document.spans}
    every = frozenset([*known, *own])
    looked_for = tuple(
        every if complete or "verdict" in record.facts else frozenset(of_file[record.place.file])
        for record in reading.records
    )
    if not any(looked_for):
        raise InputError("no text bears a label: there is nothing to learn")
    if len(set(reading.groups)) < _FEWEST_GROUPS:
        raise InputError(
            "all texts belong to one article, so that none can be held out: give texts of two or "
            "more"
        )
    for label in own:
        groups = {g for g, d in zip(reading.groups, documents, strict=True) if _bears(d, label)}
        if counts[label] < _FEWEST_SPANS or len(groups) < _FEWEST_GROUPS:
            raise InputError(
                f"label {label} is new and has too few examples ({counts[label]}, in "
                f"{len(groups)} articles): label {_FEWEST_SPANS} or more, in {_FEWEST_GROUPS} "
                f"articles or more, or leave it out with --without {label}"
            )
    if not any(ARTICLE in record.facts for record in reading.records):
        warnings.append(_NO_ARTICLES)
    return Material(tuple(documents), tuple(reading.groups), looked_for, own, tuple(warnings))


def _check_named(reading: Reading, without: Collection[str]) -> None:
    found = sorted({span.label for document in reading.documents for span in document.spans})
    for name in without:
        if name not in found:
            raise InputError(
                f"--without {name}: no text bears it; labels found are {', '.join(found) or 'none'}"
            )


def _less(documents: Sequence[Document], without: Collection[str]) -> list[Document]:
    return [
        replace(document, spans=tuple(s for s in document.spans if s.label not in without))
        for document in documents
    ]


def _bears(document: Document, label: str) -> bool:
    return any(span.label == label for span in document.spans)


def with_words(
    documents: Sequence[Document], windower: Windower, places: Sequence[str]
) -> tuple[list[Document], list[str]]:
    """The documents less spans that hold no word or sign, which no model can find.

    places  where each document was read, in words
    """
    kept, warnings = [], []
    for document, place in zip(documents, places, strict=True):
        plan = windower.plan([document.text])
        starts = np.concatenate([window.starts for window in plan]) if plan else np.zeros(0)
        ends = np.concatenate([window.ends for window in plan]) if plan else np.zeros(0)
        spans = []
        for span in document.spans:
            if ((starts < span.end) & (ends > span.start)).any():
                spans.append(span)
            else:
                warnings.append(
                    f"{place}: {span.label} {span.start}-{span.end} marks white space alone, "
                    "so it was left out"
                )
        kept.append(replace(document, spans=tuple(spans)))
    return kept, warnings
