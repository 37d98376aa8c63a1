"""Small stand-ins: a random BERT, an encoder folder made from it, and the real corpus's place."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from tagger import Document, Window
from training.base import Base
from training.download import Checkpoint
from training.encoder import Architecture, build_encoder
from training.features import TokenTable
from training.ptc import read_folds

Floats = NDArray[np.float32]

WIDTH, INNER, HEADS, POSITIONS = 32, 64, 4, 256


class Bert(NamedTuple):
    """Random weights under the names of a published checkpoint, and their `config.json`."""

    weights: dict[str, Floats]
    config: dict[str, object]

    @property
    def architecture(self) -> Architecture:
        return Architecture(self.config)


def random_bert(layers: int, vocabulary: int, seed: int = 0) -> Bert:
    random = np.random.default_rng(seed)
    weights: dict[str, Floats] = {}

    def matrix(name: str, *shape: int) -> None:
        weights[name] = random.normal(0, 1 / np.sqrt(shape[-1]), shape).astype(np.float32)

    def norm(name: str) -> None:
        weights[name + ".weight"] = random.uniform(0.5, 1.5, WIDTH).astype(np.float32)
        weights[name + ".bias"] = random.normal(0, 0.2, WIDTH).astype(np.float32)

    sizes = {"word": vocabulary, "position": POSITIONS, "token_type": 2}
    for name, rows in sizes.items():
        matrix(f"embeddings.{name}_embeddings.weight", rows, WIDTH)
    norm("embeddings.LayerNorm")
    for layer in range(layers):
        prefix = f"encoder.layer.{layer}."
        for name, (outputs, inputs) in {
            "attention.self.query": (WIDTH, WIDTH),
            "attention.self.key": (WIDTH, WIDTH),
            "attention.self.value": (WIDTH, WIDTH),
            "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (INNER, WIDTH),
            "output.dense": (WIDTH, INNER),
        }.items():
            matrix(f"{prefix}{name}.weight", outputs, inputs)
            weights[f"{prefix}{name}.bias"] = random.normal(0, 0.2, outputs).astype(np.float32)
        norm(prefix + "attention.output.LayerNorm")
        norm(prefix + "output.LayerNorm")
    config: dict[str, object] = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "num_hidden_layers": layers,
        "num_attention_heads": HEADS,
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "vocab_size": vocabulary,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
    }
    return Bert(weights, config)


def random_table(sizes: Sequence[Sequence[int]], width: int = 12, seed: int = 0) -> TokenTable:
    """Documents whose windows hold `sizes` tokens; token i stands for characters 5i to 5i + 4."""
    counts = [(owner, count) for owner, own in enumerate(sizes) for count in own]
    starts = np.concatenate([5 * np.arange(sum(own), dtype=np.int32) for own in sizes])
    plan, first = [], 0
    for owner, count in counts:
        own = starts[first : first + count]
        first += count
        ids, sources = np.zeros(count, np.int64), np.full(count, owner, np.int32)
        repeats = np.random.default_rng(first).random((count, 3)).astype(np.float32)
        plan.append(Window((), ids, sources, own, own + 4, np.ones(count, np.int8), repeats))
    states = np.random.default_rng(seed).normal(size=(first, width)).astype(np.float16)
    sources = np.concatenate([window.sources for window in plan])
    windows = np.repeat(np.arange(len(plan), dtype=np.int32), [count for _, count in counts])
    repeats = np.concatenate([window.repeats for window in plan])
    return TokenTable(states, sources, windows, repeats, plan)


@pytest.fixture(scope="session")
def make_table() -> Callable[..., TokenTable]:
    return random_table


@pytest.fixture(scope="session")
def make_bert() -> Callable[..., Bert]:
    return random_bert


@pytest.fixture
def checkpoint(root: Path, make_bert: Callable[..., Any]) -> Checkpoint:
    """A tiny encoder, for tests that train it."""
    pytest.importorskip("torch", reason="torch comes with the extra `finetune` only")
    bert = make_bert(layers=6, vocabulary=30_522)
    tokenizer = (root / "models" / "default" / "tokenizer.json").read_bytes()
    return Checkpoint(bert.weights, bert.config, tokenizer)


@pytest.fixture
def folds(root: Path, articles: list[Document]) -> list[list[str]]:
    return read_folds(root / "tests" / "articles" / "folds.json", [d.id for d in articles])


@pytest.fixture(scope="session")
def tiny_base(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """An encoder folder whose encoder is random and quick, with the default model's tokenizer."""
    default = root / "models" / "default"
    folder = tmp_path_factory.mktemp("encoder")
    for name in ("tokenizer.json", "NOTICE"):
        shutil.copyfile(default / name, folder / name)
    window = json.loads((default / "manifest.json").read_text("utf-8"))["window"]
    (folder / "window.json").write_text(json.dumps(window), encoding="utf-8")
    bert = random_bert(layers=6, vocabulary=30_522)
    onnx.save(build_encoder(bert.weights, bert.architecture), folder / "encoder.onnx")
    return Base.read(folder)


@pytest.fixture(scope="session")
def corpus(root: Path) -> Path:
    """The Propaganda Techniques Corpus, which is not part of the repository."""
    data = Path(os.environ.get("TAGGER_TEST_DATA", root.parent / "shared" / "data"))
    if not (data / "ptc").is_dir():
        pytest.skip(f"no corpus at {data / 'ptc'}: name its parent folder in TAGGER_TEST_DATA")
    return data / "ptc"
