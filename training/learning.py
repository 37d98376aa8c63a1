"""What a retrained model's classifiers are fitted to: the rows of labelled and of held texts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from threadpoolctl import threadpool_limits

from tagger import Document, Window
from training.features import TokenTable
from training.fragments import fragment_features
from training.naming import Naming, naming_of
from training.shift import Examples, Linear, shifted

__all__ = ["Pull", "Sources", "Text", "learnt", "probabilities", "sources_of"]

Floats = NDArray[np.float32]

_MOST_HELD = 25_000
_MOST_NEW = 60_000
_LOGIT_OF_RARE = -4.0


@dataclass(frozen=True)
class Text:
    """A text to learn from.

    looked_for  the labels that its spans speak of; None: it holds the model where it is, its spans
                are those that the model should go on naming as it does
    weight      how much each of its tokens counts
    """

    document: Document
    looked_for: frozenset[str] | None
    weight: float = 1.0


@dataclass(frozen=True)
class Pull:
    """How hard classifiers are pulled back to the model: inverse strengths, as scikit-learn's C.

    tokens, fragments          of the classifiers that the model has
    own_tokens, own_fragments  of those of new labels
    """

    tokens: float = 4e-6
    fragments: float = 1e-4
    own_tokens: float = 1e-3
    own_fragments: float = 1.5e-3


@dataclass(frozen=True, eq=False)
class Sources:
    """Rows of texts, each with the number of its text, and the classifiers they are to move.

    labels     ids of the columns: the model's labels, then new ones
    known      how many of them the model has
    spoken     (columns of tokens,): which of them new texts speak of; the others stay as they are
    fragments  the classifier of the model's labels, and its rows
    naming     what names of new labels are learnt from, if there are any
    """

    labels: tuple[str, ...]
    known: int
    tokens: Linear
    token_rows: Examples
    token_owners: NDArray[np.intp]
    spoken: NDArray[np.bool_]
    fragments: Linear
    fragment_rows: Examples
    fragment_owners: NDArray[np.intp]
    naming: Naming | None


def sources_of(
    table: TokenTable,
    texts: Sequence[Text],
    labels: Sequence[str],
    known: int,
    tokens: Linear,
    fragments: Linear,
    *,
    seed: int,
) -> Sources:
    """The rows of texts whose states `table` holds.

    tokens, fragments  the classifiers of the model, with its own labels alone
    seed               of the choice of tokens, where there are too many to learn from all
    """
    documents = [text.document for text in texts]
    own = len(labels) - known
    wide = tokens.widened(own, _LOGIT_OF_RARE, at=known)
    weights = np.stack([_column_weights(text, labels, known) for text in texts])
    held = np.array([text.looked_for is None for text in texts])
    rows, share = _sampled(table, held, seed)
    owners = table.documents[rows].astype(np.intp)
    features = table.matrix(rows)
    said = expit(wide.decisions(features))
    said[:, known : known + own] = 0  # in held texts no one found a new label
    gold = table.targets(documents, labels)[rows].astype(np.float32)
    # Of a text read for some labels only, the rest of what bears any technique is not known.
    partial = np.array([not (text.looked_for or set()) >= {*labels} for text in texts])
    gold[:, -1] = np.maximum(gold[:, -1], said[:, -1] * partial[owners])
    targets = np.where(held[owners, None], said, gold)
    token_rows = Examples(features, targets, weights[owners] * share[:, None])

    states, columns, of = fragment_features(table, documents, labels[:known])
    kept = softmax(fragments.decisions(states), axis=1)
    naming = np.where(held[of, None], kept, np.eye(known, dtype=np.float32)[columns])
    counts = np.array([text.weight for text in texts], np.float32)
    fragment_rows = Examples(states, naming, np.repeat(counts[of][:, None], known, axis=1))
    names = None
    if own:
        read = np.array([(text.looked_for or frozenset()) >= {*labels[known:]} for text in texts])
        parts = labels[:known], labels[known:]
        names = naming_of(table, documents, held, counts, read, parts, seed=seed)
    return Sources(
        labels=tuple(labels),
        known=known,
        tokens=wide,
        token_rows=token_rows,
        token_owners=owners,
        spoken=weights[~held].any(axis=0),
        fragments=fragments,
        fragment_rows=fragment_rows,
        fragment_owners=of,
        naming=names,
    )


def learnt(
    sources: Sources, texts: NDArray[np.bool_], pull: Pull, *, jobs: int
) -> tuple[Linear, Linear]:
    """The classifiers of tokens and of fragments, moved towards some of the texts, (texts,)."""
    width = len(sources.labels)
    strengths = np.full(width + 1, pull.tokens)
    strengths[sources.known : width] = pull.own_tokens
    strengths[~sources.spoken] = 0
    tokens = shifted(
        sources.tokens,
        [sources.token_rows.of(texts[sources.token_owners])],
        penalty=strengths,
        jobs=jobs,
    )
    fragments = shifted(
        sources.fragments,
        [sources.fragment_rows.of(texts[sources.fragment_owners])],
        penalty=np.full(sources.known, pull.fragments),
        link="softmax",
        jobs=jobs,
    )
    if sources.naming:
        fragments = sources.naming.learnt(fragments, texts, pull.own_fragments, jobs=jobs)
    return tokens, fragments


def probabilities(
    table: TokenTable, tokens: Linear, texts: NDArray[np.bool_]
) -> tuple[list[Window], list[Floats]]:
    """The windows of some of the texts, (texts,), and what classifiers say of each: (tokens,
    labels + 1)."""
    rows = np.flatnonzero(texts[table.documents])
    found = [np.zeros((0, len(tokens.bias)), np.float32)]
    with threadpool_limits(1, "blas"):
        for part in np.array_split(rows, len(rows) // 8192 + 1):
            found.append(expit(tokens.decisions(table.matrix(part))))
    numbers = table.windows[rows]
    every = np.split(np.concatenate(found), np.flatnonzero(np.diff(numbers)) + 1)
    return [table.plan[number] for number in dict.fromkeys(numbers.tolist())], every


def _column_weights(text: Text, labels: Sequence[str], known: int) -> Floats:
    """How much each column of a text's tokens counts, the last: any label."""
    if text.looked_for is None:
        return np.full(len(labels) + 1, text.weight, np.float32)
    counts = [label in text.looked_for for label in labels]
    # Labels of a team's own leave "any of them" as it is: it is part of how others are scored.
    return np.array([*counts, any(counts[:known])], np.float32) * np.float32(text.weight)


def _sampled(
    table: TokenTable, held: NDArray[np.bool_], seed: int
) -> tuple[NDArray[np.intp], Floats]:
    """Tokens to learn from, and by how much each stands for others like it. Of held texts a sample
    is enough; it stands for itself alone, or a large corpus would forbid every change."""
    random = np.random.default_rng(seed)
    rows, shares = [], []
    for kind, most in ((held, _MOST_HELD), (~held, _MOST_NEW)):
        own = np.flatnonzero(kind[table.documents])
        share = min(1.0, most / max(len(own), 1))
        kept = own[random.random(len(own)) < share]
        rows.append(kept)
        shares.append(np.full(len(kept), 1 if kind is held else 1 / share, np.float32))
    order = np.argsort(np.concatenate(rows), kind="stable")
    return np.concatenate(rows)[order], np.concatenate(shares)[order]
