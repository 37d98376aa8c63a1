"""What is learnt from the lengths of gold spans."""

from tagger import Document, Span
from training.folder import taxonomy
from training.gold import with_least_words


def test_spans_are_as_long_as_nearly_all_gold_spans() -> None:
    text = "one two three four five six seven"
    ends = [len(" ".join(text.split()[:count])) for count in range(8)]
    lengths = {"doubt": [1] + [3] * 10 + [7] * 20, "slogans": [1, 1] + [2] * 20, "other": [5]}
    documents = [
        Document(text, (Span(0, ends[words], label, 1.0),))
        for label, counts in lengths.items()
        for words in counts
    ]
    labels = taxonomy(["doubt", "flag_waving", "slogans"])
    found = with_least_words(labels, documents)
    assert [label.least_words for label in found] == [3, 1, 1]
    assert [label.id for label in found] == [label.id for label in labels]
    assert with_least_words(labels, []) == labels
