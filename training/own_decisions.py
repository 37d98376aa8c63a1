"""Edges, calibration and thresholds of the labels that a model lacks, from held-out new data."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tagger import Label
from training.decisions import decide
from training.features import TokenTable
from training.gold import Gold
from training.heads import Heads
from training.learning import Text, probabilities
from training.pool import EDGES, Edge, Pool
from training.shift import Linear

__all__ = ["own_decisions"]

_EDGES = [edge for edge in EDGES if edge.phrases or edge.probability >= 0.08]
"""Lower ones serve labels that are rarely likely. A new label, sure of itself after few examples,
would have whole sentences, and few examples can't tell so many edges apart."""


def own_decisions(
    texts: Sequence[Text],
    table: TokenTable,
    heads: Sequence[Heads],
    folds: NDArray[np.intp],
    labels: tuple[Label, ...],
    known: int,
) -> list[tuple[Label, ...]]:
    """The labels with which each fold is judged, and last those of the model. What the model knew
    stays; what is new is chosen on other folds.

    table   the states of the texts
    heads   of each fold: they did not learn from it
    folds   (texts,): of each text; -1 where all learnt from it
    labels  those that the model knew, then new ones, not yet decided
    known   how many it knew
    """
    own = labels[known:]
    if not own:
        return [labels] * (len(heads) + 1)
    ids = {label.id for label in own}
    columns = [*range(known, len(labels)), -1]
    # Where no one looked for new labels, that they are marked tells nothing.
    told = np.array([not text.looked_for or bool(text.looked_for & ids) for text in texts])
    told[[text.looked_for is None for text in texts]] = True
    documents = [
        replace(text.document, spans=tuple(s for s in text.document.spans if s.label in ids))
        for text in texts
    ]
    pools: dict[Edge, list[Pool]] = {edge: [] for edge in _EDGES}
    for fold, head in enumerate(heads):
        assert isinstance(head.tokens, Linear)
        windows, values = probabilities(table, head.tokens, told & (folds == fold))
        values = [each[:, columns] for each in values]
        for edge, parts in pools.items():
            parts.append(Pool.collect(documents, windows, values, edge.of(own)))
    pooled = {edge: Pool.concatenate(parts) for edge, parts in pools.items()}
    gold = Gold.of(documents, own)
    chosen = []
    for fold in range(len(heads) + 1):
        others = told & (folds != fold) & (folds >= 0)
        decided = decide(pooled, gold, others)
        chosen.append((*labels[:known], *decided.apply(own)))
    return chosen
