"""Fits a model and judges it on articles that it was not fitted on.

Every fold's classifiers are exported and run as ONNX; edges, calibration and thresholds that judge
a fold are chosen on the other folds alone. The final model is fitted on all articles, and its
decisions are chosen on the out-of-fold candidates of all folds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tagger import Document, InputError, Label, Span, Tagger, Window, decode, file_sha256
from training.base import Base
from training.checkpoints import Checkpoints
from training.decisions import decide
from training.evidence import Evidence
from training.features import LAYERS
from training.folder import About, taxonomy, write_model
from training.fragments import FragmentClassifier
from training.gold import Gold, with_least_words
from training.heads import Heads, frozen_heads, tuned_heads
from training.measure import name_fragments
from training.pool import EDGES, Pool
from training.tokens import TokenClassifiers

__all__ = ["Fitted", "fit"]

Floats = NDArray[np.float32]

_FILES = ("encoder.onnx", "tokenizer.json", "head.safetensors")


@dataclass(frozen=True)
class Fitted:
    """A model before it is written: its classifiers, its labels and what was measured.

    evidence  out of fold: what `figures` were made from
    """

    heads: Heads
    labels: tuple[Label, ...]
    figures: dict[str, Any]
    trained_on: dict[str, Any]
    evidence: Evidence


@dataclass(frozen=True)
class _Judged:
    """One fold's articles, seen by classifiers that were not fitted on them."""

    documents: list[Document]
    windows: list[Window]
    probabilities: list[Floats]
    classified: list[list[Span]]


def fit(
    documents: Sequence[Document],
    folds: Sequence[Sequence[str]],
    base: Base,
    work: Path,
    *,
    negatives: Sequence[Document] = (),
    recalls: Mapping[str, float] | None = None,
    jobs: int = 1,
    seed: int = 0,
) -> Fitted:
    """Cross-validate over `folds` (lists of document ids), then fit on everything.

    negatives  documents without spans that every fit sees and no figure counts
    recalls    by label id, the recall that thresholds must reach where they are chosen
    work       folder for intermediate results: a fit that was interrupted goes on from them
    jobs       regressions fitted at the same time

    The same data, encoder and seed give the same model.

    Raises InputError if a fold leaves no labelled span to learn from, if an encoder was fine-tuned
    on articles that it would judge, or for an unknown label in `recalls`.
    """
    labels = taxonomy(sorted({span.label for document in documents for span in document.spans}))
    if not folds or not all(any(d.spans for d in documents if d.id not in own) for own in folds):
        raise InputError("too few articles: every fold needs labelled spans in the other folds")
    recalls = recalls or {}
    if unknown := sorted(set(recalls) - {label.id for label in labels}):
        raise InputError(f"no article bears the label {unknown[0]!r}: no recall to ask of it")
    everything = [*documents, *negatives]
    names = [label.id for label in labels]
    fold_of = {name: number for number, fold in enumerate(folds) for name in fold}
    folds_of = np.array([fold_of[str(d.id)] for d in documents] + [-1] * len(negatives))
    checkpoints = _checkpoints(work, everything, folds, base, seed)
    frozen = cache(lambda: frozen_heads(base, everything, names, jobs=jobs, seed=seed))

    def heads(fold: int | None) -> Heads:
        learnt = np.ones(len(everything), bool) if fold is None else folds_of != fold
        own = base.of_fold(fold)
        if (tokens := own.head()) is None:
            return frozen()(learnt)
        return tuned_heads(own, tokens, [everything[i] for i in np.flatnonzero(learnt)], names)

    judged: list[_Judged] = []
    for fold in tqdm(range(len(folds)), "folds", disable=None):
        held_out = [d for d, number in zip(documents, folds_of, strict=False) if number == fold]
        _refuse_known(base.of_fold(fold), held_out)
        fitted = checkpoints.get(f"heads-{fold}", partial(heads, fold))
        folder = work / f"fold-{fold}"
        write_model(folder, base.of_fold(fold), fitted, labels, About(f"fold-{fold}", str(seed)))
        judged.append(checkpoints.get(f"judged-{fold}", partial(_judge, folder, held_out)))
    evidence, labels = _decide(judged, labels, recalls)
    final = checkpoints.get("heads-all", partial(heads, None))
    trained_on: dict[str, Any] = {
        "articles": len(documents),
        "labelled spans": sum(len(document.spans) for document in documents),
        "blocks of page furniture, written for this project": len(negatives),
        "seed": seed,
    }
    trained_on |= {f"recall asked of {name}": share for name, share in recalls.items()}
    learnt = base.learnt()
    if recipe := learnt.get("recipe"):
        trained_on["epochs of fine-tuning"] = recipe["epochs"]
        trained_on["trainings averaged"] = len(learnt.get("seeds", [0]))
        if before := learnt.get("before"):
            trained_on["epochs of fine-tuning before these"] = before["epochs"]
            trained_on["trainings averaged before these"] = before["trainings"]
        if "tokens_of_teachers" in learnt:
            trained_on["unlabelled tokens that teachers marked"] = learnt["tokens_of_teachers"]
        trained_on["article ids"] = learnt["articles"]  # which it can't judge any more
    figures = evidence.figures() | {"folds": len(folds)}
    return Fitted(final, labels, figures, trained_on, evidence)


