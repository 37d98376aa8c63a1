"""What is fitted on an encoder: the classifiers of tokens and of fragments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from tagger import Document, InputError
from training.base import Base
from training.export import Classifiers
from training.features import token_table
from training.fragments import FragmentClassifier, fragment_features
from training.tokens import TokenClassifiers

__all__ = ["Heads", "frozen_heads", "tuned_heads"]


@dataclass(frozen=True)
class Heads:
    """What is fitted on an encoder."""

    tokens: Classifiers
    fragments: Classifiers


def frozen_heads(
    base: Base, documents: Sequence[Document], labels: Sequence[str], *, jobs: int, seed: int
) -> Callable[[NDArray[np.bool_]], Heads]:
    """A function from the documents to learn from, (documents,), to classifiers fitted on an
    encoder as it is; on that of a model, near the model's own. The documents are encoded once."""
    table = token_table(documents, base.encoder(), base.windower())
    targets = table.targets(documents, labels)
    states, techniques, owners = fragment_features(table, documents, labels)
    near = base.near()

    def fit(learnt: NDArray[np.bool_]) -> Heads:
        rows = np.flatnonzero(learnt[table.documents])
        own = learnt[owners]
        # Regressions run side by side; threads of BLAS on top of them would fight for the cores.
        with threadpool_limits(1, "blas"):
            return Heads(
                TokenClassifiers(jobs=jobs, seed=seed).fit(table, rows, targets, near),
                FragmentClassifier(len(labels)).fit(states[own], techniques[own]),
            )

    return fit


def tuned_heads(
    base: Base, tokens: TokenClassifiers, documents: Sequence[Document], labels: Sequence[str]
) -> Heads:
    """The classifiers trained with a fine-tuned encoder, and those of fragments fitted on it.

    Raises InputError if it was trained for other labels.
    """
    if base.learnt()["labels"] != list(labels):
        raise InputError(f"{base.folder} was fine-tuned for other labels than the corpus has")
    table = token_table(documents, base.encoder(), base.windower(), labelled_only=True)
    states, techniques, _ = fragment_features(table, documents, labels)
    return Heads(tokens, FragmentClassifier(len(labels)).fit(states, techniques))
