"""Reading labelled corpora: exact offsets, and errors that name file and line."""

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from tagger import Document, InputError, Span
from training.background import read_furniture
from training.ptc import (
    from_dataset,
    label_id,
    read_folds,
    read_labels,
    read_ptc,
    to_dataset,
)

NAMES = {
    "Appeal_to_Authority": "appeal_to_authority",
    "Appeal_to_fear-prejudice": "appeal_to_fear_prejudice",
    "Bandwagon,Reductio_ad_hitlerum": "bandwagon_reductio_ad_hitlerum",
    "Black-and-White_Fallacy": "black_and_white_fallacy",
    "Causal_Oversimplification": "causal_oversimplification",
    "Doubt": "doubt",
    "Exaggeration,Minimisation": "exaggeration_minimisation",
    "Flag-Waving": "flag_waving",
    "Loaded_Language": "loaded_language",
    "Name_Calling,Labeling": "name_calling_labeling",
    "Repetition": "repetition",
    "Slogans": "slogans",
    "Thought-terminating_Cliches": "thought_terminating_cliches",
    "Whataboutism,Straw_Men,Red_Herring": "whataboutism_straw_men_red_herring",
}
OTHERS = {"Label 2": "label_2", "Ложная дилемма": "ложная_дилемма"}
TEXT = "They lie.\r\n\r\nÄh 👩‍🚀!\r\nDo they?\r\n"

