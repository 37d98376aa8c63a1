"""One training of an encoder, in a folder that says what it was trained on (needs torch)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib

from tagger import Document, Windower
from training.base import window_of
from training.download import Checkpoint
from training.examples import Example, examples_of
from training.finetune import Recipe, finetune

__all__ = ["train_in"]


def train_in(
    folder: Path,
    documents: Sequence[Document],
    labels: list[str],
    checkpoint: Checkpoint,
    recipe: Recipe,
    seed: int,
    *,
    soft: Sequence[Example] = (),
    position: int = 0,
) -> None:
    """Write `model.safetensors`, `head.safetensors` and `learnt.json`, unless they are there and of
    the same training. Interrupted, it goes on from `state.pt`.

    soft      windows that a teacher marked, to learn from beside the documents
    position  of the progress bar
    """
    learnt: dict[str, Any] = {
        "articles": [document.id for document in documents if document.id is not None],
        "labels": labels,
        "recipe": asdict(recipe),
        "seed": seed,
        "key": joblib.hash((documents, labels, checkpoint.weights, checkpoint.tokenizer, soft)),
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
        title=folder.name,
        position=position,
    )
    network.write(folder)
    path.write_text(json.dumps(learnt) + "\n", encoding="utf-8")
    (folder / "state.pt").unlink(missing_ok=True)
