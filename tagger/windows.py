"""Texts become windows: runs of tokens that the encoder sees together.

Nothing is normalised, stripped or truncated. Every character of a text belongs to exactly one
window, and a token knows the characters it stands for, so that spans index the text as received.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import ne
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as WordPieces

from tagger.errors import InputError, ModelError
from tagger.sentences import sentence_ends

__all__ = [
    "PARAGRAPH",
    "REPEATS",
    "SENTENCE",
    "WORD",
    "Piece",
    "Window",
    "Windower",
    "windows_per_text",
]

WORD, SENTENCE, PARAGRAPH = 1, 2, 3
"""What starts at a token; 0 where it continues a word."""

REPEATS = (1, 2, 3)
"""Lengths of the runs of tokens whose repetition in the document is counted."""

_CHUNK = 100_000  # characters given to the tokenizer at once: bounds its memory on long texts
_BLANK_LINE = re.compile(r"(?:\r\n|[\n\r])[^\S\n\r]*(?:\r\n|[\n\r])|\u2029")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019](?=\w)")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Piece:
    """The part `start:end` of text number `source` that a window covers."""

    source: int
    start: int
    end: int


@dataclass(frozen=True, eq=False, slots=True)
class Window:
    """A run of tokens; arrays have a row for each token.

    pieces        what the window covers: one piece, or several where paragraphs share it
    ids           int64 token ids, without the special tokens around them
    sources       int32 number of the text that each token comes from
    starts, ends  int32 half-open code-point offsets of each token in its text
    begins        int8: what begins at the token: 0, WORD, SENTENCE or PARAGRAPH
    repeats       float32 (tokens, len(REPEATS)): the log of how often the document holds the run
                  of one, two or three tokens that the token is in (of several, the most frequent)
    document      number of the first text of the document that the window is of
    """

    pieces: tuple[Piece, ...]
    ids: NDArray[np.int64]
    sources: NDArray[np.int32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    begins: NDArray[np.int8]
    repeats: NDArray[np.float32]
    document: int = 0

    def __len__(self) -> int:
        return len(self.ids)


class Windower:
    """Cuts texts into windows of at most `tokens` tokens, between sentences where it can.

    Raises ModelError if `tokenizer_json` can't be read.
    """

    def __init__(self, tokenizer_json: bytes, tokens: int) -> None:
        try:
            self._tokenizer = WordPieces.from_str(tokenizer_json.decode("utf-8"))
        except Exception as error:  # the library raises nothing narrower
            raise ModelError(f"tokenizer.json can't be read: {error}") from None
        # Tokenizer files come with both switched on; either would lose or add tokens.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        # A text that spells "[SEP]" holds five characters, not a control token.
        self._tokenizer.encode_special_tokens = True
        self._limit = tokens

    def plan(self, texts: Sequence[str]) -> list[Window]:
        """Windows of independent texts, in order: no window holds tokens of two texts."""
        return [window for i, text in enumerate(texts) for window in self._windows([text], i)]

    def plan_document(self, paragraphs: Sequence[str]) -> list[Window]:
        """Windows of one document, in order: its paragraphs share windows where they fit."""
        return list(self._windows(paragraphs, 0))

    def _windows(self, texts: Sequence[str], first: int) -> Iterator[Window]:
        parts = [self._tokenize(text, source) for source, text in enumerate(texts, first)]
        for part, text in zip(parts, texts, strict=True):
            if text and not len(part):  # white space alone
                yield replace(part, document=first)
        tokens = _join(parts)
        start = 0
        while start < len(tokens):
            end = _next_cut(tokens, start, self._limit)
            yield _window(tokens, start, end, texts, first)
            start = end

    def _tokenize(self, text: str, source: int) -> Window:
        """The whole text as one window, however long."""
        if surrogate := _SURROGATE.search(text):
            raise InputError(
                f"text {source + 1} holds a lone surrogate at character {surrogate.start()}, "
                "which no encoding of Unicode can carry: decode the text anew from its bytes"
            )
        ids: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        words: list[bool] = []
        for offset, chunk in _chunks(text):
            encoding = self._tokenizer.encode(chunk, add_special_tokens=False)
            ids += encoding.ids
            word = encoding.word_ids
            words += map(ne, word, [None, *word])
            for start, end in encoding.offsets:
                starts.append(start + offset)
                ends.append(end + offset)
        begins = np.where(words, WORD, 0).astype(np.int8)
        # The tokenizer cuts at apostrophes; a reader sees one word.
        joints = [match.start() for match in _APOSTROPHE.finditer(text)]
        if joints:
            begins[np.isin(starts, [*joints, *(joint + 1 for joint in joints)])] = 0
        paragraphs = [match.end() for match in _BLANK_LINE.finditer(text)]
        for ends_before, what in ((sentence_ends(text), SENTENCE), (paragraphs, PARAGRAPH)):
            at = np.searchsorted(starts, ends_before)
            begins[at[at < len(begins)]] = what
        begins[:1] = PARAGRAPH
        return Window(
            (Piece(source, 0, len(text)),),
            np.array(ids, np.int64),
            np.full(len(ids), source, np.int32),
            np.array(starts, np.int32),
            np.array(ends, np.int32),
            begins,
            np.zeros((len(ids), len(REPEATS)), np.float32),
            source,
        )


def windows_per_text(windows: Sequence[Window], texts: int) -> list[int]:
    """How many of the windows cover a part of each of the `texts` they were planned from."""
    held = Counter(piece.source for window in windows for piece in window.pieces)
    return [held[source] for source in range(texts)]


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """Parts of a text and where they start; cut at white space, else through a very long word."""
    start = 0
    while start < len(text):
        end = start + _CHUNK
        if end < len(text):
            space = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
            end = space if space > start else end
        yield start, text[start:end]
        start = end


def _join(parts: Sequence[Window]) -> Window:
    """The tokens of a whole document, with its repetitions counted."""

    def whole(name: str) -> NDArray[Any]:
        if len(parts) == 1:
            return np.asarray(getattr(parts[0], name))
        return np.concatenate([getattr(part, name) for part in parts] or [np.zeros(0, np.int32)])

    ids = whole("ids")
    return Window(
        tuple(piece for part in parts for piece in part.pieces),
        ids,
        whole("sources"),
        whole("starts"),
        whole("ends"),
        whole("begins"),
        _repeats(ids.tolist()),
    )


def _repeats(ids: Sequence[int]) -> NDArray[np.float32]:
    # Counted in Python: NumPy's sorts cost more on a paragraph, and give way to other threads.
    found = np.zeros((len(ids), len(REPEATS)), np.float32)
    for column, length in enumerate(REPEATS):
        runs = list(zip(*(ids[step:] for step in range(length)), strict=False))
        counts = Counter(runs)
        often = np.log([counts[run] for run in runs]).astype(np.float32)
        for step in range(length if runs else 0):
            own = found[step : step + len(often), column]
            np.maximum(own, often, out=own)
    return found


def _next_cut(tokens: Window, start: int, limit: int) -> int:
    """Where the window that starts at token `start` ends: the last good place in its reach.

    A paragraph or sentence counts if it leaves the window at least half full.
    """
    if len(tokens) - start <= limit:
        return len(tokens)
    reach = slice(start + 1, start + limit + 1)
    begins = tokens.begins[reach]
    for what, least in ((PARAGRAPH, limit // 2), (SENTENCE, limit // 2), (SENTENCE, 0), (WORD, 0)):
        places = np.flatnonzero(begins[least:] >= what)
        if len(places):
            return start + 1 + least + int(places[-1])
    # Inside a very long word; tokens may share a character, which is not cut.
    places = np.flatnonzero(tokens.starts[reach] >= tokens.ends[start : start + limit])
    return start + 1 + int(places[-1]) if len(places) else start + limit


def _window(tokens: Window, start: int, end: int, texts: Sequence[str], first: int) -> Window:
    """Tokens `start:end`, with pieces that meet those of the windows before and after."""
    sources = tokens.sources
    pieces = []
    for source in dict.fromkeys(sources[start:end].tolist()):
        own = np.flatnonzero(sources[start:end] == source) + start
        before, after = int(own[0]) - 1, int(own[-1]) + 1
        opens = before < 0 or sources[before] != source
        closes = after == len(sources) or sources[after] != source
        pieces.append(
            Piece(
                source,
                0 if opens else int(tokens.starts[own[0]]),
                len(texts[source - first]) if closes else int(tokens.starts[after]),
            )
        )
    return Window(
        tuple(pieces),
        tokens.ids[start:end],
        sources[start:end],
        tokens.starts[start:end],
        tokens.ends[start:end],
        tokens.begins[start:end],
        tokens.repeats[start:end],
        first,
    )
