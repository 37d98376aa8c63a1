"""One training of an encoder, in a folder that says what it was trained on (needs torch)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from tagger import Document, InputError, Windower
from training.base import window_of
from training.download import Checkpoint
from training.examples import Example, examples_of
from training.finetune import Recipe, finetune

__all__ = ["check_trained", "train_in"]


def train_in(
    folder: Path,
    documents: Sequence[Document],
    labels: list[str],
    checkpoint: Checkpoint,
    recipe: Recipe,
    seed: int,
    *,
    soft: Sequence[Example] = (),
    head: Mapping[str, NDArray[np.float32]] | None = None,
    position: int = 0,
) -> None:
    """Write `model.safetensors`, `head.safetensors` and `learnt.json`, unless they are there and of
    the same training. Interrupted, it goes on from `state.pt`.

    soft      windows that a teacher marked, to learn from beside the documents
    head      what to begin with, see `finetune`
    position  of the progress bar
    """
    inputs = documents, labels, checkpoint.weights, checkpoint.tokenizer, soft
    learnt: dict[str, Any] = {
        "articles": [document.id for document in documents if document.id is not None],
        "labels": labels,
        "recipe": asdict(recipe),
        "seed": seed,
        "key": joblib.hash(inputs),
    }
    path = folder / "learnt.json"
    if path.exists() and json.loads(path.read_text("utf-8")) == learnt:
        return
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer, cut = window_of(checkpoint.tokenizer)
    windower = Windower(tokenizer, cut["tokens"])
    network = finetune(
        [*examples_of(documents, windower, labels), *soft],
        checkpoint,
        (cut["start_token"], cut["end_token"]),
        folder / "state.pt",
        recipe=recipe,
        seed=seed,
        head=head,
        title=folder.name,
        position=position,
    )
    network.write(folder)
    path.write_text(json.dumps(learnt) + "\n", encoding="utf-8")
    (folder / "state.pt").unlink(missing_ok=True)


def check_trained(folder: Path, fold: Sequence[str], labels: Sequence[str]) -> Path:
    """The folder of a training, if it learnt from none of a fold's articles, and these labels.

    Raises InputError otherwise, or if it is not done.
    """
    try:
        learnt = json.loads((folder / "learnt.json").read_text("utf-8"))
        (folder / "model.safetensors").open("rb").close()
    except OSError as error:
        raise InputError(
            f"{folder} holds no training that is done: can't read {error.filename}"
        ) from None
    if set(learnt["articles"]) & set(fold):
        raise InputError(
            f"{folder} learnt from articles of the fold: use the folds it was made for"
        )
    if learnt["labels"] != list(labels):
        raise InputError(f"{folder} learnt other labels")
    return folder
