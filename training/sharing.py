"""Who learns from what, and who is judged on what: texts of one article stay on one side."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger import Document
from training.background import read_background
from training.material import Material
from training.ptc import read_furniture
from training.split import dealt, joined, near_duplicates

__all__ = ["BaseText", "Sharing", "shared_out", "told_of"]

_HELD_OUT = 0.2
_MOST_HELD_OUT = 80
_MOST_HOLDING = 100


@dataclass(frozen=True)
class BaseText:
    """A text labelled as the model's training data were, and whether it was among them."""

    document: Document
    known: bool


@dataclass(frozen=True, eq=False)
class Sharing:
    """How texts are shared out.

    groups        (new texts,): the article of each
    base          texts of the old kind to learn from, or to hold the model
    background    packaged texts that hold the model
    folds         (new, base, background texts, in this order): the fold that each is held out of;
                  -1: of none
    judged        texts of the old kind that nothing is learnt from
    known         how many of the new texts, and of the judged ones, the old model learnt from
    warnings      articles that were joined or left out
    """

    groups: NDArray[np.intp]
    base: tuple[BaseText, ...]
    background: tuple[Document, ...]
    folds: NDArray[np.intp]
    judged: tuple[Document, ...]
    known: tuple[int, int]
    warnings: tuple[str, ...]


def shared_out(
    material: Material,
    base: Sequence[Document],
    guard: Sequence[Document],
    known: Collection[str],
    *,
    folds: int,
    seed: int,
) -> Sharing:
    """Share out new texts, those of the base's data, and those of a guard set.

    base   a part of it is judged by, if no guard set is given
    known  ids of the texts that the model learnt from

    A text that nearly equals one of the guard set, or an article of the same id, is on its side
    alone: new texts keep their place, and guard and base texts give way.
    """
    new = material.documents
    every = [*new, *base, *guard]
    first = len(new), len(new) + len(base)
    names = [*material.groups, *(f"base {one.id}" for one in base), *(str(g.id) for g in guard)]
    pairs = near_duplicates(every)
    groups = joined(names, pairs)
    learnt = {*groups[: first[0]].tolist()}
    kept_guard = [
        one for one, g in zip(guard, groups[first[1] :].tolist(), strict=True) if g not in learnt
    ]
    warnings = told_of(pairs, every, material.groups, first)
    if len(kept_guard) < len(guard):
        warnings.append(
            f"{len(guard) - len(kept_guard)} guard texts are among the new ones too: they are "
            "learnt from, so nothing is judged by them"
        )
    kept_groups = {
        g for g, one in zip(groups[first[1] :].tolist(), guard, strict=True) if g not in learnt
    }
    # Articles of the old kind: those of the guard set are not learnt from.
    free = [
        (one, g)
        for one, g in zip(base, groups[first[0] : first[1]].tolist(), strict=True)
        if g not in kept_groups
    ]
    judged = kept_guard
    if base and not guard:
        apart = [place for place, (_, g) in enumerate(free) if g not in learnt]
        taken = _held_out([free[place][0] for place in apart], known, seed)
        out = {apart[place] for place in taken}
        judged = [free[place][0] for place in sorted(out)]
        free = [one for place, one in enumerate(free) if place not in out]
    holding = _holding([one for one, _ in free], known, seed)
    free = [free[place] for place in holding]
    parts = min(folds, len(learnt))
    own = dealt(new, groups[: first[0]], parts, seed)
    fold_of = dict(zip(groups[: first[0]].tolist(), own.tolist(), strict=True))
    background = [*read_furniture(), *read_background()]
    placed = [fold_of.get(g, -1) for _, g in free]
    plain = (np.arange(len(background)) % parts).tolist()
    return Sharing(
        groups[: first[0]],
        tuple(BaseText(one, one.id in known) for one, _ in free),
        tuple(background),
        np.array([*own.tolist(), *placed, *plain], np.intp),
        tuple(judged),
        (sum(d.id in known for d in new), sum(d.id in known for d in judged)),
        tuple(warnings),
    )


def told_of(
    pairs: Sequence[tuple[int, int]],
    documents: Sequence[Document],
    groups: Sequence[str],
    first: tuple[int, int],
) -> list[str]:
    """Words on texts of two articles that are nearly the same.

    first  where texts of the old data begin, and those of the guard set
    """
    told = []
    for one, other in pairs:
        if other < first[0] and groups[one] == groups[other]:
            continue
        where = "the guard set" if other >= first[1] else "the old data"
        second = (
            f"{documents[other].id}" if other < first[0] else f"{documents[other].id} of {where}"
        )
        if one < first[0]:
            told.append(
                f"{documents[one].id} and {second} are nearly the same text: they are kept on the "
                "same side of every split"
            )
    return told


def _held_out(documents: Sequence[Document], known: Collection[str], seed: int) -> list[int]:
    """Places of texts to judge by: at random, those first that the model did not learn from."""
    count = min(_MOST_HELD_OUT, round(_HELD_OUT * len(documents)))
    order = np.random.default_rng((seed, 1)).permutation(len(documents)).tolist()
    return sorted(order, key=lambda place: documents[place].id in known)[:count]


def _holding(documents: Sequence[Document], known: Collection[str], seed: int) -> list[int]:
    """Places of texts to learn from: all that the model does not know, some of those it does."""
    order = np.random.default_rng((seed, 2)).permutation(len(documents)).tolist()
    held = [place for place in order if documents[place].id in known][:_MOST_HOLDING]
    return sorted([*held, *(place for place in order if documents[place].id not in known)])
