"""Counting the most frequent of many, in bounded memory."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.report.frequent import Frequent


def count(fragments: list[str], capacity: int) -> Frequent:
    frequent = Frequent(capacity)
    for fragment in fragments:
        frequent.add(fragment.lower(), fragment, 1)
    return frequent


def test_counts_are_exact_while_there_is_room() -> None:
    frequent = count(["Traitors", "traitors", "liars", "TRAITORS", "shame", "liars"], 3)
    assert frequent.missed == 0
    assert frequent.most(2) == [("Traitors", 3), ("liars", 2)]
    assert frequent.most(9, least=3) == [("Traitors", 3)]


def test_ties_are_in_the_order_of_their_keys() -> None:
    assert count(["b", "A", "c"], 9).most(2) == [("A", 1), ("b", 1)]


@given(st.lists(st.integers(0, 30).map(str), max_size=300), st.integers(1, 8))
def test_no_count_is_too_high_and_none_too_low_by_more_than_is_said(
    fragments: list[str], capacity: int
) -> None:
    true = Counter(fragments)
    frequent = count(fragments, capacity)
    told = dict(frequent.most(99))
    assert len(told) <= 2 * capacity
    assert frequent.missed * (capacity + 1) <= len(fragments)
    for fragment, number in true.items():
        assert number - frequent.missed <= told.get(fragment, 0) <= number


@pytest.mark.parametrize("seed", range(3))
def test_frequent_ones_are_found_among_many_rare_ones(seed: int) -> None:
    common = [
        name for name, times in (("we", 900), ("us", 700), ("our", 500)) for _ in range(times)
    ]
    fragments = common + [f"rare {number}" for number in range(20_000)]
    random.Random(seed).shuffle(fragments)
    frequent = count(fragments, 100)
    assert [fragment for fragment, _ in frequent.most(3)] == ["we", "us", "our"]
    assert 0 < frequent.missed <= 22_100 / 101
