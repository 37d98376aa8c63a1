"""Every character of every text is in one window, and tokens know where they come from."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tagger import InputError, ModelError, Window, Windower
from tagger.windows import PARAGRAPH, SENTENCE, WORD

KINDS = {
    "prose": ["The", " mayor", " of", " Lindvale", " lied.", " She", " did!\n", "\n", " 4,5%"],
    "emoji": ["👩\u200d👩\u200d👧", "🇺🇸", "👍🏽", "☺\ufe0f", "a", " "],
    "marks": ["e\u0301", "n\u0303", "\u0301", "Ñ", "İ", "ß", "o\u0308\u0332", " "],
    "right to left": ["שלום", "مرحبا", "\u200f", "\u202e", "1", " ", "؟"],
    "line ends": ["a", "\r\n", "\r", "\n", "\n\r", " \n\t\n", "\u2028", "\u2029", "\x85"],
    "controls": ["\0", "a\0b", "\x01", "\x1c", "\x7f", "\ufffd", "\ufeff", "\u00ad", "b", " "],
    "wide": ["中文", "日本語。", "한국어", "\uff01", "\uff57\uff49\uff44\uff45", "\uff1f", " "],
    "markup": ["[SEP]", " [CLS]", "[PAD]", "[UNK]", "##s", "[MASK] ", "</s>", "<b>"],
    "long words": ["a" * 99, "a" * 101, "Donaudampf" * 30, "x" * 700, ".", " "],
    "white space": [" ", "\t", "\n", "\u00a0", "\u3000", "\u200b"],
}
"""Parts of texts, by what is difficult about them."""

PARTS = st.one_of(*(st.sampled_from(parts) for parts in KINDS.values()))
TEXTS = st.one_of(
    st.lists(PARTS, max_size=60).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=120),
)
LIMITS = st.sampled_from([5, 16, 126])
Make = Callable[[int], Windower]


@pytest.fixture(scope="session")
def tokenizer_json(root: Path) -> bytes:
    return (root / "models" / "default" / "tokenizer.json").read_bytes()


@pytest.fixture(scope="session")
def make(tokenizer_json: bytes) -> Make:
    """A Windower for windows of at most so many tokens."""
    return cache(lambda tokens: Windower(tokenizer_json, tokens))


def same(left: Window, right: Window, shift: int = 0) -> bool:
    """Whether two windows are equal once the sources of the left one are shifted."""
    pieces = tuple(replace(piece, source=piece.source + shift) for piece in left.pieces)
    names = ("ids", "starts", "ends", "begins")
    return (
        pieces == right.pieces
        and np.array_equal(left.sources + shift, right.sources)
        and all(np.array_equal(getattr(left, name), getattr(right, name)) for name in names)
    )


def check(windows: Sequence[Window], texts: Sequence[str], limit: int) -> None:
    """What holds of the windows of any texts."""
    pieces: list[list[tuple[int, int]]] = [[] for _ in texts]
    tokens: list[list[tuple[int, int, bool]]] = [[] for _ in texts]
    for window in windows:
        assert len(window) <= limit
        assert (np.diff(window.sources) >= 0).all()
        sources = [piece.source for piece in window.pieces]
        assert sources == sorted(set(sources))
        assert set(window.sources.tolist()) <= set(sources)
        for piece in window.pieces:
            own = window.sources == piece.source
            assert (window.starts[own] >= piece.start).all()
            # No word has more than 100 tokens, so larger windows never end inside one.
            assert ((window.ends if limit > 100 else window.starts)[own] <= piece.end).all()
            pieces[piece.source].append((piece.start, piece.end))
            tokens[piece.source] += zip(
                window.starts[own].tolist(),
                window.ends[own].tolist(),
                (window.begins[own] > 0).tolist(),
                strict=True,
            )
    for text, parts, found in zip(texts, pieces, tokens, strict=True):
        assert all(start < end for start, end in parts)
        assert [0, *(end for _, end in parts)] == [*(start for start, _ in parts), len(text)]
        assert all(start < end for start, end, _ in found)
        for (start, end, _), (next_start, next_end, begins) in pairwise(found):
            # Korean syllables are decomposed: several tokens of one word may share a character.
            assert end <= next_start or (not begins and (start, end) <= (next_start, next_end))
        inside = {at for start, end, _ in found for at in range(start, end)}
        assert all(
            at in inside for at, sign in enumerate(text) if sign.isascii() and sign.isalnum()
        )


@given(TEXTS, LIMITS)
@example("", 126)
@example(" \r\n\t", 126)
@example("한국어를 배웁니다 " * 9, 5)
@example("x" * 100_050, 126)
@example("ein " + "wort" * 30_000 + " ende", 126)
def test_windows_partition_a_text(make: Make, text: str, limit: int) -> None:
    check(make(limit).plan([text]), [text], limit)


@given(st.lists(TEXTS, max_size=5), LIMITS)
def test_texts_are_planned_as_if_alone(make: Make, texts: list[str], limit: int) -> None:
    windows = make(limit).plan(texts)
    check(windows, texts, limit)
    alone = [(i, window) for i, text in enumerate(texts) for window in make(limit).plan([text])]
    assert len(alone) == len(windows)
    assert all(same(own, window, i) for (i, own), window in zip(alone, windows, strict=True))


@given(st.lists(TEXTS, max_size=5), LIMITS)
def test_windows_partition_the_paragraphs_of_a_document(
    make: Make, texts: list[str], limit: int
) -> None:
    windows = make(limit).plan_document(texts)
    check(windows, texts, limit)
    alone = make(limit).plan(texts)
    assert len(windows) <= len(alone)
    for name in ("ids", "sources", "starts", "ends", "begins"):
        together, apart = (
            [value for window in plan for value in getattr(window, name).tolist()]
            for plan in (windows, alone)
        )
        assert together == apart


def test_short_paragraphs_share_a_window(make: Make) -> None:
    texts = ["A title", "", "One sentence. Another.", " \n", "The end"]
    whole, blank = sorted(make(126).plan_document(texts), key=len, reverse=True)
    assert [piece.source for piece in whole.pieces] == [0, 2, 4]
    assert [piece.source for piece in blank.pieces] == [3]
    assert len(make(126).plan(texts)) == 4


def test_a_document_is_cut_between_paragraphs_where_that_leaves_half_a_window(make: Make) -> None:
    texts = ["one two three four five six", "seven eight nine ten", "eleven twelve"]
    assert [[piece.source for piece in w.pieces] for w in make(8).plan_document(texts)] == [
        [0],
        [1, 2],
    ]
    assert [len(w) for w in make(4).plan_document(texts)] == [4, 2, 4, 2]


def test_what_begins_at_a_token(make: Make) -> None:
    text = "He lied. “Shameful!” she\nsaid.\r\n \r\nGerrymandering 3.5 times!\u2029End"
    (window,) = make(126).plan([text])
    found: dict[int, list[str]] = {what: [] for what in (WORD, SENTENCE, PARAGRAPH, 0)}
    for start, end, what in zip(window.starts, window.ends, window.begins, strict=True):
        found[int(what)].append(text[start:end])
    assert found[PARAGRAPH] == ["He", "Gerry", "End"]
    assert found[SENTENCE] == ["“", "said"]
    assert found[0] == ["ful", "man", "der", "ing"]


@pytest.mark.parametrize("apostrophe", ["'", "\u2019"])
def test_an_apostrophe_inside_a_word_parts_nothing(make: Make, apostrophe: str) -> None:
    text = "The council's 'plan' won't do, they said: 'no'.".replace("'", apostrophe)
    [window] = make(64).plan([text])
    starts = window.starts[window.begins >= WORD]
    opening = [text[start:].split()[0] for start in starts]
    quoted = [f"{apostrophe}plan{apostrophe}", f"plan{apostrophe}", apostrophe]
    assert opening[:3] == ["The", f"council{apostrophe}s", quoted[0]]
    assert opening[3:6] == [*quoted[1:], f"won{apostrophe}t"]


@pytest.mark.parametrize("kind", KINDS)
def test_windows_grow_with_the_text(make: Make, kind: str) -> None:
    once = "".join(KINDS[kind]) * 40
    small, large = (len(make(16).plan([text])) for text in (once, once * 2))
    assert small <= large <= 2.5 * small


@given(TEXTS)
def test_control_tokens_cannot_be_spelled(make: Make, tokenizer_json: bytes, text: str) -> None:
    body = json.loads(tokenizer_json)
    spelled = {token["content"]: token["id"] for token in body["added_tokens"]}
    forbidden = set(spelled.values()) - {spelled["[UNK]"]}
    for window in make(126).plan([text, f"a {text} [SEP][CLS]"]):
        assert not forbidden & set(window.ids.tolist())


def test_truncation_and_padding_in_a_tokenizer_file_are_switched_off(
    make: Make, tokenizer_json: bytes
) -> None:
    padding: dict[str, Any] = {"strategy": {"Fixed": 64}, "direction": "Right"}
    padding |= {"pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"}
    truncation = {"max_length": 32, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    body = json.loads(tokenizer_json) | {"padding": padding, "truncation": truncation}
    other = Windower(json.dumps(body).encode(), 126)
    for text in ("Short.", "Not so short at all, this one. " * 40):
        pairs = zip(other.plan([text]), make(126).plan([text]), strict=True)
        assert all(same(left, right) for left, right in pairs)


@pytest.mark.parametrize("text", ["\ud83d", "fine so far \udca9.", "\udca9\ud83d"])
def test_a_lone_surrogate(make: Make, text: str) -> None:
    at = next(i for i, sign in enumerate(text) if "\ud800" <= sign <= "\udfff")
    message = f"text 2 holds a lone surrogate at character {at},"
    with pytest.raises(InputError, match=message):
        make(126).plan(["good", text])
    with pytest.raises(InputError, match=message):
        make(126).plan_document(["good", text])


@pytest.mark.parametrize("contents", [b"", b"{}", b"\xff", b"not JSON"])
def test_a_tokenizer_that_cannot_be_read(contents: bytes) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json can't be read"):
        Windower(contents, 126)


def test_repeats_count_runs_of_tokens_in_the_whole_document(make: Make) -> None:
    windower = make(64)
    [window] = windower.plan(["ruin for us, ruin for them, peace"])
    often = np.exp(window.repeats).round().astype(int).tolist()
    word, pair, once = [2, 1, 1], [2, 2, 1], [1, 1, 1]
    assert often == [pair, pair, once, word, pair, pair, once, word, once]
    apart = windower.plan(["ruin for us", "ruin for them"])
    assert not any(each.repeats.any() for each in apart)
    [together] = windower.plan_document(["ruin for us", "ruin for them"])
    assert np.exp(together.repeats[0]).round().tolist() == pair
