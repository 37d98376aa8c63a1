"""Who learns from what, and who is judged on what: texts of one article stay on one side."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagger import Document
from training.background import read_background, read_furniture
from training.material import Material
from training.split import dealt, joined, near_duplicates

__all__ = ["BaseText", "Sharing", "on_both_sides", "shared_out", "told_of"]

_HELD_OUT = 0.2
_MOST_HELD_OUT = 80
_MOST_HOLDING = 100
_NAMED = 5


@dataclass(frozen=True)
class BaseText:
    """A text labelled as the model's training data were, and whether it was among them."""

    document: Document
    known: bool


@dataclass(frozen=True, eq=False)
class Sharing:
    """How texts are shared out.

    groups         (new texts,): the article of each
    base           texts of the old kind to learn from, or to hold the model
    background     packaged texts that hold the model
    folds          (new, base, background texts, in this order): the fold that each is held out of;
                   -1: of none
    judged         texts of the old kind that nothing is learnt from
    judged_groups  the article of each
    known          how many of the new texts, and of the judged ones, the old model learnt from
    warnings       articles that were joined or left out
    """

    groups: NDArray[np.intp]
    base: tuple[BaseText, ...]
    background: tuple[Document, ...]
    folds: NDArray[np.intp]
    judged: tuple[Document, ...]
    judged_groups: tuple[int, ...]
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
    base_groups: Sequence[str] | None = None,
    guard_groups: Sequence[str] | None = None,
) -> Sharing:
    """Share out new texts, those of the base's data, and those of a guard set.

    base         a part of it is judged by, if no guard set is given
    known        ids of the texts that the model learnt from
    base_groups  the article of each; by default its id. Likewise guard_groups

    A text that nearly equals one of the guard set, or an article of the same id, is on its side
    alone: new texts keep their place, and guard and base texts give way.
    """
    new = material.documents
    every = [*new, *base, *guard]
    first = len(new), len(new) + len(base)
    names = [*material.groups, *_articles(base, base_groups), *_articles(guard, guard_groups)]
    pairs = sorted({*near_duplicates(every), *_same(every)})
    groups = joined(names, pairs)
    learnt = {*groups[: first[0]].tolist()}
    kept_guard = [
        (one, g)
        for one, g in zip(guard, groups[first[1] :].tolist(), strict=True)
        if g not in learnt
    ]
    warnings = [*on_both_sides(names, first), *told_of(pairs, every, names, first)]
    if len(kept_guard) < len(guard):
        warnings.append(
            f"guard texts left out: {len(guard) - len(kept_guard)}. The new data hold their "
            "articles, or nearly the same texts, so they are learnt from"
        )
    kept_groups = {g for _, g in kept_guard}
    # Articles of the old kind: those of the guard set are not learnt from.
    free = [
        (one, g)
        for one, g in zip(base, groups[first[0] : first[1]].tolist(), strict=True)
        if g not in kept_groups
    ]
    judged = kept_guard
    if base and not guard:
        apart = [place for place, (_, g) in enumerate(free) if g not in learnt]
        taken = _held_out([free[place] for place in apart], known, seed)
        out = {apart[place] for place in taken}
        judged = [free[place] for place in sorted(out)]
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
        tuple(one for one, _ in judged),
        tuple(g for _, g in judged),
        (sum(d.id in known for d in new), sum(d.id in known for d, _ in judged)),
        tuple(warnings),
    )


def on_both_sides(groups: Sequence[str], first: tuple[int, int]) -> list[str]:
    """Words on articles of which the new data hold some texts, and the others more.

    groups  the article of each text
    first   where texts of the old data begin, and those of the guard set
    """
    told = []
    new = dict.fromkeys(groups[: first[0]])
    sides = {"the old data": groups[first[0] : first[1]], "the guard set": groups[first[1] :]}
    for where, others in sides.items():
        if shared := [name for name in new if name in {*others}]:
            named = ", ".join(shared[:_NAMED]) + (", ..." if len(shared) > _NAMED else "")
            told.append(
                f"articles that the new data and {where} both hold texts of: {len(shared)} "
                f"({named}). All texts of an article are kept on the same side of every split"
            )
    return told


def told_of(
    pairs: Sequence[tuple[int, int]],
    documents: Sequence[Document],
    groups: Sequence[str],
    first: tuple[int, int],
) -> list[str]:
    """Words on texts of two articles that are nearly the same.

    groups  the article of each text
    first   where texts of the old data begin, and those of the guard set
    """
    told = []
    for one, other in pairs:
        if groups[one] == groups[other]:
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


def _same(documents: Sequence[Document]) -> list[tuple[int, int]]:
    """Pairs of documents with the same words: of short ones, `near_duplicates` can't tell."""
    first: dict[str, int] = {}
    words = (" ".join(document.text.casefold().split()) for document in documents)
    pairs = [(first.setdefault(own, place), place) for place, own in enumerate(words)]
    return [(one, other) for one, other in pairs if one != other]


def _articles(documents: Sequence[Document], groups: Sequence[str] | None) -> list[str]:
    return [str(one.id) for one in documents] if groups is None else [*groups]


def _held_out(
    documents: Sequence[tuple[Document, int]], known: Collection[str], seed: int
) -> list[int]:
    """Places of texts to judge by: whole articles at random, those first that the model did not
    learn from."""
    count = min(_MOST_HELD_OUT, round(_HELD_OUT * len(documents)))
    order = np.random.default_rng((seed, 1)).permutation(len(documents)).tolist()
    of_group: dict[int, list[int]] = {}
    for place, (_, group) in enumerate(documents):
        of_group.setdefault(group, []).append(place)
    taken: dict[int, None] = {}
    for place in sorted(order, key=lambda place: documents[place][0].id in known):
        if len(taken) >= count:
            break
        taken |= dict.fromkeys(of_group[documents[place][1]])
    return [*taken]


def _holding(documents: Sequence[Document], known: Collection[str], seed: int) -> list[int]:
    """Places of texts to learn from: all that the model does not know, some of those it does."""
    order = np.random.default_rng((seed, 2)).permutation(len(documents)).tolist()
    held = [place for place in order if documents[place].id in known][:_MOST_HOLDING]
    return sorted([*held, *(place for place in order if documents[place].id not in known)])
