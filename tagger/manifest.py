"""`manifest.json`: what a model folder holds, checked before anything of it is used."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tagger.errors import ModelError

__all__ = ["FORMAT", "Label", "Manifest", "file_sha256"]

FORMAT = 3
"""The manifest format that this release writes."""

FILENAME = "manifest.json"
_OLDEST = 2  # whose labels have no `least_words`
_UNSEALED = "0" * 64
_SEAL = re.compile(rb'"sha256": "([0-9a-f]{64})"\n\}\s*\Z')


@dataclass(frozen=True)
class Label:
    """One technique: its taxonomy entry and how its spans are decoded.

    threshold    lowest score of a span that is returned by default, in [0, 1]
    edge         token probability above which a token counts for a span, in (0, 1)
    phrases      are its spans phrases that the document repeats?
    prior        mean token probability in texts of the kind it was fitted on, in (0, 1)
    calibration  weights of the logistic calibration, by feature name (see tagger/candidates.py)
    least_words  words of its shortest spans
    """

    id: str
    name: str
    corpus_name: str
    definition: str
    example: str
    threshold: float
    edge: float
    phrases: bool
    prior: float
    calibration: dict[str, float]
    least_words: int = 1


@dataclass(frozen=True)
class Manifest:
    """The contents of `manifest.json`.

    files     sha256 of every other file in the folder, by name
    window    `tokens`: the most a window holds; `start_token`, `end_token`: ids put around it
    sha256    of the manifest itself, with these 64 digits read as zeros: the model's identity
    """

    name: str
    version: str
    labels: tuple[Label, ...]
    window: dict[str, int]
    files: dict[str, str]
    libraries: dict[str, str] = field(default_factory=dict)
    trained_on: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT
    sha256: str = _UNSEALED

    def write(self, folder: Path) -> "Manifest":
        """Write the manifest, sealed, into `folder`; return it as `read` would."""
        body = asdict(self) | {"sha256": _UNSEALED}
        raw = json.dumps(body, indent=1, ensure_ascii=False).encode() + b"\n"
        digest = hashlib.sha256(raw).hexdigest()
        (folder / FILENAME).write_bytes(raw.replace(_UNSEALED.encode(), digest.encode()))
        return Manifest.read(folder)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read and check the manifest of a model folder.

        Raises ModelError if it is missing, damaged, or of a format this release can't read.
        """
        path = folder / FILENAME
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"{folder} is not a model folder: can't read its manifest.json ({error.strerror})"
            ) from None
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            raise ModelError(f"{path} is damaged: it is not JSON") from None
        if not isinstance(body, dict) or type(body.get("format")) is not int:
            raise ModelError(f"{path} is damaged: it has no format number")
        if not _OLDEST <= body["format"] <= FORMAT:
            raise ModelError(
                f"{path} has format {body['format']}, this release reads {_OLDEST} to {FORMAT}: "
                "use the release that wrote the model, or fit it anew"
            )
        seal = _SEAL.search(raw)
        zeroed = raw[: seal.start(1)] + _UNSEALED.encode() + raw[seal.end(1) :] if seal else b""
        if not seal or hashlib.sha256(zeroed).hexdigest() != seal.group(1).decode():
            raise ModelError(f"{path} is damaged: its sha256 does not match its contents")
        try:
            body["labels"] = tuple(Label(**label) for label in body["labels"])
            for name in ("tokens", "start_token", "end_token"):
                int(body["window"][name])
            return cls(**body)
        except (TypeError, KeyError, ValueError) as error:
            raise ModelError(f"{path} does not fit format {body['format']}: {error}") from None

    def read_file(self, folder: Path, name: str) -> bytes:
        """The contents of one of the model's files, its hash checked.

        Raises ModelError that names the file if it is missing or its sha256 is not the manifest's.
        """
        path = folder / name
        try:
            contents = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: can't read this model file ({error.strerror})") from None
        if hashlib.sha256(contents).hexdigest() != self.files.get(name):
            raise ModelError(
                f"{path} is damaged: its sha256 is not the one in manifest.json; "
                "copy the model folder again"
            )
        return contents


def file_sha256(path: Path) -> str:
    """The sha256 of a file, as hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
