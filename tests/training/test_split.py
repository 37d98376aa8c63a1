"""Texts that belong together stay on one side."""

import numpy as np

from tagger import Document, Span
from training.split import dealt, joined, near_duplicates

LONG = "The council sold the old mill to a builder from the coast for a very small sum of money"


def test_near_duplicates() -> None:
    texts = [
        LONG,
        LONG.upper() + "!",
        f"As this paper reported in May: {LONG}. Nobody was asked, and nobody will be.",
        "The council sold the old mill, and that was the end of the matter for all of us here",
        "Short text.",
        "Short text.",
    ]
    pairs = near_duplicates([Document(text) for text in texts])
    assert pairs == [(0, 1), (0, 2), (1, 2)]
    assert near_duplicates([Document("one two"), Document("")]) == []


def test_groups_are_joined_through_their_texts() -> None:
    groups = joined(["a", "b", "a", "c", "d"], [(0, 1), (1, 3)])
    assert len({*groups[:4]}) == 1
    assert groups[4] != groups[0]


def test_groups_are_dealt_whole_and_rare_labels_evenly() -> None:
    names = ["rare"] * 10 + ["common"] * 50
    documents = [Document("x" * 9, (Span(0, 3, name),), str(i)) for i, name in enumerate(names)]
    documents += [Document("y", (), "none")] * 12
    groups = np.array([i // 2 for i in range(len(documents))])
    folds = dealt(documents, groups, 5, seed=0)
    assert [len({*folds[groups == group].tolist()}) for group in range(36)] == [1] * 36
    assert np.bincount(folds[:10]).tolist() == [2] * 5
    assert np.bincount(folds).max() - np.bincount(folds).min() <= 2
    assert folds.tolist() == dealt(documents, groups, 5, seed=0).tolist()
    assert folds.tolist() != dealt(documents, groups, 5, seed=1).tolist()
