"""How a model is retrained, and what comes of it."""

from dataclasses import dataclass, field
from typing import Any

from tagger import Document, Label
from training.heads import Heads
from training.judged import Judged
from training.learning import Pull

__all__ = ["Retrained", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How a model is retrained.

    weight       how much a new text counts
    base_weight  how much a text counts that the model is held by
    folds        parts of the new data, each of which is held out once
    pull         how hard classifiers are held near the model
    """

    weight: float = 1.0
    base_weight: float = 10.0
    folds: int = 5
    seed: int = 0
    jobs: int = 1
    pull: Pull = field(default_factory=Pull)


@dataclass(frozen=True)
class Retrained:
    """A retrained model, and how it was judged.

    new    on the new data, out of fold
    old    on data of the kind that the model knew; None if none were at hand
    curve  by the share of the new data learnt from: what is marked in the new texts, out of fold;
           empty if that would take too long
    folds  in how many parts the new data were judged
    own    labels that the old model lacks
    """

    heads: Heads
    labels: tuple[Label, ...]
    new: Judged
    old: Judged | None
    curve: dict[float, tuple[Document, ...]]
    folds: int
    warnings: tuple[str, ...]
    trained_on: dict[str, Any]
    own: tuple[str, ...] = ()
