"""The output folder: what is under a final name there is whole, whenever the job is stopped.

A shard is written under a temporary name and renamed; then the errors of its rows are appended to a
temporary file; then the manifest, replaced by renaming, counts it. So the manifest never counts
what is not there. What a run that was killed wrote beyond it is written over by the next.
"""

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tagger.durable import is_temporary, replaced, temporary_path
from tagger.errors import InputError

__all__ = ["ERRORS", "MANIFEST", "SUMMARY", "OutputFolder"]

MANIFEST, SUMMARY, ERRORS = "_manifest.json", "_summary.json", "_errors.jsonl"


class OutputFolder:
    """The folder of one job, locked as long as it is open.

    Raises InputError if it holds something and is not to be resumed, if it is to be resumed and
    holds no job, or if another process works in it; OSError if it can't be made.
    """

    def __init__(self, path: Path, *, resume: bool) -> None:
        self.path = path
        if path.exists() and not path.is_dir():
            raise InputError(f"--output {path} is a file: name a folder")
        self._made = not path.exists()
        path.mkdir(parents=True, exist_ok=True)
        # Held until the process ends, however it ends; workers don't inherit it.
        self._lock = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._check(resume)
        except BlockingIOError:
            os.close(self._lock)
            raise InputError(f"another process is at work in {path}") from None
        except BaseException:
            self.close()
            raise

    def _check(self, resume: bool) -> None:
        held = list(self.path.iterdir())
        if held and not resume:
            raise InputError(
                f"--output {self.path} is not empty: name another folder, or give --resume to go on"
            )
        whole = [file for file in held if not is_temporary(file)]
        if whole and not (self.path / MANIFEST).is_file():
            raise InputError(f"--resume: {self.path} holds other files and no job")

    def close(self) -> None:
        """Let others in. A folder that was made for the job goes if nothing was written."""
        if self._made and not any(self.path.iterdir()):
            self.path.rmdir()
        os.close(self._lock)

    def manifest(self) -> dict[str, Any] | None:
        """What the manifest says, None if there is none. Raises InputError if it is damaged."""
        try:
            found: dict[str, Any] = json.loads((self.path / MANIFEST).read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            raise InputError(f"{self.path / MANIFEST} is damaged: start anew elsewhere") from None
        return found

    def tidy(self, errors_size: int) -> None:
        """Remove what a killed run left: temporary files, and errors that are not counted."""
        for file in self.path.iterdir():
            if is_temporary(file) and file != temporary_path(self.path / ERRORS):
                file.unlink()
        errors = temporary_path(self.path / ERRORS)
        if errors.exists():
            os.truncate(errors, errors_size)

    def append_errors(self, rows: Sequence[dict[str, Any]], size: int) -> int:
        """Add to the errors, `size` bytes long before; returns their size after."""
        if not rows:
            return size
        with temporary_path(self.path / ERRORS).open("ab") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, default=str).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def publish_errors(self) -> None:
        """Give the errors their name, if there are any."""
        temporary = temporary_path(self.path / ERRORS)
        if temporary.exists():
            temporary.replace(self.path / ERRORS)

    def write_json(self, name: str, contents: dict[str, Any]) -> None:
        """Write or replace a file."""
        with replaced(self.path / name) as file:
            file.write(json.dumps(contents, ensure_ascii=False, indent=1).encode() + b"\n")
