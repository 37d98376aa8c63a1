"""Writes a model folder: graphs, tokenizer, card, notice, and the manifest that seals them."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import onnx

from tagger import FEATURES, Label, Manifest, file_sha256
from training.base import Base
from training.card import card
from training.export import fragments_graph, head_graph
from training.heads import Heads

__all__ = ["About", "taxonomy", "write_model"]

_LIBRARIES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "tokenizers")


@dataclass(frozen=True)
class About:
    """What the manifest and the card say of a model."""

    name: str
    version: str
    trained_on: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


def taxonomy(labels: Sequence[str]) -> tuple[Label, ...]:
    """The labels as a model starts with them: described where the packaged taxonomy knows them."""
    known = json.loads(resources.files("training").joinpath("taxonomy.json").read_text("utf-8"))
    described = {entry["id"]: entry for entry in known}
    plain: dict[str, Any] = {"corpus_name": "", "definition": "", "example": ""}
    start: dict[str, Any] = {
        "threshold": 0.5,
        "edge": 0.1,
        "phrases": False,
        "prior": 0.01,
        "calibration": dict.fromkeys(FEATURES, 0.0),
    }
    return tuple(
        Label(
            **described.get(
                name, {"id": name, "name": name.replace("_", " ").capitalize()} | plain
            ),
            **start,
        )
        for name in labels
    )


def write_model(
    folder: Path, base: Base, heads: Heads, labels: Sequence[Label], about: About
) -> Manifest:
    """Write a model folder, replacing files of the same names in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("encoder.onnx", "tokenizer.json", "NOTICE"):
        if (base.folder / name).resolve() != (folder / name).resolve():
            shutil.copyfile(base.folder / name, folder / name)
    onnx.save(head_graph(heads.tokens), folder / "head.onnx")
    onnx.save(fragments_graph(heads.fragments), folder / "fragments.onnx")
    manifest = Manifest(
        name=about.name,
        version=about.version,
        labels=tuple(labels),
        window=base.window,
        files={},
        libraries={name: metadata.version(name) for name in _LIBRARIES},
        trained_on=dict(about.trained_on),
        figures=dict(about.figures),
    )
    (folder / "README.md").write_text(card(manifest), encoding="utf-8")
    names = ("encoder.onnx", "head.onnx", "fragments.onnx", "tokenizer.json", "README.md", "NOTICE")
    files = {name: file_sha256(folder / name) for name in names}
    return Manifest(**{**vars(manifest), "files": files}).write(folder)
