"""Trains the encoder together with a token head on labelled windows (needs torch)."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from tagger import replaced
from training.download import Checkpoint
from training.examples import Example
from training.network import TokenNetwork

__all__ = ["Recipe", "finetune", "predict"]

Floats = NDArray[np.float32]

_SAVED_EVERY = 600.0
"""Seconds of training that an interruption costs at most."""


@dataclass(frozen=True)
class Recipe:
    """How an encoder is trained.

    epochs        passes over the examples
    rate          highest learning rate of the encoder; the head's is ten times as high
    dropout       share of hidden states dropped
    batch_tokens  most tokens in a batch, padding included
    unmarked      share of the windows without a mark that an epoch takes, each time others; they
                  weigh the more. Most windows bear none, and teach little
    """

    epochs: int = 3
    rate: float = 1e-4
    dropout: float = 0.1
    batch_tokens: int = 1800
    unmarked: float = 1.0


def finetune(
    examples: Sequence[Example],
    checkpoint: Checkpoint,
    special: tuple[int, int],
    work: Path,
    *,
    recipe: Recipe | None = None,
    seed: int = 0,
    head: Mapping[str, Floats] | None = None,
    title: str = "",
    position: int = 0,
) -> TokenNetwork:
    """The network after the last epoch, trained on one core.

    head      the head to begin with; by default one that knows only how common each label is
    special   ids of the tokens that open and close a window
    work      file for the state so far: interrupted, training goes on from there
    title     names this training beside its progress bar, the bar's `position`-th

    AdamW with a linear warm-up and decay (Devlin et al., BERT, 2019). One seed and one kind of
    machine give one result, however many trainings run beside it.
    """
    recipe = recipe or Recipe()
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    priors = np.concatenate([example.targets for example in examples]).mean(axis=0)
    network = TokenNetwork(
        checkpoint.weights,
        checkpoint.config,
        examples[0].repeats.shape[1],
        np.clip(priors, 1e-5, 1 - 1e-5),
        recipe.dropout,
    )
    if head is not None:
        network.take_head(head)
    body = [value for value in network.encoder.parameters() if value.requires_grad]
    groups = [
        {"params": body, "lr": recipe.rate},
        {"params": network.head.parameters(), "lr": 10 * recipe.rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    batches = [b for epoch in range(recipe.epochs) for b in _batches(examples, recipe, seed, epoch)]
    steps = len(batches)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (0.1 * steps), 1 - step / (steps + 1))
    )
    state = _State(work, network, optimizer, schedule)
    begun = checkpoint.weights, head, recipe, seed, [example.targets for example in examples]
    done = state.read(joblib.hash(begun))
    saved = time.monotonic()
    network.train()
    for step in tqdm(
        range(done, steps), title, steps, initial=done, position=position, disable=None
    ):
        batch = [examples[i] for i in batches[step]]
        ids, mask, repeats, targets = _tensors(batch, special)
        with torch.autocast("cpu", torch.bfloat16):
            decisions = network(ids, mask, repeats)
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            decisions, targets, reduction="none"
        ).mean(-1)
        weights = torch.tensor([1.0 if e.marked else 1 / recipe.unmarked for e in batch])
        inside = mask[:, 2:] * weights[:, None]
        loss = (losses * inside).sum() / inside.sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if time.monotonic() > saved + _SAVED_EVERY:
            state.write(step + 1)
            saved = time.monotonic()
    network.eval()
    return network


def predict(
    network: TokenNetwork, examples: Sequence[Example], special: tuple[int, int], batch_tokens: int
) -> list[Floats]:
    """Probabilities (tokens, labels + 1) of each window's tokens, computed on one core."""
    torch.set_num_threads(1)
    lengths = np.array([len(example.ids) + 2 for example in examples])
    found: list[Floats] = [np.zeros((0, 0), np.float32)] * len(examples)
    for batch in _packed(np.argsort(lengths, kind="stable").tolist(), lengths, batch_tokens):
        ids, mask, repeats, _ = _tensors([examples[i] for i in batch], special)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            values = torch.sigmoid(network(ids, mask, repeats)).numpy()
        for i, row in zip(batch, values, strict=True):
            found[i] = row[: len(examples[i].ids)]
    return found


def _batches(examples: Sequence[Example], recipe: Recipe, seed: int, epoch: int) -> list[list[int]]:
    """Examples of about one length together, in an order of the epoch's own."""
    random = np.random.default_rng((seed, epoch))
    lengths = np.array([len(example.ids) + 2 for example in examples])
    order = np.argsort(lengths + 6 * random.random(len(lengths)), kind="stable")
    if recipe.unmarked < 1:
        # Each epoch goes on where the one before ended, round a circle on which all have a place.
        place = np.random.default_rng(seed).random(len(examples))
        turn = (place - epoch * recipe.unmarked) % 1 < recipe.unmarked
        taken = np.array([e.marked for e in examples]) | turn
        order = order[taken[order]]
    batches = list(_packed(order.tolist(), lengths, recipe.batch_tokens))
    return [batches[i] for i in random.permutation(len(batches))]


def _packed(order: list[int], lengths: NDArray[np.intp], most: int) -> Iterator[list[int]]:
    batch: list[int] = []
    longest = 0
    for i in order:
        longest = max(longest, int(lengths[i]))
        if batch and longest * (len(batch) + 1) > most:
            yield batch
            batch, longest = [], int(lengths[i])
        batch.append(i)
    yield batch


def _tensors(examples: Sequence[Example], special: tuple[int, int]) -> list[Tensor]:
    """Token ids, mask, repeats and targets of a batch, padded to its longest window."""
    most = max(len(example.ids) for example in examples)
    ids = np.zeros((len(examples), most + 2), np.int64)
    mask = np.zeros_like(ids)
    first = examples[0]
    repeats = np.zeros((len(examples), most, first.repeats.shape[1]), np.float32)
    targets = np.zeros((len(examples), most, first.targets.shape[1]), np.float32)
    for row, example in enumerate(examples):
        tokens = len(example.ids)
        ids[row, : tokens + 2] = special[0], *example.ids, special[1]
        mask[row, : tokens + 2] = 1
        repeats[row, :tokens] = example.repeats
        targets[row, :tokens] = example.targets
    return [torch.from_numpy(array) for array in (ids, mask, repeats, targets)]


class _State:
    """Everything that training needs to go on, in one file that is replaced by rename."""

    def __init__(self, path: Path, *parts: Any) -> None:
        self._path = path
        self._parts = parts
        self._key = ""

    def read(self, key: str) -> int:
        """Steps done by an interrupted training on the same inputs; else 0."""
        self._key = key
        if not self._path.exists():
            return 0
        found = torch.load(self._path, weights_only=True)
        if found["key"] != key:
            return 0
        for part, value in zip(self._parts, found["parts"], strict=True):
            part.load_state_dict(value)
        torch.set_rng_state(found["random"])
        return int(found["steps"])

    def write(self, steps: int) -> None:
        parts = [part.state_dict() for part in self._parts]
        random = torch.get_rng_state()
        found = {"key": self._key, "steps": steps, "parts": parts, "random": random}
        with replaced(self._path) as file:
            torch.save(found, file)
