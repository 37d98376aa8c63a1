"""Results kept in a folder, so that what was interrupted goes on from them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import joblib

__all__ = ["Checkpoints"]

Made = TypeVar("Made")


class Checkpoints:
    """Results under names that tell which inputs they were made from.

    inputs  all that results depend on; with others, they are made anew
    """

    def __init__(self, folder: Path, inputs: Any) -> None:
        self._key = joblib.hash(inputs)
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, make: Callable[[], Made]) -> Made:
        """What was kept under the name; if nothing was, what `make` gives, which is then kept."""
        path = self._folder / f"{name}-{self._key}.joblib"
        if not path.exists():
            partial = path.with_suffix(".partial")
            joblib.dump(make(), partial)
            partial.replace(path)
        found: Made = joblib.load(path)
        return found