def _checkpoints(
    work: Path,
    documents: Sequence[Document],
    folds: Sequence[Sequence[str]],
    base: Base,
    seed: int,
) -> Checkpoints:
    bases = [base, *(base.of_fold(fold) for fold in range(len(folds)))]
    names = [name for name in _FILES if (base.folder / name).exists()]
    encoder = [file_sha256(own.folder / name) for own in bases for name in names]
    options = LAYERS, TokenClassifiers().get_params(), FragmentClassifier().get_params()
    inputs = list(documents), list(folds), encoder, base.window, seed, options
    return Checkpoints(work / "checkpoints", inputs)


def _refuse_known(base: Base, held_out: Sequence[Document]) -> None:
    """Figures on articles that the encoder learnt from would be too good."""
    known = {document.id for document in held_out}.intersection(base.learnt().get("articles", ()))
    if known:
        raise InputError(
            f"{base.folder} was fine-tuned on {len(known)} of the articles that it would judge: "
            "fine-tune with the folds that you fit with"
        )


def _judge(folder: Path, documents: list[Document]) -> _Judged:
    """What the exported model says of articles it was not fitted on."""
    tagger = Tagger.load(folder)
    windows = tagger.plan([document.text for document in documents])
    probabilities = tagger.infer(windows)
    classified = [name_fragments(tagger, document) for document in documents]
    return _Judged(documents, windows, probabilities, classified)


def _decide(
    judged: Sequence[_Judged], labels: tuple[Label, ...], recalls: Mapping[str, float]
) -> tuple[Evidence, tuple[Label, ...]]:
    """Spans with decisions chosen on the other folds, and labels with those of all folds."""
    documents = [document for part in judged for document in part.documents]
    folds = np.repeat(range(len(judged)), [len(part.documents) for part in judged])
    tokens = np.concatenate([each for part in judged for each in part.probabilities])
    priors = np.clip(tokens.mean(axis=0, dtype=np.float64), 1e-4, 0.9).tolist()
    labels = tuple(
        replace(label, prior=round(prior, 4)) for label, prior in zip(labels, priors, strict=False)
    )
    pools = {edge: _pool(judged, edge.of(labels)) for edge in EDGES}
    gold = Gold.of(documents, labels)
    asked = [recalls.get(label.id, 0.0) for label in labels]

    def chosen_on(some: NDArray[np.bool_]) -> tuple[Label, ...]:
        own = with_least_words(labels, [documents[i] for i in np.flatnonzero(some)])
        longer = {edge: pool.long_enough(own) for edge, pool in pools.items()}
        return decide(longer, gold, some, asked).apply(own)

    predicted: list[Document] = []
    candidates: list[Document] = []
    for fold, part in enumerate(tqdm(judged, "decide", disable=None)):
        chosen = chosen_on(folds != fold)
        texts = [document.text for document in part.documents]
        for thresholds, into in ((None, predicted), (0.0, candidates)):
            into += decode(texts, part.windows, part.probabilities, chosen, thresholds=thresholds)
    named = [classified for part in judged for classified in part.classified]
    evidence = Evidence.of(documents, predicted, candidates, named)
    return evidence, chosen_on(np.ones(len(documents), bool))


def _pool(judged: Sequence[_Judged], labels: Sequence[Label]) -> Pool:
    parts = [Pool.collect(p.documents, p.windows, p.probabilities, labels) for p in judged]
    offsets = np.cumsum([0, *(len(part.documents) for part in judged)])
    moved = [replace(p, documents=p.documents + o) for p, o in zip(parts, offsets, strict=False)]
    return Pool.concatenate(moved)
