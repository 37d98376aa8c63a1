"""What an encoder is trained on: windows with marks, people's or a teacher's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from tagger import Document, InputError, Window, Windower
from training.features import window_targets

__all__ = ["Example", "examples_of", "read_soft", "write_soft"]

Floats = NDArray[np.float32]

_FILE = "soft.safetensors"


@dataclass(frozen=True, eq=False)
class Example:
    """A window's tokens and what they bear.

    ids      int64 (tokens,), without the special tokens around them
    repeats  (tokens, counts): how often the document holds each, see `tagger.Window`
    targets  (tokens, labels + 1), 0 to 1, last any label
    """

    ids: NDArray[np.int64]
    repeats: Floats
    targets: Floats

    @property
    def marked(self) -> bool:
        """Whether a token is likelier than not to bear a label."""
        return bool((self.targets[:, -1] > 0.5).any())


def examples_of(
    documents: Sequence[Document], windower: Windower, labels: Sequence[str]
) -> list[Example]:
    """The windows of labelled documents."""
    plan = windower.plan([document.text for document in documents])
    return [
        Example(w.ids, w.repeats, window_targets(w, own, labels).astype(np.float32))
        for w in plan
        if len(w)
        for own in [documents[w.pieces[0].source].spans]
    ]


def write_soft(folder: Path, windows: Sequence[Window], targets: Floats) -> None:
    """Keep windows with a teacher's marks, (tokens of all, labels + 1), in a folder."""
    arrays = {
        "ids": np.concatenate([window.ids for window in windows]),
        "repeats": np.concatenate([window.repeats for window in windows]).astype(np.float16),
        "lengths": np.array([len(window) for window in windows]),
        "targets": targets.astype(np.float16),
    }
    save_file(arrays, folder / _FILE)


def read_soft(folders: Sequence[Path]) -> list[Example]:
    """The marked windows of a teacher, or the mean of what several say of the same windows.

    Raises InputError if a folder holds none.
    """
    try:
        held = [load_file(folder / _FILE) for folder in folders]
    except OSError as error:
        raise InputError(
            f"{error.filename}: no marks of a teacher; make them with `teach`"
        ) from None
    ends = np.cumsum(held[0]["lengths"])[:-1]
    targets = np.mean([part["targets"].astype(np.float32) for part in held], axis=0)
    parts = (held[0]["ids"], held[0]["repeats"].astype(np.float32), targets)
    return [Example(*own) for own in zip(*(np.split(part, ends) for part in parts), strict=True)]
