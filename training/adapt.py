"""Fine-tunes an encoder to a corpus: for each fold without its articles, and on all of them.

Each is trained with several seeds; the encoder folder of a fold holds the mean of its trainings.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from safetensors.numpy import load_file, save_file
from tqdm import tqdm

from tagger import Document, InputError, Windower
from training.average import average
from training.base import window_of, write_base
from training.download import Checkpoint
from training.features import window_targets
from training.finetune import Example, Recipe, finetune

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
) -> None:
    """Write the encoder folders `all` and `fold-0`, `fold-1`, ... under `output`, and those of
    each seed alone under `output/seed-N`.

    folds      lists of document ids; the encoder of a fold learns from all other documents
    negatives  documents without spans that every encoder learns from
    jobs       trainings at the same time, one core each
    seeds      of the trainings that are averaged (see training/average.py)

    Interrupted, it goes on from the last whole epoch of each. Raises InputError if a fold leaves
    no labelled span to learn from.
    """
    recipe = recipe or Recipe()
    labels = sorted({span.label for document in documents for span in document.spans})
    if not all(any(d.spans for d in documents if d.id not in own) for own in folds):
        raise InputError("too few articles: every fold needs labelled spans in the other folds")
    learnt = {"all": list(documents)}
    for number, fold in enumerate(folds):
        learnt[f"fold-{number}"] = [each for each in documents if each.id not in fold]
    tasks = list(product(seeds, learnt))
    joblib.Parallel(jobs)(
        joblib.delayed(_adapt)(
            output / f"seed-{seed}" / name,
            [*learnt[name], *negatives],
            labels,
            checkpoint,
            recipe,
            seed,
            position,
        )
        for position, (seed, name) in enumerate(tasks)
    )
    for name in learnt:
        average([output / f"seed-{seed}" / name for seed in seeds], output / name)
    alone = [f"seed-{seed}/{name}" for seed, name in tasks]
    for name in tqdm([*learnt, *alone], "export", disable=None):
        weights = load_file(output / name / "model.safetensors")
        own = learnt[Path(name).name]
        write_base(output / name, replace(checkpoint, weights=weights), own)


def _adapt(
    folder: Path,
    documents: list[Document],
    labels: list[str],
    checkpoint: Checkpoint,
    recipe: Recipe,
    seed: int,
    position: int,
) -> None:
    learnt: dict[str, Any] = {
        "articles": [document.id for document in documents if document.id is not None],
        "labels": labels,
        "recipe": asdict(recipe),
        "seed": seed,
        "key": joblib.hash((documents, labels, checkpoint.weights, checkpoint.tokenizer)),
    }
    path = folder / "learnt.json"
    if path.exists() and json.loads(path.read_text("utf-8")) == learnt:
        return
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer, cut = window_of(checkpoint.tokenizer)
    plan = Windower(tokenizer, cut["tokens"]).plan([document.text for document in documents])
    spans = [documents[window.pieces[0].source].spans for window in plan]
    examples = [
        Example(window, window_targets(window, own, labels).astype(np.float32))
        for window, own in zip(plan, spans, strict=True)
        if len(window)
    ]
    network = finetune(
        examples,
        checkpoint,
        (cut["start_token"], cut["end_token"]),
        folder / "epoch.pt",
        recipe=recipe,
        seed=seed,
        title=folder.name,
        position=position,
    )
    save_file(network.encoder_weights(), folder / "model.safetensors")
    save_file(network.head_weights(), folder / "head.safetensors")
    path.write_text(json.dumps(learnt) + "\n", encoding="utf-8")
    (folder / "epoch.pt").unlink(missing_ok=True)
