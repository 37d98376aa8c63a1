"""A folder of two models to swap, and how to swap them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tagger import Label, Manifest

WAIT = 600


@dataclass(frozen=True)
class Models:
    """A folder of served models: `first`, which is served at the start, and `second`, which
    scores otherwise and calls `doubt` by another name."""

    folder: Path
    make: Callable[..., Path]

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def add(self, name: str, version: str) -> Path:
        """Another model, like the first."""
        return self.make(self.folder / name, version=version)

    def point(self, name: str) -> None:
        """Serve another model, as `promote` does."""
        (self.folder / ".next").write_text(name + "\n", encoding="utf-8")
        (self.folder / ".next").replace(self.folder / "current")

    def shorten(self, name: str) -> Path:
        """Cut off the end of a model's largest file, which is returned."""
        encoder = self.folder / name / "encoder.onnx"
        contents = encoder.read_bytes()
        encoder.unlink()  # a link
        encoder.write_bytes(contents[:-1000])
        return encoder


@pytest.fixture
def models(tmp_path: Path, root: Path, remake: Callable[..., Path]) -> Models:
    models = Models(tmp_path / "served", remake)
    labels = Manifest.read(root / "models" / "default").labels
    models.make(models / "first")
    models.make(models / "second", version="2", labels=tuple(map(other, labels)))
    models.point("first")
    return models


def other(label: Label) -> Label:
    return replace(
        label,
        id="suspicion" if label.id == "doubt" else label.id,
        threshold=0.0,
        calibration=label.calibration | {"bias": label.calibration["bias"] + 1},
    )


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], Any]], None]:
    """Waits for a condition that other threads or processes bring about."""

    def wait(condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + WAIT
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    return wait
