"""Encoder folders: what classifiers are fitted on.

A folder holds `encoder.onnx`, `tokenizer.json`, `window.json` and `NOTICE`. One of a fine-tuned
encoder also has `head.safetensors`, the head that was trained with it, and `learnt.json`, the
articles it was trained on. A folder of such folders, `all` and `fold-0`, `fold-1`, ..., holds an
encoder for each fold that never saw the fold's articles.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import onnx
from safetensors.numpy import load_file
from tokenizers import Tokenizer as WordPieces

from tagger import Document, Encoder, InputError, Manifest, Windower
from training.download import Checkpoint
from training.encoder import Architecture, build_encoder, channel_peaks
from training.export import read_head
from training.tokens import TokenClassifiers

__all__ = ["NOTICE", "Base", "window_of", "write_base"]

NOTICE = resources.files("training").joinpath("NOTICE").read_text("utf-8")
"""The terms of the packaged encoder and corpus; a model trained on other data needs its own."""

_WINDOW_TOKENS = 64
_SAMPLE_WINDOWS = 200


@dataclass(frozen=True)
class Base:
    """An encoder folder, or a folder of one for each fold (then `folder` is the one of all)."""

    folder: Path
    window: dict[str, int]
    per_fold: bool = False

    @classmethod
    def read(cls, folder: str | Path) -> "Base":
        """Raises InputError if a file is missing. A model folder will do as well."""
        folder = Path(folder)
        if (folder / "manifest.json").exists():
            return cls(folder, Manifest.read(folder).window)
        if per_fold := (folder / "all").is_dir():
            folder /= "all"
        try:
            window = json.loads((folder / "window.json").read_text("utf-8"))
            for name in ("encoder.onnx", "tokenizer.json", "NOTICE"):
                (folder / name).open("rb").close()
        except OSError as error:
            raise InputError(
                f"{folder} is no encoder folder: can't read {error.filename}; "
                "make one with `python -m training encoder` or `finetune`"
            ) from None
        except ValueError:
            raise InputError(f"{folder / 'window.json'} is damaged: it is not JSON") from None
        return cls(folder, window, per_fold)

    def of_fold(self, fold: int | None) -> "Base":
        """The encoder that never saw a fold's articles; of None: the one that saw all."""
        if fold is None or not self.per_fold:
            return self
        return Base.read(self.folder.parent / f"fold-{fold}")

    def learnt(self) -> Mapping[str, Any]:
        """What a fine-tuned encoder was trained on: `articles` (ids) and how."""
        if (self.folder / "manifest.json").exists():
            return {"articles": Manifest.read(self.folder).trained_on.get("article ids", [])}
        path = self.folder / "learnt.json"
        found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return found

    def head(self) -> TokenClassifiers | None:
        """The classifiers that were trained together with a fine-tuned encoder."""
        path = self.folder / "head.safetensors"
        return TokenClassifiers.from_weights(**load_file(path)) if path.exists() else None

    def near(self) -> TokenClassifiers | None:
        """The classifiers of a model folder, near which others may be fitted."""
        path = self.folder / "head.onnx"
        return read_head(onnx.load(path)) if path.exists() else None

    def windower(self) -> Windower:
        """What cuts texts as this encoder needs them."""
        return Windower((self.folder / "tokenizer.json").read_bytes(), self.window["tokens"])

    def encoder(self) -> Encoder:
        """The encoder, loaded."""
        path = self.folder / "encoder.onnx"
        special = self.window["start_token"], self.window["end_token"]
        return Encoder(path, path.read_bytes(), special)


def window_of(tokenizer_json: bytes) -> tuple[bytes, dict[str, int]]:
    """A published tokenizer without truncation and padding, and the windows to cut with it."""
    tokenizer = WordPieces.from_str(tokenizer_json.decode("utf-8"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    vocabulary = tokenizer.get_vocab()
    start, end = ("<s>", "</s>") if "<s>" in vocabulary else ("[CLS]", "[SEP]")
    window: dict[str, int] = {
        "tokens": _WINDOW_TOKENS,
        "start_token": vocabulary[start],
        "end_token": vocabulary[end],
    }
    return tokenizer.to_str().encode("utf-8"), window


def write_base(folder: Path, checkpoint: Checkpoint, documents: Sequence[Document]) -> Base:
    """Write an encoder folder, or complete one; NOTICE is that of the packaged data.

    documents  texts of the kind that the encoder will read: its activations on some of their
               windows say how to round them
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer, window = window_of(checkpoint.tokenizer)
    plan = Windower(tokenizer, window["tokens"]).plan([document.text for document in documents])
    sample = plan[:: max(1, len(plan) // _SAMPLE_WINDOWS)]
    ids = [[window["start_token"], *w.ids.tolist(), window["end_token"]] for w in sample]
    architecture = Architecture(checkpoint.config)
    peaks = channel_peaks(checkpoint.weights, architecture, ids)
    encoder = build_encoder(checkpoint.weights, architecture, peaks)
    (folder / "tokenizer.json").write_bytes(tokenizer)
    (folder / "window.json").write_text(json.dumps(window) + "\n", encoding="utf-8")
    (folder / "NOTICE").write_text(NOTICE, encoding="utf-8")
    onnx.save(encoder, folder / "encoder.onnx")
    return Base.read(folder)
