"""The measures against tables worked out by hand, and against the organisers' own scorers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tagger import Document, InputError, Span
from training.cli import main
from training.measure import Accuracy, Overlap, accuracy, flc, flc_by_label, merge, si

Row = tuple[int, int, str]


def document(*rows: Row, id: str = "1") -> Document:
    return Document("x" * 100, tuple(Span(*row) for row in rows), id)


def ratios(sums: Overlap) -> tuple[float, float, float]:
    return sums.precision, sums.recall, sums.f1


A, B = "doubt", "slogans"

# predicted, gold, SI sums, FLC sums: counts of predicted and gold, precision and recall sums
TABLE: dict[str, tuple[list[Row], list[Row], Overlap, Overlap]] = {
    "nothing": ([], [], Overlap(), Overlap()),
    "no predictions": ([], [(0, 10, A)], Overlap(0, 1, 0, 0), Overlap(0, 1, 0, 0)),
    "no gold": ([(0, 10, A)], [], Overlap(1, 0, 0, 0), Overlap(1, 0, 0, 0)),
    "the same": ([(3, 9, A)], [(3, 9, A)], Overlap(1, 1, 1, 1), Overlap(1, 1, 1, 1)),
    "another label": ([(3, 9, A)], [(3, 9, B)], Overlap(1, 1, 1, 1), Overlap(1, 1, 0, 0)),
    "neighbours": ([(0, 5, A)], [(5, 9, A)], Overlap(1, 1, 0, 0), Overlap(1, 1, 0, 0)),
    "too long": ([(0, 20, A)], [(0, 5, A)], Overlap(1, 1, 0.25, 1), Overlap(1, 1, 0.25, 1)),
    "too short": ([(0, 4, A)], [(0, 10, A)], Overlap(1, 1, 1, 0.4), Overlap(1, 1, 1, 0.4)),
    "one over two": (
        [(0, 10, A)],
        [(0, 2, A), (6, 10, A)],
        Overlap(1, 2, 0.2 + 0.4, 1 + 1),
        Overlap(1, 2, 0.2 + 0.4, 1 + 1),
    ),
    "overlapping predictions of a label count once": (
        [(0, 6, A), (4, 10, A)],
        [(0, 10, A)],
        Overlap(1, 1, 1, 1),
        Overlap(1, 1, 1, 1),
    ),
    "the same prediction twice counts once": (
        [(0, 6, A), (0, 6, A)],
        [(0, 8, A)],
        Overlap(1, 1, 1, 0.75),
        Overlap(1, 1, 1, 0.75),
    ),
    "touching predictions stay two": (
        [(0, 5, A), (5, 10, A)],
        [(0, 10, A)],
        Overlap(2, 1, 2, 1),
        Overlap(2, 1, 2, 1),
    ),
    "labels are merged apart for FLC": (
        [(0, 6, A), (4, 12, B)],
        [(0, 4, A), (4, 12, B), (0, 12, B)],
        Overlap(1, 1, 1, 1),
        Overlap(2, 2, 4 / 6 + 1, 1 + 8 / 12),
    ),
    "a fragment of two techniques": (
        [(0, 8, A)],
        [(0, 8, A), (0, 8, B)],
        Overlap(1, 1, 1, 1),
        Overlap(1, 2, 1, 1),
    ),
}


@pytest.mark.parametrize(("predicted", "gold", "spans", "fragments"), TABLE.values(), ids=TABLE)
def test_by_hand(predicted: list[Row], gold: list[Row], spans: Overlap, fragments: Overlap) -> None:
    for measure, expected in ((si, spans), (flc, fragments)):
        found = measure([document(*predicted)], [document(*gold)])
        assert (found.predicted, found.gold) == (expected.predicted, expected.gold)
        sums = found.precision_sum, found.recall_sum
        assert sums == pytest.approx((expected.precision_sum, expected.recall_sum))


def test_ratios_are_derived_from_sums() -> None:
    assert ratios(Overlap(4, 5, 3.0, 1.0)) == pytest.approx((0.75, 0.2, 2 * 0.15 / 0.95))
    assert ratios(Overlap()) == (0, 0, 0)
    assert ratios(Overlap(0, 3)) == ratios(Overlap(3, 0)) == (0, 0, 0)
    assert Accuracy(1, 4).f1 == 0.25
    assert Accuracy().f1 == 0


@pytest.mark.parametrize("measure", [si, flc])
def test_sums_add_up_over_articles(measure: Callable[..., Overlap]) -> None:
    names = [str(number) for number in range(len(TABLE))]
    cases = list(zip(names, TABLE.values(), strict=True))
    predicted = [document(*case[0], id=name) for name, case in cases]
    gold = [document(*case[1], id=name) for name, case in cases]
    parts = [measure([p], [g]) for p, g in zip(predicted, gold, strict=True)]
    assert measure(predicted, gold) == sum(parts, Overlap())
    assert measure(predicted, gold) != sum(parts[:-1], Overlap())
    assert sum([Accuracy(1, 2), Accuracy(3, 3)], Accuracy()) == Accuracy(4, 5)


def test_the_summands_of_flc_by_label() -> None:
    predicted = [document((0, 6, B), (10, 20, A)), document((0, 4, B), id="2")]
    gold = [document((0, 6, B), (0, 6, "bandwagon")), document((0, 8, B), id="2")]
    found = flc_by_label(predicted, gold)
    assert list(found) == ["bandwagon", A, B]
    assert found["bandwagon"] == Overlap(0, 1, 0, 0)
    assert found[A] == Overlap(1, 0, 0, 0)
    assert found[B] == Overlap(2, 2, 2, 1.5)
    assert sum(found.values(), Overlap()) == flc(predicted, gold)


@pytest.mark.parametrize("measure", [si, flc])
def test_documents_must_match(measure: Callable[..., Overlap]) -> None:
    one, two = document(id="1"), document(id="2")
    for predicted, gold in (([one, two], [two, one]), ([one], [one, two]), ([one], [])):
        with pytest.raises(InputError, match="same documents in the same order"):
            measure(predicted, gold)


SPANS = {
    "empty": ([], []),
    "apart": ([(5, 9), (0, 3)], [(0, 3), (5, 9)]),
    "touching": ([(0, 3), (3, 6)], [(0, 3), (3, 6)]),
    "sharing a character": ([(0, 4), (3, 6)], [(0, 6)]),
    "inside": ([(0, 9), (2, 4), (8, 9)], [(0, 9)]),
    "a chain": ([(6, 10), (0, 4), (3, 7)], [(0, 10)]),
    "twice": ([(1, 2), (1, 2)], [(1, 2)]),
}


@pytest.mark.parametrize(("spans", "merged"), SPANS.values(), ids=SPANS)
def test_merge(spans: list[tuple[int, int]], merged: list[tuple[int, int]]) -> None:
    assert merge(Span(start, end, "any") for start, end in spans) == merged


# predicted labels, gold labels of the fragments 0-5 (three rows) and 7-9 (one row), right
ROWS = {
    "all": ("ABC D", "ABC D", 4),
    "in another order": ("CAB D", "ABC D", 4),
    "one of the repeated": ("AXX D", "ABC D", 2),
    "a label given twice is right once": ("AAA D", "ABC D", 2),
    "a label that gold has twice": ("AAB D", "AAC D", 3),
    "a label that gold has twice, given once": ("ABX D", "AAC D", 2),
    "the label of another fragment": ("ABD C", "ABC D", 2),
    "none": ("XXX X", "ABC D", 0),
}


@pytest.mark.parametrize(("predicted", "gold", "right"), ROWS.values(), ids=ROWS)
def test_repeated_fragments_are_matched_as_a_set(predicted: str, gold: str, right: int) -> None:
    def spans(labels: str) -> list[Span]:
        first, second = labels.split()
        return [*(Span(0, 5, label) for label in first), Span(7, 9, second)]

    assert accuracy(spans(predicted), spans(gold)) == Accuracy(right, 4)
    assert accuracy(spans(predicted)[::-1], spans(gold)) == Accuracy(right, 4)


def test_accuracy_needs_the_gold_fragments() -> None:
    gold = [Span(0, 5, A), Span(0, 5, B)]
    assert accuracy([], []) == Accuracy()
    for predicted in ([], gold[:1], [*gold, gold[0]], [gold[0], Span(0, 6, B)]):
        with pytest.raises(InputError, match="one label for each gold row"):
            accuracy(predicted, gold)


@pytest.mark.parametrize("task", ["si", "flc"])
def test_the_organisers_scorers_agree(
    corpus: Path, task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = corpus / "measure-check"
    files = [str(folder / f"{side}-{task}.labels") for side in ("gold", "pred")]
    assert main(["measure", "--gold", files[0], "--predicted", files[1]]) == 0
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    assert json.loads(capsys.readouterr().out)[task] == expected[task]
