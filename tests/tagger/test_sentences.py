"""Where sentences end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.sentences import sentence_ends


@pytest.mark.parametrize(
    "sentences",
    [
        ["He lied. ", "She left."],
        ["Shame! ", "Why? ", "No answer."],
        ["this is bad. ", "you are all fools!! ", "yes"],
        ["The U.S. Senate met. ", "It rose."],
        ["Mr. Hale and J. R. Doe met Sen. Lowe on Sept. 3. ", "All left."],
        ["So do I. ", "Or nobody does."],
        ["See No. 5, e.g. the last line. ", "Then judge."],
        ["“Stop!” she said. ", "“Go!” ", "He went."],
        ["He waited... and went. ", "Well... ", "Gone… or so it seems."],
        ["A heading\n", "without a stop\n", "\n", "next"],
        ["彼は言った。", "終わり！", "そう"],
        ["It rose by 3.5 per cent."],
        [""],
    ],
)
def test_sentences(sentences: list[str]) -> None:
    text = "".join(sentences)
    bounds = [0, *sentence_ends(text), len(text)]
    assert [text[a:b] for a, b in pairwise(dict.fromkeys(bounds))] == [s for s in sentences if s]


@given(st.text(st.sampled_from('aZ .!?…"”)\n\r。'), max_size=40))
def test_ends_lie_behind_their_signs(text: str) -> None:
    ends = sentence_ends(text)
    assert ends == sorted(set(ends))
    for end in ends:
        assert text[end - 1].isspace() or text[end - 1] == "。"
    breaks = [at + 1 for at, sign in enumerate(text) if sign in "\n\r"]
    assert set(breaks) <= set(ends)
