"""The folder of served models: models that never change, the file `current`, which names the one
in use, and the history of that file.

Whatever happens on the way, `current` names a whole model, and the history says what was in use
when. A change is first written to `.change`, then made by renaming, then added to the history; the
next one to take the folder ends what was cut off in between.
"""

import json
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock, Timeout

from tagger import CURRENT, InputError, Manifest, ModelError, Tagger, replaced, sync_folder

__all__ = ["ServedModels", "served_name"]

_MANIFEST = "manifest.json"
_INCOMING = ".incoming-"
_ODD = re.compile(r"[^A-Za-z0-9._+-]+", re.ASCII)

Record = dict[str, Any]
"""What the history says of a change: `from` and `to` name models, `when`, `who`, `why`, ..."""


def served_name(manifest: Manifest) -> str:
    """The name of a model's folder among those served: name@version-hash, fit for any file system.

    The hash is the beginning of the model's sha256, so that no two models share a name.
    """
    name, version = (_ODD.sub("-", part)[:80] for part in (manifest.name, manifest.version))
    return f"{name.lstrip('.')}@{version}-{manifest.sha256[:12]}"


@dataclass(frozen=True)
class ServedModels:
    """A folder of served models. All that changes it wants it locked.

    Raises OSError where the folder can't be read or written.
    """

    folder: Path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all others from changing the folder, which is made if it is not there; wait until
        they let go of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            warnings.warn(f"waiting for another command to end with {self.folder}", stacklevel=3)
            lock.acquire()
        try:
            self._mend()
            yield
        finally:
            lock.release()

    def current(self) -> str | None:
        """The name of the model in use, if there is one."""
        try:
            return (self.folder / CURRENT).read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return None

    def models(self) -> dict[str, Manifest]:
        """Every model in the folder, by name, sorted; those whose manifest is damaged left out."""
        found = {}
        for path in sorted(self.folder.glob(f"[!.]*/{_MANIFEST}")):
            try:
                found[path.parent.name] = Manifest.read(path.parent)
            except ModelError as error:
                warnings.warn(str(error), stacklevel=2)
        return found

    def install(self, model: Path, manifest: Manifest) -> str:
        """Copy a model into the folder, whole or not at all, and return its name there.

        The copy shares no file with `model`, which may be written over later.
        Raises ModelError if the model is damaged, or is not the one of `manifest`.
        """
        name = served_name(manifest)
        place = self.folder / name
        if _intact(place, manifest):
            return name
        with TemporaryDirectory(prefix=_INCOMING, dir=self.folder) as temporary:
            copy = Path(temporary) / name
            copy.mkdir()
            for file in manifest.files:
                if Path(file).name != file:
                    raise ModelError(f"{model / _MANIFEST} lists a file outside its folder")
                _write(copy / file, manifest.read_file(model, file))
            _write(copy / _MANIFEST, (model / _MANIFEST).read_bytes())
            if not _intact(copy, manifest):
                raise ModelError(f"{model} was changed while it was copied: promote it again")
            if place.exists():
                shutil.rmtree(place)
            copy.rename(place)
        sync_folder(self.folder)
        return name

    def serve(self, name: str, record: Record) -> None:
        """Put a model of the folder into use, and remember it.

        record  what the history is to say beside `from` and `to`; ready for JSON

        Raises ModelError if the model can't be loaded, or can't tag.
        """
        Tagger.load(self.folder / name).warm()
        change = {"from": self.current(), "to": name} | record
        _write(self.folder / ".change", json.dumps(change, ensure_ascii=False).encode())
        _write(self.folder / CURRENT, f"{name}\n".encode())
        self._mend()

    def history(self) -> list[Record]:
        """All changes of the model in use, the oldest first.

        Raises InputError if the file was damaged.
        """
        path = self.folder / "history.jsonl"
        try:
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            records = [json.loads(line) for line in lines]
        except ValueError:
            raise InputError(f"{path} is damaged: each line must be a JSON object") from None
        change = self._change()
        cut_off = change is not None and change["to"] == self.current() and change not in records
        return [*records, change] if change is not None and cut_off else records

    def _change(self) -> Record | None:
        """What was begun and not yet ended."""
        try:
            found: Record = json.loads((self.folder / ".change").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return found

    def _mend(self) -> None:
        """End what was begun, and sweep away what was left of it."""
        if self._change() is not None:
            lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in self.history()]
            _write(self.folder / "history.jsonl", "".join(lines).encode())
            (self.folder / ".change").unlink()
        for left in self.folder.glob(f"{_INCOMING}*"):
            shutil.rmtree(left)


def _intact(folder: Path, manifest: Manifest) -> bool:
    """Whether a folder holds the model of a manifest, every file as it should be."""
    try:
        found = Manifest.read(folder)
        for file in found.files:
            found.read_file(folder, file)
    except ModelError:
        return False
    return found.sha256 == manifest.sha256


def _write(path: Path, contents: bytes) -> None:
    with replaced(path) as file:
        file.write(contents)
