"""The formats that are known, and which of them a file has."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tagger import InputError
from training.formats.brat import BRAT
from training.formats.doccano import DOCCANO
from training.formats.feedback import FEEDBACK
from training.formats.label_studio import LABEL_STUDIO
from training.formats.prodigy import PRODIGY
from training.formats.ptc import PTC
from training.formats.records import Found, Record
from training.formats.semeval import SEMEVAL

__all__ = ["FORMATS", "Format", "format_of"]


class Format(Protocol):
    """What reads and writes the files of one tool."""

    @property
    def name(self) -> str:
        """What `--format` and `--to` call it."""

    @property
    def title(self) -> str:
        """What it is, in words."""

    @property
    def keeps(self) -> frozenset[str]:
        """The facts of a record that it has a place for."""

    def recognises(self, path: Path) -> bool:
        """Whether a file or folder looks like it."""

    def read(self, path: Path) -> Found:
        """The entries and problems of a file or folder. Raises InputError if it can't be read."""

    def write(self, records: Sequence[Record], path: Path) -> list[str]:
        """Write the records; returns what was lost, besides the facts that it does not keep."""


FORMATS: dict[str, Format] = {
    one.name: one for one in (FEEDBACK, PTC, SEMEVAL, LABEL_STUDIO, DOCCANO, PRODIGY, BRAT)
}
"""By the name that `--format` and `--to` take."""


def format_of(path: Path, name: str | None = None) -> Format:
    """The format called `name`, or the one that `path` has by its looks.

    Raises InputError if there is none.
    """
    if name is not None:
        if name not in FORMATS:
            raise InputError(f"no format is called {name!r}: take one of {', '.join(FORMATS)}")
        return FORMATS[name]
    if not path.exists():
        raise InputError(f"can't read {path}: No such file or directory")
    for one in FORMATS.values():  # in this order: SemEval's labels would pass as doccano's
        if one.recognises(path):
            return one
    raise InputError(f"{path} has no known format: name it with --format ({', '.join(FORMATS)})")
