"""Retrains a model with its encoder: fine-tuning on old and new data together (needs torch).

A model folder keeps no weights that can be trained, so it begins with the published ones, and
needs the old data too, or what they taught would be lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tagger import Document, InputError, Tagger
from training.background import read_furniture
from training.base import Base
from training.download import checkpoint
from training.evidence import Evidence
from training.fit import fit
from training.judged import Judged
from training.material import Material
from training.retrained import Retrained, Settings
from training.sharing import on_both_sides, told_of
from training.split import dealt, joined, near_duplicates

__all__ = ["retune"]


def retune(
    base: Base,
    material: Material,
    work: Path,
    weights: Path | None = None,
    *,
    base_documents: Sequence[Document],
    base_groups: Sequence[str] | None = None,
    epochs: int = 3,
    trainings: int = 3,
    described: Mapping[str, Mapping[str, Any]] | None = None,
    settings: Settings | None = None,
) -> tuple[Base, Retrained]:
    """Encoders of all folds, and the model fitted on them, judged out of fold.

    base            the model to judge against
    base_documents  what it was trained on
    base_groups     the article of each; by default its id
    weights         folder of the weights to begin with; None: the published ones
    trainings       how many are averaged (see `adapt`)

    Every text counts as read for all labels, and all texts count alike. Raises InputError without
    the old data, or without torch.
    """
    if not base_documents:
        raise InputError("--finetune needs what the model was trained on: give it with --base-data")
    try:
        from training.adapt import Recipe, adapt  # here: torch is of the extra `finetune` alone
    except ModuleNotFoundError as error:
        raise InputError(
            f"fine-tuning needs {error.name}: pip install 'persuasion-tagger[finetune]'"
        ) from None
    settings = settings or Settings()
    count = len(material.documents)
    ids = {one.id for one in base_documents}
    new = [replace(d, id=f"new-{d.id}") if d.id in ids else d for d in material.documents]
    documents = [*new, *base_documents]
    pairs = near_duplicates(documents)
    articles = [one.id for one in base_documents] if base_groups is None else base_groups
    names = [*material.groups, *map(str, articles)]
    groups = joined(names, pairs)
    parts = dealt(documents, groups, settings.folds, settings.seed)
    folds = [
        [str(documents[place].id) for place in np.flatnonzero(parts == fold).tolist()]
        for fold in range(int(parts.max()) + 1)
    ]
    seed = settings.seed
    common: dict[str, Any] = {"negatives": read_furniture(), "jobs": settings.jobs}
    adapt(
        documents,
        folds,
        checkpoint(weights),
        work / "encoder",
        recipe=Recipe(epochs=epochs),
        seeds=range(seed, seed + trainings),
        **common,
    )
    tuned = Base.read(work / "encoder")
    fitted = fit(documents, folds, tuned, work / "fit", seed=seed, **common)
    tagger = Tagger.load(base.folder)
    places = {one.id: place for place, one in enumerate(fitted.evidence.gold)}

    def judged(own: Sequence[Document], first: int) -> Judged:
        rows = [places[one.id] for one in own]
        evidence = fitted.evidence
        seen = Evidence(
            tuple(evidence.gold[row] for row in rows),
            tuple(evidence.predicted[row] for row in rows),
            tuple(evidence.candidates[row] for row in rows),
            tuple(evidence.named[row] for row in rows),
        )
        known = {*base.learnt().get("articles", ())}
        return Judged(
            tuple(own),
            tuple(groups[first : first + len(own)].tolist()),
            Evidence.collect(tagger, own),
            seen,
            sum(one.id in known for one in own),
            0,
        )

    described = described or {}
    labels = tuple(replace(one, **described.get(one.id, {})) for one in fitted.labels)
    return tuned, Retrained(
        fitted.heads,
        labels,
        judged(new, 0),
        judged(base_documents, count),
        {},
        len(folds),
        (
            *on_both_sides(names, (count, len(documents))),
            *told_of(pairs, documents, names, (count, len(documents))),
        ),
        fitted.trained_on,
        material.own,
    )
