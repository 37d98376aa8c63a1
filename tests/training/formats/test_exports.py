"""What the tools export, read to the words: see data/README.md for how each file was made."""

from dataclasses import replace
from pathlib import Path

import pytest

from tagger import Document
from training.cli import main
from training.formats import FORMATS, Reading, Record, format_of, read, write
from training.formats.names import corpus_names
from training.formats.placing import merged
from training.ptc import read_ptc

DATA = Path(__file__).parent / "data"
BLACK_AND_WHITE = "black_and_white_fallacy"
NAME_CALLING = "name_calling_labeling"
RED_HERRING = "whataboutism_straw_men_red_herring"
MOB, CLIQUE = "Cafe\u0301 mob", "Zu\u0308rich clique"  # accents as combining marks
MARKED = {
    ("gang of greedy hypocrites", NAME_CALLING),
    ("greedy", "loaded_language"),
    ("betrayed", "loaded_language"),
    ("Either we launch today, or we lose the moon for good!", BLACK_AND_WHITE),
    ("for good!\nCan", "loaded_language"),
    ("Can a ministry that lost its own keys be trusted?", "doubt"),
    ("our river, our rules!", "slogans"),
}
REPEATED = {("our river, our rules", "repetition")}

# File, format, number of texts, marked words, groups, and what the warnings say, in any order.
EXPORTS = [
    (
        "label-studio-1.23.2.json",
        "label-studio",
        6,
        MARKED
        | {
            ("shameless council", NAME_CALLING),
            ("lied to every single one of us", "loaded_language"),
            ("It is what it is.", "slogans"),
            (MOB, NAME_CALLING),
            ("Only a fool", "loaded_language"),
            (CLIQUE, NAME_CALLING),
            ("They lied\tagain", "loaded_language"),
        },
        ["a1", "a1", "a2", "a2", "page", "lines"],
        [
            "task 5: nobody has labelled",
            "UTF-16 units: only so",
            "has other labels",
            "read as this label",
        ],
    ),
    (
        "doccano-1.8.4-label.zip",
        "doccano",
        7,
        MARKED
        | REPEATED
        | {
            (words, "loaded_language")
            for words in ("shameless council", "every single one", MOB, "Only a fool", CLIQUE)
        }
        | {("They lied", "loaded_language")},
        ["a1", "a1", "a2", "a2", "a3", "page", "lines"],
        ["no span is marked", "UTF-16 units: only so", "label loaded_language goes by 2 names"],
    ),
    (
        "doccano-1.8.4-entities.zip",
        "doccano",
        5,
        MARKED | REPEATED,
        ["a1", "a1", "a2", "a2", "a3"],
        ["no span is marked", "UTF-16 units: only so", "read as this label"],
    ),
    (
        "prodigy.jsonl",
        "prodigy",
        4,
        {
            ("gang of hypocrites", NAME_CALLING),
            ("lied", "loaded_language"),
            ("It is what it is", "thought_terminating_cliches"),
            (MOB, NAME_CALLING),
            ("Only a fool", "loaded_language"),
        },
        ["a1", "a2", "a2", "a3"],
        ["answered with ignore", "answered with reject", "read as this label"],
    ),
    (
        "brat",
        "brat",
        2,
        {
            ("betrays", "loaded_language"),
            ("gang of\ngreedy hypocrites", NAME_CALLING),
            ("Either we act, or we lose.", BLACK_AND_WHITE),
        },
        ["7", "8"],
        ["9.txt: has no .ann", "no span is marked", "only spans", "read as this label"],
    ),
    (
        "brat-server",
        "brat",
        3,
        {
            ("gang of\ngreedy hypocrites", NAME_CALLING),
            ("betrayed", "loaded_language"),
            ("Who would trust hi", "doubt"),
            (CLIQUE, NAME_CALLING),
            ("They lied", "loaded_language"),
            (MOB, NAME_CALLING),
            ("Only a fool", "loaded_language"),
        },
        ["crlf", "emoji", "plain"],
        ["plain.ann:4: only spans"],
    ),
    (
        "semeval2021.json",
        "semeval2021",
        2,
        {
            ("OUR RIVER, OUR RULES!", "slogans"),
            ("traitors", NAME_CALLING),
            ("traitors", "smears"),
            ("What about your own scandal, traitors", RED_HERRING),
        },
        None,
        [
            "overlap and were merged",
            "smears (1, first in ",
            "read as this label",
            "no span is marked",
        ],
    ),
    (
        "feedback.jsonl",
        "feedback",
        3,
        {("Our river, our rules!", "slogans")},
        None,
        ["feedback.jsonl:1: the same text has other labels at", "(accept, then reject)"],
    ),
]

LOST = {
    "article": "the article",
    "annotator": "who labelled",
    "model_version": "the version of the model that was judged",
    "time": "when it was labelled",
    "verdict": "the verdict",
}


