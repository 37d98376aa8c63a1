"""Trains large encoders that mark unlabelled text for a small one to learn from (needs torch).

Self-training and distillation in one (Xie et al., Self-training with Noisy Student, CVPR 2020;
Hinton et al., Distilling the knowledge in a neural network, 2015): a teacher learns from the
labelled articles and gives each token of unlabelled text the probability of each technique; the
student learns from both. The teacher of a fold never sees the fold's articles, and the student of a
fold learns from that teacher alone.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray

from tagger import Document, InputError, Window, Windower
from training.base import window_of
from training.download import Checkpoint
from training.examples import Example, write_soft
from training.finetune import Recipe, predict
from training.network import TokenNetwork
from training.trained import check_trained, train_in

__all__ = ["TEACHER", "check_teacher", "teach"]

TEACHER = Recipe(epochs=2, rate=5e-5, unmarked=0.5)
"""For a model of 110 M parameters: slower than a small one, and with less to do."""

Floats = NDArray[np.float32]


def teach(
    documents: Sequence[Document],
    folds: Sequence[Sequence[str]],
    texts: Sequence[str],
    checkpoint: Checkpoint,
    tokenizer: bytes,
    output: Path,
    *,
    negatives: Sequence[Document] = (),
    recipe: Recipe = TEACHER,
    jobs: int = 1,
    seed: int = 0,
) -> None:
    """Write a teacher for each fold under `output/fold-k`, and what it makes of the texts.

    folds       lists of document ids; the teacher of a fold learns from all other documents
    texts       unlabelled, to be marked
    checkpoint  where the teachers begin
    tokenizer   the student's `tokenizer.json`: tokens are marked as the student sees them
    negatives   documents without spans that every teacher learns from
    jobs        trainings at the same time, one core each

    Interrupted, it goes on where it was. Raises InputError if a fold leaves no labelled span.
    """
    if not all(any(d.spans for d in documents if d.id not in own) for own in folds):
        raise InputError("too few articles: every fold needs labelled spans in the other folds")
    labels = sorted({span.label for document in documents for span in document.spans})
    joblib.Parallel(jobs)(
        joblib.delayed(_teach)(
            output / f"fold-{number}",
            [*(each for each in documents if each.id not in fold), *negatives],
            labels,
            texts,
            checkpoint,
            tokenizer,
            recipe,
            seed,
            number,
        )
        for number, fold in enumerate(folds)
    )


def check_teacher(folder: Path, fold: Sequence[str], labels: Sequence[str]) -> Path:
    """The folder of a teacher that is done, see `check_trained`. Raises InputError."""
    if not (folder / "marked.json").exists():
        raise InputError(f"{folder} holds no teacher that is done: run `teach`")
    return check_trained(folder, fold, labels)


def _teach(
    folder: Path,
    documents: list[Document],
    labels: list[str],
    texts: Sequence[str],
    checkpoint: Checkpoint,
    tokenizer: bytes,
    recipe: Recipe,
    seed: int,
    position: int,
) -> None:
    train_in(folder, documents, labels, checkpoint, recipe, seed, position=position)
    done = joblib.hash((texts, tokenizer, (folder / "learnt.json").read_bytes()))
    path = folder / "marked.json"
    if path.exists() and json.loads(path.read_text("utf-8")) == {"key": done}:
        return
    network = TokenNetwork.read(folder, checkpoint.config)
    own_tokenizer, cut = window_of(checkpoint.tokenizer)
    seen = [window for window in Windower(own_tokenizer, cut["tokens"]).plan(texts) if len(window)]
    unlabelled = [Example(w.ids, w.repeats, np.zeros((len(w), 1), np.float32)) for w in seen]
    special = cut["start_token"], cut["end_token"]
    marks = predict(network, unlabelled, special, 2 * recipe.batch_tokens)
    student_tokenizer, student = window_of(tokenizer)
    plan = [w for w in Windower(student_tokenizer, student["tokens"]).plan(texts) if len(w)]
    targets = _aligned(plan, seen, marks, len(texts))
    write_soft(folder, plan, targets)
    path.write_text(json.dumps({"key": done}) + "\n", encoding="utf-8")


def _aligned(
    plan: Sequence[Window], seen: Sequence[Window], marks: Sequence[Floats], texts: int
) -> Floats:
    """Of each of the student's tokens, what the teacher says where the token begins."""
    columns = marks[0].shape[1]
    found = []
    by_text: list[tuple[list[NDArray[np.int32]], list[Floats]]] = [([], []) for _ in range(texts)]
    for window, own in zip(seen, marks, strict=True):
        starts, values = by_text[window.pieces[0].source]
        starts.append(window.starts)
        values.append(own)
    joined = [(np.concatenate(s), np.concatenate(v)) if s else None for s, v in by_text]
    for window in plan:
        held = joined[window.pieces[0].source]
        if held is None:
            found.append(np.zeros((len(window), columns), np.float32))
        else:
            at = np.searchsorted(held[0], window.starts, "right") - 1
            found.append(held[1][np.maximum(at, 0)])
    return np.concatenate(found)
