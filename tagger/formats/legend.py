"""What a reader needs to know of each technique found: how it is drawn, named and counted."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tagger.manifest import Label
from tagger.spans import Document

__all__ = ["Entry", "legend"]

_SMALL_WORDS = frozenset({"a", "ad", "an", "and", "of", "or", "the", "to", "vs"})


@dataclass(frozen=True)
class Entry:
    """One technique and what was found of it.

    position      its place among the labels, which its colour follows
    abbreviation  a few letters, different for every technique
    count         how many spans bear it
    highest       the highest score among them, None if there are none
    """

    position: int
    id: str
    name: str
    abbreviation: str
    definition: str
    count: int
    highest: float | None


def legend(labels: Sequence[Label], documents: Iterable[Document]) -> dict[str, Entry]:
    """The entry of every label, by id, in the labels' order.

    A label that spans bear but `labels` lacks comes last, named by its id.
    """
    scores: dict[str, list[float]] = {label.id: [] for label in labels}
    for document in documents:
        for span in document.spans:
            scores.setdefault(span.label, []).append(span.score)
    known = {label.id: label for label in labels}
    entries: dict[str, Entry] = {}
    taken: set[str] = set()
    for position, (label_id, found) in enumerate(scores.items()):
        name = known[label_id].name if label_id in known else label_id.replace("_", " ")
        abbreviation = _abbreviation(name, taken)
        taken.add(abbreviation)
        entries[label_id] = Entry(
            position=position,
            id=label_id,
            name=name,
            abbreviation=abbreviation,
            definition=known[label_id].definition if label_id in known else "",
            count=len(found),
            highest=max(found, default=None),
        )
    return entries


def _abbreviation(name: str, taken: set[str]) -> str:
    words = [word for word in re.findall(r"[^\W_]+", name) if word.lower() not in _SMALL_WORDS]
    if len(words) > 1:
        short = "".join(word[0] for word in words[:3]).upper()
    else:
        short = "".join(words)[:2].capitalize() or "?"
    number, abbreviation = 1, short
    while abbreviation in taken:
        number += 1
        abbreviation = f"{short}{number}"
    return abbreviation
