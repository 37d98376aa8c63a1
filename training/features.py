"""What the classifiers see: hidden states of the tokens of labelled documents."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tagger import Document, Encoder, Span, Window, Windower, available_cores

__all__ = ["LAYERS", "TokenTable", "token_table", "window_targets"]

LAYERS = ("hidden_2", "hidden_4", "hidden_6")
"""The encoder's states that classifiers use: from what a word is to what it means in its place."""


@dataclass(frozen=True, eq=False)
class TokenTable:
    """The tokens of documents, one row each, in order.

    states     float16 (tokens, layers x width)
    documents  int32 (tokens,): index of each token's document
    windows    int32 (tokens,): index of each token's window
    repeats    float32 (tokens, 3): how often the document repeats it, see `Window`
    plan       the windows
    """

    states: NDArray[np.float16]
    documents: NDArray[np.int32]
    windows: NDArray[np.int32]
    repeats: NDArray[np.float32]
    plan: Sequence[Window]

    def matrix(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Features of some tokens, float32 (rows, 4 x layers x width + 3): the states of the token,
        of the one before, of the one after (zeros at a window's edge), their mean over the window,
        and the token's repetitions."""
        width = self.states.shape[1]
        features = np.zeros((len(rows), 4 * width + self.repeats.shape[1]), np.float32)
        features[:, :width] = self.states[rows]
        for part, step in ((1, -1), (2, 1)):
            near = np.clip(rows + step, 0, len(self.windows) - 1)
            inside = (self.windows[near] == self.windows[rows]) & (near != rows)
            features[inside, part * width : (part + 1) * width] = self.states[near[inside]]
        features[:, 3 * width : 4 * width] = self.window_means[self.windows[rows]]
        features[:, 4 * width :] = self.repeats[rows]
        return features

    def targets(self, documents: Sequence[Document], labels: Sequence[str]) -> NDArray[np.bool_]:
        """Which labels each token bears, (tokens, labels + 1); the last column: any of them."""
        owners = self.documents[np.flatnonzero(np.diff(self.windows, prepend=-1))]
        pairs = zip(self.plan, [documents[owner].spans for owner in owners], strict=True)
        return np.concatenate([window_targets(*pair, labels) for pair in pairs])

    @cached_property
    def window_means(self) -> NDArray[np.float32]:
        """The mean state of each window, float32 (windows, layers x width)."""
        firsts = np.flatnonzero(np.diff(self.windows, prepend=-1))
        counts = np.diff(np.append(firsts, len(self.windows)))
        means = np.zeros((len(self.plan), self.states.shape[1]), np.float32)
        sums = np.add.reduceat(self.states, firsts, axis=0, dtype=np.float32)
        means[self.windows[firsts]] = sums / counts[:, None]
        return means


def window_targets(
    window: Window, spans: Sequence[Span], labels: Sequence[str]
) -> NDArray[np.bool_]:
    """Which labels each token of a window bears, given the spans of its text: (tokens, labels + 1);
    the last column: any of them."""
    bears = np.zeros((len(window), len(labels) + 1), bool)
    columns = {label: column for column, label in enumerate(labels)}
    for span in spans:
        if span.label in columns:
            inside = (window.starts < span.end) & (window.ends > span.start)
            bears[inside, columns[span.label]] = True
    bears[:, -1] = bears[:, :-1].any(axis=1)
    return bears


def token_table(
    documents: Sequence[Document],
    encoder: Encoder,
    windower: Windower,
    *,
    labelled_only: bool = False,
) -> TokenTable:
    """Run the encoder over documents, on all cores, with progress.

    labelled_only  leave out windows that hold no part of a span
    """
    plan = windower.plan([document.text for document in documents])
    plan = [window for window in plan if len(window)]
    if labelled_only:
        plan = [w for w in plan if _bears(w, documents[w.pieces[0].source].spans)]

    def states(window: Window) -> NDArray[np.float16]:
        return np.concatenate(encoder.hidden(window, LAYERS), axis=1).astype(np.float16)

    with ThreadPoolExecutor(available_cores()) as pool:
        parts = pool.map(states, plan)
        progress = tqdm(parts, "encode", len(plan), unit="window", disable=None)
        table = np.concatenate(list(progress))
    counts = [len(window) for window in plan]
    owners = [window.pieces[0].source for window in plan]
    return TokenTable(
        table,
        np.repeat(np.array(owners, np.int32), counts),
        np.repeat(np.arange(len(plan), dtype=np.int32), counts),
        np.concatenate([window.repeats for window in plan]),
        plan,
    )


def _bears(window: Window, spans: Sequence[Span]) -> bool:
    return any(((window.starts < s.end) & (window.ends > s.start)).any() for s in spans)
