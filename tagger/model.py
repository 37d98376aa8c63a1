"""The ONNX side of a model folder: token ids to probabilities, one window at a time."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagger.candidates import FEATURES
from tagger.errors import ModelError
from tagger.fragment_numbers import fragment_numbers
from tagger.manifest import Manifest
from tagger.windows import Window, Windower

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["Encoder", "Model", "available_cores"]

Floats = NDArray[np.float32]


class Encoder:
    """Token ids to hidden states. Safe to use from many threads.

    A window is always run alone: int8 activations are scaled over all that a run holds, so a
    window's numbers would otherwise depend on its neighbours. Threads run windows side by side,
    each on one core, which is also faster than padded batches (bench/README.md).

    path      names the file in errors
    contents  of `encoder.onnx`
    special   ids of the tokens put before and after a window

    Raises ModelError if onnxruntime can't load the graph.
    """

    def __init__(self, path: Path, contents: bytes, special: tuple[int, int]) -> None:
        self._session = _session(path, contents)
        self._special = np.array(special, np.int64)

    def hidden(self, window: Window, names: Sequence[str]) -> list[Floats]:
        """Named hidden states of the window's own tokens, each (tokens, width)."""
        ids = np.concatenate([self._special[:1], window.ids, self._special[1:]])[None]
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return [state[0, 1:-1] for state in self._session.run(list(names), feed)]


class Model:
    """A model folder, its hashes checked and its graphs loaded. Safe to use from many threads.

    Raises ModelError if the folder is missing, damaged, or of another format.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = Manifest.read(folder)
        files = {name: self.manifest.read_file(folder, name) for name in self.manifest.files}
        for name in ("encoder.onnx", "head.onnx", "fragments.onnx", "tokenizer.json"):
            if name not in files:
                raise ModelError(f"{folder / 'manifest.json'} lists no {name}")
        for label in self.manifest.labels:
            if set(label.calibration) != set(FEATURES):
                raise ModelError(f"{folder / 'manifest.json'}: calibration of {label.id} is wrong")
        window = self.manifest.window
        self.windower = Windower(files["tokenizer.json"], window["tokens"])
        special = (window["start_token"], window["end_token"])
        self.encoder = Encoder(folder / "encoder.onnx", files["encoder.onnx"], special)
        self._head = _Head(folder / "head.onnx", files["head.onnx"])
        self._fragments = _Head(folder / "fragments.onnx", files["fragments.onnx"])

    def tokens(self, window: Window) -> Floats:
        """Probability of each label, and last of any, for each token: (tokens, labels + 1)."""
        if not len(window):
            return np.zeros((0, len(self.manifest.labels) + 1), np.float32)
        return self._run(self._head, window, {"repeats": window.repeats})

    def fragments(
        self, window: Window, bounds: NDArray[np.int64], times: NDArray[np.int64]
    ) -> Floats:
        """Probability of each label for runs of tokens, (n, labels): bounds (n, 2), half-open;
        times (n,), how often the text holds each."""
        numbers = fragment_numbers((bounds[:, 1] - bounds[:, 0]).tolist(), times.tolist())
        return self._run(self._fragments, window, {"bounds": bounds, "numbers": numbers})

    def _run(self, head: "_Head", window: Window, feed: dict[str, Any]) -> Floats:
        names = [name for name in head.inputs if name not in feed]
        states = dict(zip(names, self.encoder.hidden(window, names), strict=True))
        probabilities: Floats = head.session.run(None, feed | states)[0]
        return probabilities


class _Head:
    """A classifier of hidden states, and the names of what it takes."""

    def __init__(self, path: Path, contents: bytes) -> None:
        self.session = _session(path, contents)
        self.inputs = [given.name for given in self.session.get_inputs()]


def _session(path: Path, contents: bytes) -> "InferenceSession":
    # Imported here as it starts threads, and then aborts at the end of any process forked later.
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    # The extended level fuses Add and LayerNormalization into a kernel that is 20% slower overall.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(contents, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no narrower base
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{path}: onnxruntime can't load it: {reason}") from None


def available_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
