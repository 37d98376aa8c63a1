"""Two models on the same texts: paired figures, and where one finds what the other doesn't."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Literal

import numpy as np

from tagger import Document, Span
from training.bootstrap import bounds, resamples
from training.measure import Overlap, flc_by_label
from training.pool import right

__all__ = ["Change", "changes", "f1_differences", "paired", "verdict"]

_RESAMPLES = 2000


@dataclass(frozen=True)
class Change:
    """A span that one model gets right and the other doesn't.

    kind  found: a gold span that only the new model finds; lost: that only the old one finds;
          dropped: a wrong mark of the old model that the new one leaves out; added: a wrong mark of
          the new model alone
    """

    kind: Literal["found", "lost", "dropped", "added"]
    document: Document
    span: Span


def paired(
    old: Sequence[Document],
    new: Sequence[Document],
    gold: Sequence[Document],
    groups: Sequence[int],
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """FLC of two models and their difference, with 95% intervals from a paired bootstrap over
    groups (articles), for all labels together (`all`) and for each.

    The documents are the same, in the same order. `chance`: the share of samples in which the new
    model is not better.
    """
    names = sorted(set(groups))
    places = {name: place for place, name in enumerate(names)}
    own = [
        [flc_by_label([one], [true]) for one, true in zip(side, gold, strict=True)]
        for side in (old, new)
    ]
    labels = sorted({label for side in own for document in side for label in document})
    sums = np.zeros((2, len(labels) + 1, len(names), 4))
    for number, side in enumerate(own):
        for document, group in zip(side, groups, strict=True):
            for label, overlap in document.items():
                sums[number, labels.index(label), places[group]] += astuple(overlap)
    sums[:, -1] = sums[:, :-1].sum(axis=1)
    times = resamples(len(names), _RESAMPLES, seed=seed)
    return {
        "articles": len(names),
        "texts": len(gold),
        "all": _figures(sums[:, -1], times),
        "by_label": {
            label: _figures(sums[:, number], times) for number, label in enumerate(labels)
        },
    }


def f1_differences(sums: np.ndarray[Any, Any], times: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """F1 of the new model less that of the old one in each sample: (samples,).

    sums   Overlaps of the old and of the new model as rows: (2, articles, 4)
    times  of `resamples`: both models are judged on the same draw of articles, so what makes an
           article hard for both cancels out
    """
    old, new = (_f1(times @ side) for side in sums)
    return np.asarray(new - old)


def verdict(figures: Mapping[str, Any]) -> Literal["better", "worse", "unclear"]:
    """What an interval of differences says: unclear if it holds 0."""
    low, high = figures["interval"]
    return "better" if low > 0 else "worse" if high < 0 else "unclear"


def changes(
    old: Sequence[Document], new: Sequence[Document], gold: Sequence[Document]
) -> Iterator[Change]:
    """Every span by which the models differ, in the order of the texts, by start."""
    for before, after, true in zip(old, new, gold, strict=True):
        found: list[Change] = []
        for span in true.spans:
            was, now = _finds(before, span), _finds(after, span)
            if was != now:
                found.append(Change("found" if now else "lost", true, span))
        for kind, own, other in (("dropped", before, after), ("added", after, before)):
            for span in own.spans:
                if not right(span, true) and not _same(span, other):
                    found.append(Change("dropped" if kind == "dropped" else "added", true, span))
        yield from sorted(found, key=lambda one: (one.span.start, one.span.label, one.kind))


def _finds(marked: Document, gold: Span) -> bool:
    """Is a marked span right by this gold span?"""
    true = Document(marked.text, (gold,))
    return any(span.label == gold.label and right(span, true) for span in marked.spans)


def _same(span: Span, marked: Document) -> bool:
    """Does a model mark some of it with the same label?"""
    return any(
        one.label == span.label and one.start < span.end and one.end > span.start
        for one in marked.spans
    )


def _figures(sums: np.ndarray[Any, Any], times: np.ndarray[Any, Any]) -> dict[str, Any]:
    """sums: (2, groups, 4) of the old and the new model."""
    old, new = (Overlap(*side.sum(axis=0).tolist()) for side in sums)
    differences = f1_differences(sums, times)
    return {
        "gold": int(old.gold),
        "marked": [int(old.predicted), int(new.predicted)],
        "old": round(old.f1, 4),
        "new": round(new.f1, 4),
        "difference": round(new.f1 - old.f1, 4),
        "interval": [round(bound, 4) for bound in bounds(differences)],
        "chance": round(float((differences <= 0).mean()), 4),
    }


def _f1(sums: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    precision = sums[:, 2] / np.maximum(sums[:, 0], 1)
    recall = sums[:, 3] / np.maximum(sums[:, 1], 1)
    return np.asarray(2 * precision * recall / np.maximum(precision + recall, 1e-12))
