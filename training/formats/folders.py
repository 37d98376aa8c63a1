"""Formats that store each text in a file of its own, named after its id."""

import re
from collections.abc import Sequence
from pathlib import Path

from tagger import InputError
from training.formats.records import Record

__all__ = ["check_new_folder", "file_names"]

_LONGEST = 100


def file_names(records: Sequence[Record]) -> tuple[list[str], list[str]]:
    """A name for the file of each record: its id where that can be one; and what is lost."""
    names: dict[str, bool] = {}
    for number, record in enumerate(records, 1):
        name = record.document.id or str(number)
        safe = re.sub(r"[^\w.-]", "_", name)[:_LONGEST].lstrip(".") or str(number)
        while safe in names:
            safe += "_"
        names[safe] = safe != name
    changed = sum(names.values())
    return list(names), [f"ids that can't name a file, which were changed: {changed}"] * bool(
        changed
    )


def check_new_folder(path: Path) -> None:
    """Raises InputError if there is something in the folder: its files would be read as well."""
    if path.is_file() or (path.is_dir() and next(path.iterdir(), None)):
        raise InputError(f"{path} is not empty: give a folder that is not there yet")
