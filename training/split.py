"""Which texts belong together, and which are held out: articles, never their sentences."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import CountVectorizer

from tagger import Document

__all__ = ["dealt", "joined", "near_duplicates"]

_WORDS = 5
_SHARED = 0.5


def near_duplicates(documents: Sequence[Document]) -> list[tuple[int, int]]:
    """Pairs of documents of which one holds half the runs of five words of the other.

    Broder, On the resemblance and containment of documents, 1997.
    """
    counter = CountVectorizer(binary=True, ngram_range=(_WORDS, _WORDS), token_pattern=r"\w+")
    try:
        holds = counter.fit_transform([document.text for document in documents]).astype(np.float32)
    except ValueError:  # no text has five words
        return []
    sizes = np.asarray(holds.sum(axis=1)).ravel()
    shared = (holds @ holds.T).tocoo()
    smaller = np.minimum(sizes[shared.row], sizes[shared.col])
    near = (shared.row < shared.col) & (shared.data >= _SHARED * smaller)
    return sorted(zip(shared.row[near].tolist(), shared.col[near].tolist(), strict=True))


def joined(groups: Sequence[str], pairs: Sequence[tuple[int, int]]) -> NDArray[np.intp]:
    """A number for each document: the same for documents of one group, and of groups that a pair
    joins."""
    names = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    places = np.array([names[name] for name in groups], np.intp)
    rows = [places[one] for one, _ in pairs]
    columns = [places[other] for _, other in pairs]
    edges = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(names), len(names)))
    _, parts = connected_components(edges, directed=False)
    return np.asarray(parts[places], np.intp)


def dealt(
    documents: Sequence[Document], groups: NDArray[np.intp], folds: int, seed: int
) -> NDArray[np.intp]:
    """The fold of each document: groups are dealt out in turn, those with rare labels first, so
    that each fold gets its share of them."""
    spans = Counter(span.label for document in documents for span in document.spans)
    rarest: dict[int, int] = {}
    for document, group in zip(documents, groups.tolist(), strict=True):
        own = min((spans[span.label] for span in document.spans), default=spans.total() + 1)
        rarest[group] = min(own, rarest.get(group, own))
    shuffled = np.random.default_rng(seed).permutation(sorted(rarest)).tolist()
    order = sorted(shuffled, key=lambda group: rarest[group])
    fold = {group: place % folds for place, group in enumerate(order)}
    return np.array([fold[group] for group in groups.tolist()], np.intp)
