"""How given fragments come to be named by new labels, while other names stay as they were.

A new label is told from all others together, by a column of its own beside the model's, which don't
move: so among themselves the model's labels stay as likely as they were. A few examples alone would
claim every fragment of which the model is unsure. Counter-examples hold them back:

- spans of the model's labels: gold ones, and what the model takes for candidates in held texts;
- runs of words and whole sentences of held texts;
- those beside the new spans, of the same topic and the same author.

Each kind weighs the same, and all of them as many times what the examples of a label do as the
model has labels: a new label is as likely as any other before its words are looked at. Of the first
kind a label weighs as the square root of its spans, or the frequent ones alone would hold.
"""

import itertools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from tagger import Document, Span
from training.features import TokenTable
from training.fragments import fragment_features
from training.shift import Examples, Linear, shifted

__all__ = ["Naming", "naming_of", "runs"]

Floats = NDArray[np.float32]
Numbers = NDArray[np.intp]

_LENGTHS = (1, 2, 3, 5, 8, 13)
_MOST_RUNS = 3000
_NEVER = -1e4
_WORD = re.compile(r"\S+")
_SENTENCE = re.compile(r"[^\s.!?](?:[^.!?\n]*[^\s.!?])?[.!?]*[\"'”’)]*")


@dataclass(frozen=True, eq=False)
class Naming:
    """Fragments that new labels are learnt from, one row each.

    labels    how many the model has, and how many are new
    features  float32 (fragments, features)
    columns   the new label of each, -1 of counter-examples
    kinds     0 of examples; 1, 2 and 3 of counter-examples, in the order above
    bears     of each of kind 1, the model's label that it bears; else 0
    owners    the text of each
    weights   float32 (fragments,): how much each example counts
    """

    labels: tuple[int, int]
    features: Floats
    columns: Numbers
    kinds: Numbers
    bears: Numbers
    owners: Numbers
    weights: Floats

    def learnt(
        self, model: Linear, texts: NDArray[np.bool_], penalty: float, *, jobs: int
    ) -> Linear:
        """The model with a column for each new label, learnt from some of the texts, (texts,).

        penalty  inverse strength of regularisation (scikit-learn's C)
        """
        known, own = self.labels
        rows = texts[self.owners]
        columns, kinds = self.columns[rows], self.kinds[rows]
        examples = kinds == 0
        weights = np.where(examples, self.weights[rows], 0)
        present = [kind for kind in (1, 2, 3) if (kinds == kind).any()]
        for kind in present:
            total = known * examples.sum() / own / len(present)
            bears = self.bears[rows][kinds == kind]
            each = np.bincount(bears)[bears] ** -0.5
            weights[kinds == kind] = total * each / each.sum()
        targets = np.zeros((len(columns), known + own), np.float32)
        # The model's columns don't move, so it is all one which of them a counter-example bears.
        targets[np.arange(len(columns)), np.where(examples, known + columns, 0)] = 1
        features = self.features[rows]
        if not examples.any():
            return model.widened(own, _NEVER, at=known)
        start = float(np.median(logsumexp(model.decisions(features), axis=1)))
        wide = model.widened(own, start - float(np.log(known + own)), at=known)
        every = np.repeat(weights[:, None], known + own, axis=1).astype(np.float32)
        return shifted(
            wide,
            [Examples(features, targets, every)],
            penalty=np.repeat([0.0, penalty], self.labels),
            link="softmax",
            tolerance=1e-4,
            jobs=jobs,
        )


def naming_of(
    table: TokenTable,
    documents: Sequence[Document],
    held: NDArray[np.bool_],
    weights: Floats,
    looked_for: NDArray[np.bool_],
    labels: tuple[Sequence[str], Sequence[str]],
    *,
    seed: int,
) -> Naming:
    """Examples and counter-examples of documents whose states `table` holds.

    held        (documents,): of which the spans are named as the model would
    weights     (documents,): how much examples of each count
    looked_for  (documents,): was each read for all new labels, so that the rest of it bears none?
    labels      the model's, and new ones
    seed        of the choice of runs, where there are too many to learn from all
    """
    known, own = labels
    random = np.random.default_rng(seed)
    sources: list[Sequence[Document]] = [[_told_apart(one, {*own}) for one in documents]]
    for chosen in (held, looked_for & ~held):
        pairs = zip(documents, chosen.tolist(), held.tolist(), strict=True)
        beside = [
            replace(one, spans=_beside(one.text, () if free else one.spans, known[0]))
            if taken
            else replace(one, spans=())
            for one, taken, free in pairs
        ]
        sources.append(_some(beside, _MOST_RUNS, random))
    parts = [fragment_features(table, one, [*known, *own]) for one in sources]
    columns = np.concatenate([part[1] for part in parts]) - len(known)
    kinds = np.repeat([1, 2, 3], [len(part[1]) for part in parts])
    owners = np.concatenate([part[2] for part in parts])
    return Naming(
        (len(known), len(own)),
        np.concatenate([part[0] for part in parts]),
        np.maximum(columns, -1),
        np.where(columns >= 0, 0, kinds),
        np.where(kinds == 1, np.minimum(columns, -1) + len(known), 0),
        owners,
        weights[owners],
    )


def runs(text: str) -> list[tuple[int, int]]:
    """Runs of 1 to 13 words, one after the other, and sentences, as half-open offsets."""
    words = [found.span() for found in _WORD.finditer(text)]
    found, first = [], 0
    for length in itertools.cycle(_LENGTHS):
        if first >= len(words):
            break
        part = words[first : first + length]
        found.append((part[0][0], part[-1][1]))
        first += length
    return list(dict.fromkeys([*found, *(one.span() for one in _SENTENCE.finditer(text))]))


def _told_apart(document: Document, own: Collection[str]) -> Document:
    """Less the spans that bear a new label too: they are no counter-examples."""
    bears = {(span.start, span.end) for span in document.spans if span.label in own}
    spans = [s for s in document.spans if s.label in own or (s.start, s.end) not in bears]
    return replace(document, spans=tuple(spans))


def _beside(text: str, spans: Sequence[Span], label: str) -> tuple[Span, ...]:
    """Runs that meet none of the spans."""
    return tuple(
        Span(start, end, label)
        for start, end in runs(text)
        if not any(start < span.end and span.start < end for span in spans)
    )


def _some(
    documents: Sequence[Document], most: int, random: np.random.Generator
) -> Sequence[Document]:
    """About `most` of the spans, if there are more."""
    count = sum(len(one.spans) for one in documents)
    if count <= most:
        return documents
    kept = iter((random.random(count) < most / count).tolist())
    return [replace(one, spans=tuple(s for s in one.spans if next(kept))) for one in documents]
