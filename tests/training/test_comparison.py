"""Two models side by side: differences, what chance explains of them, and the words for it."""

from typing import Any

import pytest

from tagger import Document, Span
from training.comparison import changes, paired, verdict
from training.verdicts import more, sentences

TEXT = "x" * 60


def documents(*spans: list[Span]) -> list[Document]:
    return [Document(TEXT, tuple(own), str(number)) for number, own in enumerate(spans)]


GOLD = Span(0, 10, "doubt")
WRONG = Span(30, 40, "doubt")


def test_what_differs_is_named() -> None:
    other = Span(20, 28, "slogans")
    gold = documents([GOLD, other], [GOLD], [])
    old = documents([Span(0, 9, "doubt"), WRONG], [], [WRONG])
    new = documents([Span(20, 28, "slogans"), Span(31, 39, "doubt")], [GOLD], [])
    found = [(one.kind, one.document.id, one.span) for one in changes(old, new, gold)]
    assert found == [
        ("lost", "0", GOLD),
        ("found", "0", other),
        ("found", "1", GOLD),
        ("dropped", "2", WRONG),
    ]
    swapped = [one.kind for one in changes(new, old, gold)]
    assert swapped == ["found", "lost", "lost", "added"]


def test_models_alike_do_not_differ() -> None:
    gold = documents(*[[GOLD]] * 5)
    figures = paired(gold, gold, gold, range(5))
    assert figures["all"] | {"chance": 1.0} == {
        "gold": 5,
        "marked": [5, 5],
        "old": 1.0,
        "new": 1.0,
        "difference": 0.0,
        "interval": [0.0, 0.0],
        "chance": 1.0,
    }
    assert verdict(figures["all"]) == "unclear"


def test_pairs_are_drawn_by_article() -> None:
    """What is one article's alone may be chance; what all share is not."""
    gold, none = documents(*[[GOLD]] * 8), documents(*[[WRONG]] * 8)
    right = [*gold[:1], *none[1:]]
    apart = paired(none, right, gold, range(8))
    assert apart["all"]["interval"][0] == 0
    assert verdict(apart["all"]) == "unclear"
    assert 0.2 < apart["all"]["chance"] < 0.5  # (7 / 8) ** 8
    assert verdict(paired(none, gold, gold, range(8))["all"]) == "better"
    assert verdict(paired(gold, none, gold, range(8))["all"]) == "worse"
    together = paired(none, right, gold, [0] * 8)
    assert together["articles"] == 1
    assert together["all"]["interval"] == [0.125, 0.125]


def test_labels_are_apart() -> None:
    gold = documents([GOLD, Span(20, 28, "slogans")])
    figures = paired(documents([GOLD]), documents([Span(20, 28, "slogans")]), gold, [0])
    assert {label: own["difference"] for label, own in figures["by_label"].items()} == {
        "doubt": -1.0,
        "slogans": 1.0,
    }
    assert figures["all"]["difference"] == 0


def side(difference: float, low: float, high: float, learnt: int = 0) -> dict[str, Any]:
    every = {"old": 0.25, "new": 0.25 + difference, "difference": difference}
    return {
        "texts": 40,
        "articles": 30,
        "learnt_by_old": learnt,
        "all": every | {"interval": [low, high]},
        "by_label": {},
    }


BETTER, UNCLEAR, WORSE = side(0.1, 0.05, 0.15), side(0.01, -0.03, 0.05), side(-0.1, -0.2, -0.05)
KEPT, LOST = side(-0.005, -0.02, 0.01), side(-0.03, -0.05, 0.01)


@pytest.mark.parametrize(
    ("new", "old", "advice"),
    [
        (BETTER, KEPT, "Put it into service: it is better on the new data and holds its own"),
        (BETTER, LOST, "Don't put it into service: on data of the old kind it is worse."),
        (BETTER, None, "On the new data it is better; what it lost on the old was not judged."),
        (UNCLEAR, KEPT, "Don't put it into service yet: on the new data it is not clearly better."),
        (WORSE, KEPT, "Don't put it into service: on the new data it is worse."),
    ],
)
def test_advice(new: dict[str, Any], old: dict[str, Any] | None, advice: str) -> None:
    told = sentences({"new": new} | ({"old": old} if old else {}))
    assert told[0].startswith(advice)
    assert "FLC goes from 0.250 to" in told[1]
    assert ("give labelled articles with --guard" in " ".join(told)) == (old is None)


def test_a_new_technique_does_not_hide_what_the_others_lose() -> None:
    by_label = {
        "doubt": WORSE["all"],
        "x": BETTER["all"] | {"gold": 9, "marked": [0, 30]},
        "y": UNCLEAR["all"] | {"new": 0.1, "gold": 5, "marked": [0, 4]},
    }
    new = BETTER | {"known": WORSE["all"], "own": ["x", "y"], "by_label": by_label}
    told = sentences({"new": new, "old": KEPT}, {"x": "Smears", "y": "Virtue"})
    assert told[0] == (
        "Don't put it into service: on the new data it is worse at the techniques that the old "
        "model knew."
    )
    assert "There, on techniques that the old model knew, FLC goes from 0.250 to 0.150" in told[1]
    assert told[1].endswith("Clearly better: none. Clearly worse: doubt.")
    assert told[2] == (
        "New techniques, by their F1: Smears 0.350 (9 labelled, 30 marked), Virtue 0.100 (5 "
        "labelled, 4 marked). Hardly found yet: Virtue. Label more of it, or leave it out: "
        "--without y."
    )


def test_what_the_old_model_had_learnt_is_said() -> None:
    told = sentences({"new": side(0.1, 0.05, 0.15, 3), "old": side(0, -0.01, 0.01, 40)})
    assert "The old model learnt from 40 of these 40 texts" in " ".join(told)
    assert "had learnt from 3 of the new texts before" in " ".join(told)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.06, "more labels would help further"),
        (-0.02, 0.005, "would hardly help"),
        (-0.02, 0.05, "too few labels to tell"),
    ],
)
def test_would_more_labels_help(low: float, high: float, said: str) -> None:
    assert said in more({"last": {"difference": 0.02, "interval": [low, high]}})
