"""The Tagger: paragraphs in, Documents with labelled spans out."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.config import Config, default_model
from tagger.decode import decode
from tagger.errors import InputError, ModelError
from tagger.fragments import Marked, locate, rank
from tagger.manifest import Manifest
from tagger.model import Model, available_cores
from tagger.spans import Classification, Document
from tagger.windows import Window

__all__ = ["Tagger"]

Floats = NDArray[np.float32]

_PROBE = "The first run takes longer than all others."


class Tagger:
    """Finds persuasion techniques in texts. Make one with `Tagger.load`; it may be shared by
    threads.

    `tag` is `decode(plan(texts), infer(windows))`. The three steps are public, so that a caller
    can infer windows of many texts at once; they never depend on what else is inferred with them.
    """

    def __init__(self, model: Model, *, threads: int | None = None) -> None:
        self._model = model
        self._threads = threads or available_cores()
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    @classmethod
    def load(cls, path: str | Path | None = None, *, threads: int | None = None) -> "Tagger":
        """The model in folder `path`; without it, what TAGGER_MODELS serves or the packaged one.

        threads  windows computed at the same time, by default TAGGER_THREADS or all cores

        Raises ModelError if the folder is not a model or is damaged.
        """
        config = Config.from_environment()
        folder = Path(path) if path is not None else default_model(config.models)
        return cls(Model(folder), threads=threads or config.threads)

    @property
    def labels(self) -> tuple[str, ...]:
        """Ids of the techniques this model knows."""
        return tuple(label.id for label in self.manifest.labels)

    @property
    def manifest(self) -> Manifest:
        """What the model folder says of itself: taxonomy, thresholds, figures."""
        return self._model.manifest

    def warm(self) -> None:
        """Tag a sentence, since the first run takes longer than all others, and check what comes.

        Raises ModelError if the graphs can't run, or don't fit each other or the manifest.
        """
        try:
            windows = self.plan([_PROBE])
            found = self.infer(windows)
            self.decode([_PROBE], windows, found, thresholds=0)
            (named,) = self.classify(_PROBE, [(0, len(_PROBE))])
        except Exception as error:  # onnxruntime's exceptions share no narrower base
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ModelError(f"{self._model.folder}: the model can't tag: {reason}") from None
        shapes = [(len(window), len(self.labels) + 1) for window in windows]
        numbers = np.concatenate([*map(np.ravel, found), list(named.scores.values())])
        rounded = (numbers >= 0) & (numbers < 1.001)
        if [each.shape for each in found] != shapes or not rounded.all():
            raise ModelError(
                f"{self._model.folder}: what the graphs give are not probabilities of the "
                "manifest's labels: export the model anew"
            )

    def tag(
        self,
        texts: Sequence[str],
        *,
        labels: Sequence[str] | None = None,
        thresholds: float | Mapping[str, float] | None = None,
    ) -> list[Document]:
        """Tag independent texts: one Document each, in order, spans by (start, -end, label).

        labels, thresholds  as for `decode`

        Raises InputError if a text is not a str or holds a lone surrogate, for an unknown label,
        or for a threshold outside [0, 1].
        """
        texts = _check(texts)
        windows = self.plan(texts)
        return self.decode(
            texts, windows, self.infer(windows), labels=labels, thresholds=thresholds
        )

    def tag_document(
        self,
        paragraphs: Sequence[str],
        *,
        labels: Sequence[str] | None = None,
        thresholds: float | Mapping[str, float] | None = None,
    ) -> list[Document]:
        """Tag the paragraphs of one document, in order, each in the context of its neighbours.

        One Document a paragraph; otherwise as `tag`.
        """
        paragraphs = _check(paragraphs)
        windows = self.plan_document(paragraphs)
        return self.decode(
            paragraphs, windows, self.infer(windows), labels=labels, thresholds=thresholds
        )

    def classify(self, text: str, fragments: Sequence[tuple[int, int]]) -> list[Classification]:
        """The technique of fragments that someone else marked, one Classification each, in order.

        fragments  (start, end) code-point offsets, half-open; a fragment given k times gets its
                   k most likely labels

        Raises InputError for a fragment that does not fit the text or holds no word.
        """
        marked = self.locate(text, self.plan([text]), fragments)
        return self.rank(fragments, marked, [self.infer_fragments(one) for one in marked])

    def locate(
        self, text: str, windows: Sequence[Window], fragments: Sequence[tuple[int, int]]
    ) -> list[Marked]:
        """Step 1 of `classify`, after `plan`: in which window each fragment is classified.

        Raises InputError as `classify`.
        """
        return locate(text, windows, fragments)

    def infer_fragments(self, marked: Marked) -> Floats:
        """Step 2: the probability of each label for a window's fragments, (n, labels)."""
        return self._model.fragments(marked.window, marked.bounds, marked.times)

    def rank(
        self,
        fragments: Sequence[tuple[int, int]],
        marked: Sequence[Marked],
        probabilities: Sequence[Floats],
    ) -> list[Classification]:
        """Step 3: one Classification for each fragment, in order."""
        return rank(fragments, marked, probabilities, self.labels)

    def plan(self, texts: Sequence[str]) -> list[Window]:
        """Step 1 of `tag`: the windows of independent texts, in order."""
        return self._model.windower.plan(_check(texts))

    def plan_document(self, paragraphs: Sequence[str]) -> list[Window]:
        """Step 1 of `tag_document`: the windows of one document's paragraphs."""
        return self._model.windower.plan_document(_check(paragraphs))

    def infer(self, windows: Sequence[Window]) -> list[Floats]:
        """Step 2: for each window the probabilities of its tokens, (tokens, labels + 1).

        The last column is the probability that a token bears any technique.
        """
        if len(windows) < 2 or self._threads == 1:
            return [self._model.tokens(window) for window in windows]
        return list(self._executor().map(self._model.tokens, windows))

    def decode(
        self,
        texts: Sequence[str],
        windows: Sequence[Window],
        probabilities: Sequence[Floats],
        *,
        labels: Sequence[str] | None = None,
        thresholds: float | Mapping[str, float] | None = None,
    ) -> list[Document]:
        """Step 3: one Document for each text that was planned.

        labels      ids to return; None: all
        thresholds  lowest scores: one number for all labels, or a mapping by label id in which
                    "default" stands for the rest; None: the model's own. They only filter:
                    0 returns every candidate
        """
        return decode(
            texts,
            windows,
            probabilities,
            self.manifest.labels,
            labels=labels,
            thresholds=thresholds,
        )

    def _executor(self) -> ThreadPoolExecutor:
        # Made at first use, so that a Tagger loaded before a fork works after it.
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="tagger")
            return self._pool


def _check(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise InputError("texts is one str: send a list, [text]")
    texts = list(texts)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"text {number + 1} is a {type(text).__name__}, not a str")
    return texts
