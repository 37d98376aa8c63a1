"""The Tagger: paragraphs in, Documents with labelled spans out."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagger.config import Config, default_model
from tagger.decode import decode
from tagger.errors import InputError
from tagger.fragments import times_in
from tagger.manifest import Manifest
from tagger.model import Model, available_cores
from tagger.spans import Classification, Document
from tagger.windows import Window

__all__ = ["Tagger"]

Floats = NDArray[np.float32]


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
        windows = self.plan([text])
        scores = np.zeros((len(fragments), len(self.labels)))
        for number, (start, end) in enumerate(fragments):
            if not 0 <= start < end <= len(text):
                raise InputError(
                    f"fragment {number + 1} is {start}-{end}: it must hold at least one character "
                    f"of the text, which has {len(text)}",
                    item=number,
                )
        times = np.array(times_in(text, fragments), np.int64)
        for rows, window, bounds in _locate(windows, fragments):
            scores[rows] = self._model.fragments(window, bounds, times[rows])
        for number in np.flatnonzero(scores.sum(axis=1) == 0).tolist():
            start, end = fragments[number]
            reason = f"fragment {number + 1}, {start}-{end}, holds no word or sign"
            raise InputError(reason, item=number)
        return _rank(fragments, scores, self.labels)

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


def _locate(
    windows: Sequence[Window], fragments: Sequence[tuple[int, int]]
) -> Iterator[tuple[list[int], Window, NDArray[np.int64]]]:
    """For each window, the fragments to classify in it and the tokens they hold, half-open.

    A fragment is classified in the window that holds most of it.
    """
    starts, ends = np.array(fragments, np.int64).reshape(-1, 2).T
    bounds = np.zeros((len(fragments), 2), np.int64)
    sizes = np.zeros(len(fragments), np.int64)
    best = np.full(len(fragments), -1)
    for column, window in enumerate(windows):
        first = np.searchsorted(window.ends, starts, side="right")
        last = np.searchsorted(window.starts, ends, side="left")
        more = last - first > sizes
        bounds[more] = np.stack([first, last], axis=1)[more]
        sizes[more] = (last - first)[more]
        best[more] = column
    for column in np.unique(best[best >= 0]).tolist():
        rows = np.flatnonzero(best == column)
        yield rows.tolist(), windows[column], bounds[rows]


def _rank(
    fragments: Sequence[tuple[int, int]], scores: NDArray[np.float64], labels: Sequence[str]
) -> list[Classification]:
    """The best label of each fragment; the next best ones for its repetitions."""
    seen: Counter[tuple[int, int]] = Counter()
    found = []
    for (start, end), row in zip(fragments, scores, strict=True):
        rank = min(seen[start, end], len(labels) - 1)
        seen[start, end] += 1
        best = int(np.argsort(-row, kind="stable")[rank])
        by_label = dict(zip(labels, row.tolist(), strict=True))
        found.append(Classification(start, end, labels[best], float(row[best]), by_label))
    return found
