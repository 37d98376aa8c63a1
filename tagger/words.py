"""Tokens become words: a word's probability is the mean over its tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.segments import Phrases
from tagger.windows import SENTENCE, Window

__all__ = ["Words", "words_of_documents"]

Floats = NDArray[np.float32]

_LONG = 4
"""Letters or digits of the shortest word that a phrase may begin or end with."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one document, in order.

    sources        number of the text that each word comes from
    starts, ends   half-open code-point offsets of each word in its text
    breaks         words that begin a sentence
    probabilities  (words, labels + 1)
    """

    sources: NDArray[np.int32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    breaks: NDArray[np.intp]
    probabilities: Floats

    def within_punctuation(self, texts: Sequence[str], first: int, last: int) -> tuple[int, int]:
        """The words `first:last` less those without a letter or digit at either end."""
        while first < last and not self._letters(texts, first):
            first += 1
        while first < last and not self._letters(texts, last - 1):
            last -= 1
        return first, last

    def _letters(self, texts: Sequence[str], word: int) -> bool:
        text = texts[self.sources[word]]
        return any(map(str.isalnum, text[self.starts[word] : self.ends[word]]))

    def phrases(self, texts: Sequence[str]) -> Phrases:
        """The phrases that the document repeats, upper and lower case alike."""
        numbers: dict[str, int] = {}
        keys = np.full(len(self.starts), -1, np.intp)
        ends = np.zeros(len(self.starts), bool)
        for i, (source, start, end) in enumerate(
            zip(self.sources.tolist(), self.starts.tolist(), self.ends.tolist(), strict=True)
        ):
            word = texts[source][start:end].lower()
            letters = sum(map(str.isalnum, word))
            if letters:
                keys[i] = numbers.setdefault(word, len(numbers))
                ends[i] = letters >= _LONG
        return Phrases(keys, ends, self.breaks)


def words_of_documents(
    windows: Sequence[Window], probabilities: Sequence[Floats]
) -> Iterator[Words]:
    """The words of each document, over the windows it was cut into."""
    parts: dict[int, list[tuple[Window, Floats]]] = {}
    for window, values in zip(windows, probabilities, strict=True):
        if len(window):
            parts.setdefault(window.document, []).append((window, values))
    for document in sorted(parts):
        own = [window for window, _ in parts[document]]
        begins = _joined([window.begins for window in own])
        sources = _joined([window.sources for window in own])
        starts = _joined([window.starts for window in own])
        ends = _joined([window.ends for window in own])
        values = _joined([values for _, values in parts[document]])
        changes = np.ones(len(sources), bool)
        np.not_equal(sources[1:], sources[:-1], out=changes[1:])
        first = np.flatnonzero((begins > 0) | changes)
        last = np.append(first[1:], len(begins)) - 1
        counts = (last - first + 1).astype(np.float32)[:, None]
        means = (np.add.reduceat(values, first, axis=0) / counts).astype(np.float32)
        opens = (begins[first] >= SENTENCE) | changes[first]
        yield Words(sources[first], starts[first], ends[last], np.flatnonzero(opens), means)


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
