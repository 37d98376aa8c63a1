"""Following the file that names the model in use, while the service answers."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from service.engine import Engine, Served
from tagger import CURRENT, Manifest, ModelError, default_model

__all__ = ["ModelWatcher"]

_log = logging.getLogger(__name__)

_Stamp = tuple[int, int, int]


class ModelWatcher:
    """Swaps the model of an engine whenever the file `current` is replaced.

    A model that can't be used is tried once for each time that the file is replaced, or touched.

    models  folder of served models
    make    loads the one in use, as at the start
    """

    def __init__(self, engine: Engine, models: Path, make: Callable[[], Served]) -> None:
        self._engine = engine
        self._models = models
        self._make = make
        self._seen = self._stamp()

    def start(self, seconds: float) -> None:
        """Look every so many seconds, in a thread of its own, until the service stops."""
        threading.Thread(
            target=self._watch, args=(seconds,), name="watch-models", daemon=True
        ).start()

    def look(self) -> None:
        """Swap the model if the file has been replaced since the last look."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            same = Manifest.read(default_model(self._models)).sha256 == self._serving()
        except ModelError:
            same = False  # told of by the swap
        if not same:
            _log.info("%s names another model, which is loaded", self._models / CURRENT)
            self._engine.swap(self._make)

    def _serving(self) -> str:
        return self._engine.tagger.manifest.sha256

    def _watch(self, seconds: float) -> None:
        if self._engine.loading.exception() is not None:  # waits for the first model
            return
        pause = threading.Event()
        while not self._engine.draining:
            try:
                self.look()
            except Exception:  # no accident may end the watch
                _log.exception("looking for another model failed")
            pause.wait(seconds)

    def _stamp(self) -> _Stamp | None:
        """Tells one state of the file from another: each rename brings another file."""
        try:
            found = (self._models / CURRENT).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
