import pytest

from tagger.formats.legend import legend
from tagger.manifest import Label
from tagger.spans import Document, Span


def test_counts_and_highest_scores(labels: tuple[Label, ...]) -> None:
    documents = [
        Document("abc", (Span(0, 1, "doubt", 0.4), Span(1, 2, "doubt", 0.9))),
        Document("abc", (Span(0, 3, "doubt", 0.5), Span(0, 3, "own_label", 0.7))),
    ]
    found = legend(labels, documents)
    assert [(e.id, e.position, e.count, e.highest) for e in found.values()] == [
        ("loaded_language", 0, 0, None),
        ("doubt", 1, 3, 0.9),
        ("name_calling", 2, 0, None),
        ("own_label", 3, 1, 0.7),
    ]
    assert (found["own_label"].name, found["own_label"].definition) == ("own label", "")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Loaded language", "Doubt"], ["LL", "Do"]),
        (["Appeal to authority"], ["AA"]),
        (["Bandwagon, reductio ad Hitlerum"], ["BRH"]),
        (["Whataboutism, straw men, red herring"], ["WSM"]),
        (["Doubt", "double", "Dove"], ["Do", "Do2", "Do3"]),
        (["To", "—", "", "字"], ["?", "?2", "?3", "字"]),
    ],
)
def test_abbreviations_differ(names: list[str], expected: list[str]) -> None:
    labels = [
        Label(str(n), name, "", "", "", 0.5, 0.5, False, 0.1, {}) for n, name in enumerate(names)
    ]
    assert [entry.abbreviation for entry in legend(labels, []).values()] == expected
