"""What the environment says, read in one place; and where the default model is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tagger.errors import InputError, ModelError

__all__ = ["CURRENT", "Config", "default_model"]

CURRENT = "current"
"""The file in a folder of served models that holds the name of the one in use."""

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Config:
    """Settings of the library; the environment variable of each is TAGGER_ and its name.

    models   folder of served models whose `current` file names the one in use
    threads  windows that are computed at the same time; None: one per available core
    """

    models: Path | None = None
    threads: int | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Config":
        """Raises InputError for a value that does not parse."""
        models, threads = environ.get("TAGGER_MODELS"), environ.get("TAGGER_THREADS")
        if threads and not (threads.isdecimal() and int(threads) > 0):
            raise InputError(f"TAGGER_THREADS is {threads!r}: give a whole number above 0")
        return cls(Path(models) if models else None, int(threads) if threads else None)


def default_model(models: Path | None = None) -> Path:
    """The model folder in use: what `models/current` names, else the one in the package.

    Raises ModelError if `models` is given and names no model.
    """
    if models is not None:
        try:
            name = (models / CURRENT).read_text(encoding="utf-8").strip()
        except UnicodeDecodeError:
            name = ""
        except OSError as error:
            raise ModelError(
                f"can't read {models / CURRENT} ({error.strerror}): it holds the name of the "
                "model folder to serve; unset TAGGER_MODELS to use the packaged model"
            ) from None
        if not name or name == ".." or "\0" in name or Path(name).name != name:
            raise ModelError(f"{models / CURRENT} must hold the name of a folder beside it")
        return models / name
    packaged = _HERE / "models" / "default"  # in a wheel; beside the package in a checkout
    return packaged if packaged.is_dir() else _HERE.parent / "models" / "default"
