"""Write, read back, equal: every format, and every pair of formats."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tagger import Document, InputError, Span
from training.formats import FORMATS, Place, Record, format_of, read, write
from training.formats.placing import merged

LABELS = ("doubt", "loaded_language", "name_calling_labeling", "dog_whistle", "ложная_дилемма")
PIECES = st.one_of(
    st.sampled_from(
        ["💩", "👩‍🚀", "🇫🇮", "é", "e\u0301", "\n", "\r\n", "\t", " ", "ha", "\u2028", '"', "\\n"]
    ),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.lists(PIECES, min_size=1, max_size=12).map("".join).filter(str.strip)


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    """Documents of different texts, with spans that do not overlap within a label."""
    texts = draw(st.lists(TEXTS, min_size=1, max_size=4, unique_by=str.strip))
    made = []
    for number, text in enumerate(texts, 1):
        ends = st.lists(st.integers(0, len(text)), min_size=2, max_size=2, unique=True).map(sorted)
        marks = draw(st.lists(st.tuples(ends, st.sampled_from(LABELS)), max_size=4))
        spans, _ = merged([Span(start, end, label) for (start, end), label in marks])
        made.append(Document(text, spans, str(number)))
    return made


def records(given: Sequence[Document], **facts: str) -> list[Record]:
    return [Record(one, Place("made", number), "", facts) for number, one in enumerate(given, 1)]


@pytest.mark.parametrize("format", FORMATS)
@given(given=documents())
@settings(max_examples=25)
def test_what_is_written_is_read_back(format: str, given: list[Document]) -> None:
    with TemporaryDirectory() as folder:
        lost = write(records(given), Path(folder) / "made", format)
        assume(not lost)  # brat parts spans at line breaks, so that none can begin or end with one
        reading = read([Path(folder) / "made"], format=format)
    assert reading.documents == given
    assert reading.problems == ()


SAMPLES = [
    Document(
        "A 💩 mayor.\nLies, 👩‍🚀 lies!", (Span(4, 9, "doubt"), Span(11, 21, "repetition")), "a1"
    ),
    Document("Our river, our rules! 🌊", (Span(0, 21, "slogans"), Span(4, 9, "dog_whistle")), "a2"),
    Document("The council meets at seven. 🙂", (), "a3"),
]


@pytest.mark.parametrize(("one", "other"), list(product(FORMATS, FORMATS)))
def test_any_format_converts_to_any_other(one: str, other: str, tmp_path: Path) -> None:
    assert write(records(SAMPLES), tmp_path / "one", one) == []
    assert format_of(tmp_path / "one").name == one
    reading = read([tmp_path / "one"])
    lost = write(reading.records, tmp_path / "other", other)
    assert lost == ["the verdict (texts: 3)"] * (one == "feedback" != other)
    assert format_of(tmp_path / "other").name == other
    assert read([tmp_path / "other"]).documents == SAMPLES


ALL = {
    "article": "the article (texts: 3)",
    "annotator": "who labelled (texts: 3)",
    "model_version": "the version of the model that was judged (texts: 3)",
    "time": "when it was labelled (texts: 3)",
    "verdict": "the verdict (texts: 3)",
}


@pytest.mark.parametrize(
    ("format", "kept"),
    [
        ("feedback", {"article", "annotator", "model_version", "time", "verdict"}),
        ("semeval2021", {"article"}),
        ("label-studio", {"article"}),
        ("doccano", {"article"}),
        ("prodigy", {"article"}),
        ("ptc", set()),
        ("brat", set()),
    ],
)
def test_what_a_format_has_no_place_for_is_said(
    format: str, kept: set[str], tmp_path: Path
) -> None:
    facts = dict.fromkeys(ALL, "x") | {"verdict": "accept"}
    lost = write(records(SAMPLES, **facts), tmp_path / "out", format)
    assert set(lost) == {words for fact, words in ALL.items() if fact not in kept}
    for record in read([tmp_path / "out"]).records:
        assert {fact: record.facts[fact] for fact in kept} == {fact: facts[fact] for fact in kept}
    if "article" in kept:
        assert set(read([tmp_path / "out"]).groups) == {"x"}


@pytest.mark.parametrize("format", ["ptc", "brat"])
def test_a_folder_names_its_files_after_ids(format: str, tmp_path: Path) -> None:
    names = ["../a/b", "../a:b", "", ".hidden"]
    given = [
        replace(SAMPLES[0], text=f"{number} 💩 mayors.", spans=(), id=name or None)
        for number, name in enumerate(names)
    ]
    lost = write(records(given), tmp_path / "out", format)
    assert lost == ["ids that can't name a file, which were changed: 3"]
    found = read([tmp_path / "out"])
    assert {document.text for document in found.documents} == {one.text for one in given}
    assert sorted(found.groups) == ["3", "_a_b", "_a_b_", "hidden"]
    with pytest.raises(InputError, match="is not empty: give a folder that is not there yet"):
        write(records(given), tmp_path / "out", format)


def test_brat_says_which_line_breaks_it_loses(tmp_path: Path) -> None:
    text = "\nNo\r\nmore!\n"
    lost = write(records([Document(text, (Span(0, 11, "doubt"),), "1")]), tmp_path / "b", "brat")
    assert lost == ["line breaks at the ends of spans: 1"]
    assert (tmp_path / "b" / "1.ann").read_text("utf-8") == "T1\tdoubt 1 3;5 10\tNo more!\n"
    assert read([tmp_path / "b"]).documents == [Document(text, (Span(1, 10, "doubt"),), "1")]