Writer = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Makes a corpus of article 1, and others by name, with rows of labels."""

    def write(*rows: str, **articles: str | bytes) -> Path:
        (tmp_path / "train-articles").mkdir()
        for name, text in ({"1": TEXT} | articles).items():
            raw = text if isinstance(text, bytes) else text.encode()
            (tmp_path / "train-articles" / f"article{name}.txt").write_bytes(raw)
        labels = "".join(f"{row}\n" for row in rows)
        (tmp_path / "train-task2-TC.labels").write_text(labels, encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize(("name", "id"), (NAMES | OTHERS).items())
def test_names_become_ids(name: str, id: str) -> None:
    assert label_id(name) == id


def test_the_small_corpus_has_all_fourteen(articles: list[Document]) -> None:
    assert [article.id for article in articles] == [str(number) for number in range(101, 113)]
    assert {span.label for article in articles for span in article.spans} == set(NAMES.values())
    first = [(span.label, articles[0].text[span.start : span.end]) for span in articles[0].spans]
    assert ("name_calling_labeling", articles[0].text[399:412]) in first
    assert not articles[3].spans  # an article may have no label


def test_the_corpus_is_read_as_it_is(corpus: Path) -> None:
    with pytest.warns(UserWarning, match="overlap and were merged") as caught:
        documents = read_ptc(corpus)
    assert len(documents) == 371
    assert len(caught) == 3
    assert sum(len(document.spans) for document in documents) == 6129 - 3
    assert {span.label for document in documents for span in document.spans} == set(NAMES.values())


def test_offsets_count_the_characters_of_the_file(write: Writer) -> None:
    at = TEXT.index("👩"), TEXT.index("!"), TEXT.index("Do")
    folder = write(
        f"1\tDoubt\t{at[2]}\t{at[2] + 8}", "1\tSlogans\t0\t4", f"1\tDoubt\t{at[0]}\t{at[1]}"
    )
    [document] = read_ptc(folder)
    assert document.text == TEXT
    assert [(span.label, TEXT[span.start : span.end]) for span in document.spans] == [
        ("slogans", "They"),
        ("doubt", "👩‍🚀"),
        ("doubt", "Do they?"),
    ]
    assert all(span.score == 1 for span in document.spans)


def test_articles_come_by_id_and_up_to_a_limit(write: Writer) -> None:
    folder = write("3\tDoubt\t0\t1", "2\tSlogans\t1\t2", "2\tDoubt\t0\t1", **{"3": "c", "2": "bb"})
    assert read_ptc(folder) == [
        Document(TEXT, (), "1"),
        Document("bb", (Span(0, 1, "doubt"), Span(1, 2, "slogans")), "2"),
        Document("c", (Span(0, 1, "doubt"),), "3"),
    ]
    assert [document.id for document in read_ptc(folder, limit=2)] == ["1", "2"]


def test_spans_of_one_label_that_overlap_are_merged_with_a_warning(write: Writer) -> None:
    folder = write(
        "1\tDoubt\t2\t6", "1\tDoubt\t0\t3", "1\tDoubt\t1\t2", "1\tSlogans\t0\t4", "1\tDoubt\t6\t8"
    )
    with pytest.warns(UserWarning, match="article 1: doubt 0-3 and .* overlap") as caught:
        [document] = read_ptc(folder)
    assert document.spans == (Span(0, 6, "doubt"), Span(0, 4, "slogans"), Span(6, 8, "doubt"))
    assert len(caught) == 2


def test_spans_of_two_labels_are_left_alone(write: Writer) -> None:
    folder = write("1\tDoubt\t0\t4", "1\tSlogans\t0\t4", "1\tDoubt\t4\t6")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_ptc(folder)[0].spans) == 3


FITS = "expected article id, technique, start and end, tab-separated"
ROWS = {
    "3 columns": ("1\t0\t4", FITS),
    "5 columns": ("1\tDoubt\t0\t4\t9", FITS),
    "no tabs": ("1 Doubt 0 4", FITS),
    "an empty line": ("", FITS),
    "no label": ("1\t?\t0\t4", FITS),
    "not a number": ("1\tDoubt\tzero\t4", FITS),
    "no whole number": ("1\tDoubt\t0\t4.0", FITS),
    "an empty span": ("1\tDoubt\t4\t4", "the span 4-4 is empty, turned around or starts"),
    "turned around": ("1\tDoubt\t4\t2", "the span 4-2 is empty, turned around or starts"),
    "before the text": ("1\tDoubt\t-1\t2", "the span -1-2 is empty, turned around or starts"),
    "after the text": (f"1\tDoubt\t0\t{len(TEXT) + 1}", r"the span 0-33 \(Doubt\) ends after"),
    "an unknown article": ("7\tDoubt\t0\t4", "article 7 has no file"),
}


@pytest.mark.parametrize(("row", "message"), ROWS.values(), ids=ROWS)
def test_a_row_that_does_not_fit_is_named(write: Writer, row: str, message: str) -> None:
    folder = write("1\tDoubt\t0\t4", row, "1\tDoubt\t5\t6")
    with pytest.raises(InputError, match=message) as caught:
        read_ptc(folder)
    assert str(caught.value).startswith(f"{folder / 'train-task2-TC.labels'}:2: ")


def test_files_that_cannot_be_read_are_named(write: Writer) -> None:
    folder = write("1\tDoubt\t0\t4", **{"2": b"caf\xe9"})
    with pytest.raises(InputError, match=r"article2\.txt is not UTF-8 \(byte 3\)"):
        read_ptc(folder)
    (folder / "train-articles" / "article2.txt").unlink()
    (folder / "train-task2-TC.labels").unlink()
    with pytest.raises(InputError, match=r"can't read .*train-task2-TC\.labels: No such file"):
        read_ptc(folder)
    shutil.rmtree(folder / "train-articles")
    with pytest.raises(InputError, match=r"train-articles holds no article<ID>\.txt"):
        read_ptc(folder)


def test_labels_without_technique(tmp_path: Path) -> None:
    path = tmp_path / "task1.labels"
    path.write_bytes(b"8\t4\t9\r\n8\t0\t2\n9\t1\t2\n")
    assert read_labels(path) == {
        "8": [Span(4, 9, "any"), Span(0, 2, "any")],
        "9": [Span(1, 2, "any")],
    }


def test_folds_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "folds.json"
    path.write_text(json.dumps({"folds": [["3", "1"], ["2"], ["4"]]}), encoding="utf-8")
    assert read_folds(path, ["1", "2", "3", "4"]) == [["3", "1"], ["2"], ["4"]]
    assert read_folds(path, ["1", "4"]) == [["1"], ["4"]]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"[", 'expected JSON, {"folds"'),
        (b'[["1"]]', 'expected JSON, {"folds"'),
        (b"{}", 'expected JSON, {"folds"'),
        (b'{"folds": 5}', 'expected JSON, {"folds"'),
        (b'{"folds": [5]}', 'expected JSON, {"folds"'),
        (b'{"folds": [[1]]}', 'expected JSON, {"folds"'),
        (b'{"folds": [["1"], ["2", "1"]]}', "an article is in more than one fold"),
        (b'{"folds": [["2"]]}', "article 1 is in no fold"),
        (b'{"folds": ["\xe9"]}', "is not UTF-8"),
        (None, "can't read .*No such file"),
    ],
)
def test_folds_that_do_not_fit(tmp_path: Path, contents: bytes | None, message: str) -> None:
    path = tmp_path / "folds.json"
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(InputError, match=message) as caught:
        read_folds(path, ["1"])
    assert str(path) in str(caught.value)


def test_a_dataset_holds_everything(articles: list[Document]) -> None:
    odd = Document("\0💩\r\n", (Span(1, 2, "doubt", 0.25), Span(1, 2, "slogans")), None)
    documents = [*articles, odd, Document("", (), "empty")]
    dataset = to_dataset(documents)
    assert dataset.column_names == ["id", "text", "spans"]
    assert len(dataset) == len(documents)
    assert from_dataset(dataset) == documents
    assert from_dataset(to_dataset([])) == []


def test_furniture_is_parted_into_blocks_without_labels() -> None:
    blocks = read_furniture()
    assert len(blocks) > 50
    assert len({block.id for block in blocks}) == len(blocks)
    assert all(block.text.strip() == block.text != "" for block in blocks)
    assert not any("\n\n" in block.text or block.spans for block in blocks)