def by_id(reading: Reading) -> dict[str | None, Record]:
    return {record.document.id: record for record in reading.records}


def words(reading: Reading) -> set[tuple[str, str]]:
    return {
        (document.text[span.start : span.end], span.label)
        for document in reading.documents
        for span in document.spans
    }


@pytest.mark.parametrize(
    ("name", "format", "texts", "marked", "groups", "warnings"),
    EXPORTS,
    ids=[row[0] for row in EXPORTS],
)
def test_an_export_is_read_to_the_words(
    name: str,
    format: str,
    texts: int,
    marked: set[tuple[str, str]],
    groups: list[str] | None,
    warnings: list[str],
) -> None:
    assert format_of(DATA / name).name == format
    reading = read([DATA / name])
    assert len(reading.documents) == texts
    assert words(reading) == marked
    assert len(set(reading.groups)) == texts if groups is None else reading.groups == groups
    for warning in warnings:
        assert any(warning in message for message in reading.warnings), warning
    assert reading.problems == ()


def test_what_a_tool_says_besides_is_kept() -> None:
    [_, _, _, cafe, page, _] = read([DATA / "label-studio-1.23.2.json"]).records
    assert page.facts["annotator"] == "1"
    assert page.facts["time"].startswith("2026-11-23T08:")
    assert str(cafe.place).endswith(", task 4, annotation 5")
    assert page.document.id == "6"
    [first, *_] = read([DATA / "prodigy.jsonl"]).records
    assert first.facts == {
        "article": "a1",
        "annotator": "desk-anna",
        "time": "2026-11-20T18:40:00+00:00",
    }
    [record, *_] = read([DATA / "feedback.jsonl"]).records
    assert record.facts["verdict"] == "reject"


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("name", [row[0] for row in EXPORTS])
def test_an_export_converts_to_any_format(
    name: str, to: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, out = by_id(read([DATA / name])), tmp_path / "out"
    assert main(["convert", str(DATA / name), "--output", str(out), "--to", to]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("lost, ")]
    assert format_of(out).name == to
    after = by_id(read([out]))
    assert {x: after[x].document for x in after} == {x: before[x].document for x in before}
    lost = []
    for fact, words in LOST.items():
        known = [x for x in before if fact in before[x].facts]
        gone = [x for x in known if after[x].facts.get(fact) != before[x].facts[fact]]
        if gone:
            lost.append(f"lost, since {to} has no place for it: {words} (texts: {len(gone)})")
    assert sorted(told) == sorted(lost)


def test_all_at_once() -> None:
    reading = read(sorted(DATA.glob("[!R]*")))
    assert len({document.id for document in reading.documents}) == len(reading.documents)
    assert len({document.text for document in reading.documents}) == len(reading.documents)
    assert any("the same text with the same labels" in message for message in reading.warnings)


def test_the_corpora_are_read_whole(corpus: Path) -> None:
    memes = corpus.parent / "semeval2021" / "training_set_task2.json"
    reading = read([memes], skip_bad=True)
    assert len(reading.documents) == 688
    assert reading.problems == ()
    own = {
        "glittering_generalities_virtue",
        "obfuscation_intentional_vagueness_confusion",
        "smears",
    }
    techniques = {span.label for document in reading.documents for span in document.spans}
    assert techniques - set(corpus_names()) == own
    merged = sum("overlap and were merged" in message for message in reading.warnings)
    assert sum(len(document.spans) for document in reading.documents) == 1498 - merged
    with pytest.warns(UserWarning, match="overlap and were merged"):
        assert read([corpus]).documents == read_ptc(corpus)


def test_the_corpora_go_through_every_format(corpus: Path, tmp_path: Path) -> None:
    memes = corpus.parent / "semeval2021"
    for source in ([memes / "training_set_task2.json"], [memes / "dev_set_task2.json"], [corpus]):
        reading = read(source)
        for number, to in enumerate(FORMATS):
            out = tmp_path / f"{source[0].name}-{number}"
            lost = write(reading.records, out, to)
            expected = reading.documents
            if any(line.startswith("line breaks at the ends of spans") for line in lost):
                expected = [without_breaks(document) for document in expected]
            found = {one.id: one for one in read([out]).documents}
            assert found == {one.id: one for one in expected}, to


def without_breaks(document: Document) -> Document:
    """Spans less the line breaks at their ends, which brat can't mark."""
    spans = []
    for span in document.spans:
        words = document.text[span.start : span.end]
        start = span.start + len(words) - len(words.lstrip("\r\n"))
        whole = not words.strip("\r\n")  # a line break alone stays
        spans.append(
            span if whole else replace(span, start=start, end=start + len(words.strip("\r\n")))
        )
    return replace(document, spans=merged(spans)[0])
