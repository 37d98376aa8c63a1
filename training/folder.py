"""Writes a model folder: graphs, tokenizer, card, notice, and the manifest that seals them."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import onnx

from tagger import FEATURES, Encoder, InputError, Label, Manifest, Windower, file_sha256
from training.card import card
from training.export import fragments_graph, head_graph
from training.fragments import FragmentClassifier
from training.tokens import TokenClassifiers

__all__ = ["NOTICE", "About", "Base", "Heads", "taxonomy", "write_model"]

NOTICE = resources.files("training").joinpath("NOTICE").read_text("utf-8")
"""The terms of the packaged encoder and corpus; a model trained on other data needs its own."""

_LIBRARIES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "tokenizers")


@dataclass(frozen=True)
class Base:
    """An encoder folder: `encoder.onnx`, `tokenizer.json`, `NOTICE`, and how windows are cut."""

    folder: Path
    window: dict[str, int]

    @classmethod
    def read(cls, folder: str | Path) -> "Base":
        """Raises InputError if a file is missing. A model folder will do as well."""
        folder = Path(folder)
        if (folder / "manifest.json").exists():
            return cls(folder, Manifest.read(folder).window)
        try:
            window = json.loads((folder / "window.json").read_text("utf-8"))
            for name in ("encoder.onnx", "tokenizer.json", "NOTICE"):
                (folder / name).open("rb").close()
        except OSError as error:
            raise InputError(
                f"{folder} is no encoder folder: can't read {error.filename}; "
                "make one with `python -m training encoder`"
            ) from None
        except ValueError:
            raise InputError(f"{folder / 'window.json'} is damaged: it is not JSON") from None
        return cls(folder, window)

    def windower(self) -> Windower:
        """What cuts texts as this encoder needs them."""
        return Windower((self.folder / "tokenizer.json").read_bytes(), self.window["tokens"])

    def encoder(self) -> Encoder:
        """The encoder, loaded."""
        path = self.folder / "encoder.onnx"
        special = self.window["start_token"], self.window["end_token"]
        return Encoder(path, path.read_bytes(), special)


@dataclass(frozen=True)
class Heads:
    """What is fitted on an encoder."""

    tokens: TokenClassifiers
    fragments: FragmentClassifier


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
        "calibration": dict.fromkeys(FEATURES, 0.0),
    }
    return tuple(
        Label(**described.get(name, {"id": name, "name": name.replace("_", " ")} | plain), **start)
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
