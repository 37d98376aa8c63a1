"""Fine-tunes an encoder to a corpus: for each fold without its articles, and on all of them.

Each is trained with several seeds; the encoder folder of a fold holds the mean of its trainings.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import joblib
from safetensors.numpy import load_file
from tqdm import tqdm

from tagger import Document, InputError
from training.average import average
from training.base import write_base
from training.download import Checkpoint
from training.examples import read_soft
from training.finetune import Recipe
from training.teach import check_teacher
from training.trained import check_trained, train_in

__all__ = ["Recipe", "adapt"]


def adapt(
    documents: Sequence[Document],
    folds: Sequence[Sequence[str]],
    checkpoint: Checkpoint,
    output: Path,
    *,
    negatives: Sequence[Document] = (),
    recipe: Recipe | None = None,
    jobs: int = 1,
    seeds: Sequence[int] = (0, 1, 2),
    teachers: Path | None = None,
    start: Path | None = None,
) -> None:
    """Write the encoder folders `all` and `fold-0`, `fold-1`, ... under `output`, and those of
    each seed alone under `output/seed-N`.

    folds      lists of document ids; the encoder of a fold learns from all other documents
    negatives  documents without spans that every encoder learns from
    jobs       trainings at the same time, one core each
    seeds      of the trainings that are averaged (see training/average.py)
    teachers   folder that `teach` wrote for the same folds: each encoder also learns from the text
               that its fold's teacher marked, and the one of all from the mean of all teachers
    start      folder that `adapt` wrote for the same folds and checkpoint: each training goes on
               from its fold's encoder and head there

    Interrupted, it goes on where each was. Raises InputError if a fold leaves no labelled span to
    learn from, or the teachers or what to start from are of other folds.
    """
    recipe = recipe or Recipe()
    labels = sorted({span.label for document in documents for span in document.spans})
    if not all(any(d.spans for d in documents if d.id not in own) for own in folds):
        raise InputError("too few articles: every fold needs labelled spans in the other folds")
    learnt = {"all": list(documents)}
    for number, fold in enumerate(folds):
        learnt[f"fold-{number}"] = [each for each in documents if each.id not in fold]
    marked: dict[str, list[Path]] = {name: [] for name in learnt}
    if teachers is not None:
        for name, fold in zip(list(learnt)[1:], folds, strict=True):
            marked[name] = [check_teacher(teachers / name, fold, labels)]
            marked["all"] += marked[name]
    starts: dict[str, Path] = {}
    if start is not None:
        for name, fold in zip(learnt, ([], *folds), strict=True):
            starts[name] = check_trained(start / name, fold, labels)
    tasks = list(product(seeds, learnt))
    joblib.Parallel(jobs)(
        joblib.delayed(_adapt)(
            output / f"seed-{seed}" / name,
            [*learnt[name], *negatives],
            labels,
            marked[name],
            starts.get(name),
            checkpoint,
            recipe,
            seed,
            position,
        )
        for position, (seed, name) in enumerate(tasks)
    )
    for name in learnt:
        told = _before(starts.get(name), marked[name])
        average([output / f"seed-{seed}" / name for seed in seeds], output / name, told)
    alone = [f"seed-{seed}/{name}" for seed, name in tasks]
    for name in tqdm([*learnt, *alone], "export", disable=None):
        weights = load_file(output / name / "model.safetensors")
        own = learnt[Path(name).name]
        write_base(output / name, replace(checkpoint, weights=weights), own)


def _before(start: Path | None, marked: Sequence[Path]) -> dict[str, Any]:
    """What stands behind trainings besides their own documents and recipe, for `learnt.json`."""
    told: dict[str, Any] = {}
    if start is not None:
        before = json.loads((start / "learnt.json").read_text("utf-8"))
        told["before"] = {"epochs": before["recipe"]["epochs"], "trainings": len(before["seeds"])}
    if marked:
        told["tokens_of_teachers"] = sum(len(window.ids) for window in read_soft(marked[:1]))
    return told


def _adapt(
    folder: Path,
    documents: list[Document],
    labels: list[str],
    marked: list[Path],
    start: Path | None,
    checkpoint: Checkpoint,
    recipe: Recipe,
    seed: int,
    position: int,
) -> None:
    soft = read_soft(marked) if marked else []
    head = None
    if start is not None:
        checkpoint = replace(checkpoint, weights=load_file(start / "model.safetensors"))
        head = load_file(start / "head.safetensors")
    train_in(
        folder,
        documents,
        labels,
        checkpoint,
        recipe,
        seed,
        soft=soft,
        head=head,
        position=position,
    )
