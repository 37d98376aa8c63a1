"""Files that are whole under their names, whatever stops the process or the machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["is_temporary", "replaced", "sync_folder", "temporary_path"]


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name once it is on disk in full, and leaves nothing if it never is."""
    temporary = temporary_path(path)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Bring names in a folder to the disk too: new ones, and those that were changed."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def temporary_path(path: Path) -> Path:
    """Where a file is while it is not yet whole, in the same folder."""
    return path.with_name(f".{path.name}.tmp")


def is_temporary(path: Path) -> bool:
    """Whether a name is one of those that `temporary_path` gives."""
    return path.name.startswith(".") and path.name.endswith(".tmp")
