"""What a policy decides, on which spans, and the policies that come with the project."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import Document, InputError, Policy, Reason, Rule, Span, Tagger
from tagger.rules import ACTIONS

LABELS = ("doubt", "slogans", "loaded_language")
WORDS = "word " * 100


def policy(*rules: Rule) -> Policy:
    return Policy("p", "7", "", rules)


def document(*spans: tuple[str, float], words: int = 100) -> Document:
    """A text of so many words that bears spans of these labels and scores, a word each."""
    starts = range(0, 5 * len(spans), 5)
    marked = zip(starts, spans, strict=True)
    return Document("word " * words, tuple(Span(at, at + 4, *span) for at, span in marked))


@pytest.mark.parametrize(
    ("rule", "spans", "words", "held"),
    [
        (Rule("r", "review"), [], 100, None),
        (Rule("r", "review"), [("doubt", 0.0)], 100, (0,)),
        (Rule("r", "review"), [("doubt", 0.1), ("slogans", 0.2)], 100, (0, 1)),
        # score: the lowest that counts
        (Rule("r", "review", score=0.5), [("doubt", 0.5)], 100, (0,)),
        (Rule("r", "review", score=0.5), [("doubt", 0.499)], 100, None),
        (Rule("r", "review", score=0.5), [("doubt", 0.4), ("doubt", 0.6)], 100, (1,)),
        (Rule("r", "review", score=1.0), [("doubt", 1.0)], 100, (0,)),
        # labels: any of them
        (Rule("r", "review", ("doubt",)), [("slogans", 0.9)], 100, None),
        (Rule("r", "review", ("doubt", "slogans")), [("loaded_language", 1), ("slogans", 0.9)],
         100, (1,)),
        # count: of the spans that count, not of all
        (Rule("r", "review", count=2), [("doubt", 0.9)], 100, None),
        (Rule("r", "review", count=2), [("doubt", 0.9), ("slogans", 0.9)], 100, (0, 1)),
        (Rule("r", "review", ("doubt",), count=2), [("doubt", 0.9), ("slogans", 0.9)], 100, None),
        (Rule("r", "review", score=0.5, count=2), [("doubt", 0.9), ("doubt", 0.4)], 100, None),
        # per 1,000 words
        (Rule("r", "review", per_1000_words=10), [("doubt", 0.9)], 100, (0,)),
        (Rule("r", "review", per_1000_words=10), [("doubt", 0.9)], 101, None),
        (Rule("r", "review", per_1000_words=10.1), [("doubt", 0.9)], 100, None),
        (Rule("r", "review", per_1000_words=20), [("doubt", 0.9), ("slogans", 0.9)], 100, (0, 1)),
        (Rule("r", "review", ("doubt",), per_1000_words=20), [("doubt", 0.9), ("slogans", 0.9)],
         100, None),
    ],
)  # fmt: skip
def test_when_a_rule_holds(
    rule: Rule, spans: list[tuple[str, float]], words: int, held: tuple[int, ...] | None
) -> None:
    text = document(*spans, words=words)
    decisions = policy(rule).decide([text])
    (decision,) = decisions.results
    if held is None:
        assert decision.action == decisions.whole.action == "allow"
        assert decision.reasons == decisions.whole.reasons == ()
    else:
        labels = tuple(sorted({text.spans[index].label for index in held}))
        assert decision.action == decisions.whole.action == "review"
        assert decision.reasons == (Reason("r", labels, held),)
        assert decisions.whole.reasons == (Reason("r", labels, held, result=0),)


def test_the_strictest_rule_wins_and_gives_the_reasons() -> None:
    rules = policy(
        Rule("weak", "review"),
        Rule("names", "block", ("slogans",), score=0.8),
        Rule("many", "block", count=3),
    )
    mild = document(("doubt", 0.9), ("slogans", 0.7))
    assert rules.decide([mild]).results[0].reasons == (
        Reason("weak", ("doubt", "slogans"), (0, 1)),
    )
    strong = document(("doubt", 0.9), ("slogans", 0.8), ("doubt", 0.1))
    decision = rules.decide([strong]).results[0]
    assert decision.action == "block"
    assert decision.reasons == (
        Reason("names", ("slogans",), (1,)),
        Reason("many", ("doubt", "slogans"), (0, 1, 2)),
    )


def test_indices_follow_the_order_of_the_answer() -> None:
    spans = (
        Span(5, 9, "doubt", 0.9),
        Span(0, 4, "slogans", 0.1),
        Span(0, 9, "slogans", 0.9),
        Span(0, 4, "doubt", 0.1),
    )
    decision = policy(Rule("r", "review", score=0.5)).decide([Document(WORDS, spans)]).results[0]
    assert decision.reasons == (Reason("r", ("doubt", "slogans"), (0, 3)),)


def test_a_rule_may_hold_for_the_whole_alone() -> None:
    parts = [
        document(("doubt", 0.9), ("slogans", 0.9)),
        document(("slogans", 0.9)),
        document(("slogans", 0.9), ("slogans", 0.1), ("doubt", 0.9)),
    ]
    decisions = policy(Rule("r", "review", ("doubt",), count=2)).decide(parts)
    assert [decision.action for decision in decisions.results] == ["allow"] * 3
    assert decisions.whole.action == "review"
    assert decisions.whole.reasons == (
        Reason("r", ("doubt",), (0,), result=0),
        Reason("r", ("doubt",), (2,), result=2),
    )


def test_a_rule_may_hold_for_a_part_alone() -> None:
    parts = [document(("doubt", 0.9)), document(("doubt", 0.9), words=10), document(words=1000)]
    decisions = policy(Rule("r", "block", per_1000_words=50)).decide(parts)
    assert [decision.action for decision in decisions.results] == ["allow", "block", "allow"]
    assert decisions.whole.reasons == (Reason("r", ("doubt",), (0,), result=1),)


def test_words_of_the_whole_are_added_up() -> None:
    rule = Rule("r", "review", count=2, per_1000_words=20)
    one = document(("doubt", 0.9), words=50)
    assert policy(rule).decide([one, one]).whole.action == "review"
    assert policy(rule).decide([one, one, document(words=1)]).whole.action == "allow"


def test_independent_texts_do_not_add_up() -> None:
    parts = [document(("doubt", 0.9)), document(("doubt", 0.9), ("doubt", 0.8)), document()]
    decisions = policy(Rule("r", "review", count=2)).decide(parts, together=False)
    assert [decision.action for decision in decisions.results] == ["allow", "review", "allow"]
    assert decisions.whole.reasons == (Reason("r", ("doubt",), (0, 1), result=1),)


@pytest.mark.parametrize("texts", [[], [Document("")], [Document(""), Document(" \n")]])
def test_nothing_to_decide_on(texts: list[Document]) -> None:
    decisions = policy(Rule("r", "block")).decide(texts)
    assert [decision.action for decision in decisions.results] == ["allow"] * len(texts)
    assert decisions.whole.action == "allow"


def test_a_span_of_a_text_without_words() -> None:
    text = Document("  ", (Span(0, 1, "doubt", 0.9),))
    decision = policy(Rule("r", "review", per_1000_words=1000)).decide([text]).whole
    assert decision.action == "review"


def test_as_it_stands_in_an_answer() -> None:
    decisions = policy(Rule("r", "review")).decide([document(("doubt", 0.9))])
    reason = {"rule": "r", "labels": ["doubt"], "spans": [0]}
    body = {"action": "review", "policy": {"name": "p", "version": "7"}, "reasons": [reason]}
    assert decisions.results[0].as_dict() == body
    assert decisions.whole.as_dict() == body | {"reasons": [reason | {"result": 0}]}
    assert json.loads(json.dumps(body)) == body


RULES = st.builds(
    Rule,
    name=st.just("r"),
    action=st.sampled_from(ACTIONS[1:]),
    labels=st.none() | st.lists(st.sampled_from(LABELS), min_size=1, unique=True).map(tuple),
    score=st.sampled_from([0.0, 0.3, 0.6]),
    count=st.integers(1, 3),
    per_1000_words=st.sampled_from([0.0, 10.0, 40.0]),
)
DOCUMENTS = st.builds(
    lambda spans, words: document(*spans, words=words),
    st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from([0.1, 0.3, 0.6])), max_size=5),
    st.integers(5, 200),
)


@given(st.lists(RULES, min_size=1, max_size=4), st.lists(DOCUMENTS, max_size=4))
def test_the_whole_is_never_decided_more_leniently_than_a_part(
    rules: list[Rule], texts: list[Document]
) -> None:
    strictness = ACTIONS.index
    for together in (True, False):
        decisions = policy(*rules).decide(texts, together=together)
        parts = [strictness(decision.action) for decision in decisions.results]
        whole = strictness(decisions.whole.action)
        assert whole >= max(parts, default=0)
        assert together or whole == max(parts, default=0)
        assert bool(decisions.whole.reasons) == (whole > 0)
        for reason in decisions.whole.reasons:
            assert reason.result is not None
            spans = texts[reason.result].spans
            assert {spans[index].label for index in reason.spans} == set(reason.labels) != set()


@given(RULES, RULES, DOCUMENTS)
def test_a_rule_that_covers_another_holds_whenever_it_does(
    one: Rule, other: Rule, text: Document
) -> None:
    held = [policy(rule).decide([text]).whole.action != "allow" for rule in (one, other)]
    assert not one.covers(other, LABELS) or held[0] or not held[1]


def test_packaged_policies_suit_every_model_and_never_block() -> None:
    assert "default" in Policy.packaged_names()
    for name in Policy.packaged_names():
        found = Policy.packaged(name)
        assert (found.name, bool(found.description)) == (name, True)
        assert {rule.action for rule in found.rules} == {"review"}
        assert {rule.labels for rule in found.rules} == {None}
    with pytest.raises(InputError, match=r"no policy called '\.\./x' .* there is default"):
        Policy.packaged("../x")


@pytest.mark.parametrize("name", ["newsroom", "comments"])
def test_example_policies(root: Path, tagger: Tagger, name: str) -> None:
    path = root / "samples" / "policies" / f"{name}.toml"
    found = Policy.read(path, tagger.labels)
    assert (found.name, bool(found.description)) == (name, True)
    assert ("block" in {rule.action for rule in found.rules}) is (name == "comments")


SOBER = "The library on Mill Street will close for three weeks while the heating is replaced."
ABUSE = (
    "You are all pathetic traitors and cowards. Disgusting, brainless sheep who deserve the "
    "tyrant you voted for."
)


@pytest.mark.parametrize("name", ["default", "newsroom", "comments"])
def test_they_tell_abuse_from_plain_news(root: Path, tagger: Tagger, name: str) -> None:
    found = (
        Policy.packaged(name)
        if name == "default"
        else Policy.read(root / "samples" / "policies" / f"{name}.toml", tagger.labels)
    )
    sober, abuse = found.decide(tagger.tag([SOBER, ABUSE]), together=False).results
    assert sober.action == "allow"
    assert abuse.action in ("review", "block")
    assert abuse.reasons
