"""Wrong data: each case is reported with file, record and reason, in words for a moderator."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tagger import Document, InputError, Span
from training.formats import BadRecords, read

TEXT = "The 💩 mayor lied."  # "mayor" is 6-11 in code points, 7-12 in UTF-16
GOOD = {"text": "Our river, our rules!", "spans": [], "verdict": "accept"}


def feedback(**changes: Any) -> dict[str, Any]:
    spans = [{"start": 6, "end": 11, "label": "doubt"}]
    return {"id": 7, "text": TEXT, "spans": spans, "verdict": "correct"} | changes


def marked(start: Any, end: Any, label: Any = "doubt") -> dict[str, Any]:
    return feedback(spans=[{"start": start, "end": end, "label": label}])


def task(*values: dict[str, Any], **data: str) -> dict[str, Any]:
    labels = {"labels": ["doubt"]}
    results = [
        {"value": value if "hypertextlabels" in value else labels | value} for value in values
    ]
    return {"id": 3, "data": data or {"text": TEXT}, "annotations": [{"id": 1, "result": results}]}


def meme(start: int, end: int, words: Any) -> dict[str, Any]:
    label = {"start": start, "end": end, "technique": "Doubt", "text_fragment": words}
    return {"id": "m", "text": TEXT, "labels": [label]}


ENDS = "ends after the text, which has 17 characters"
SPANS = "spans must be a list of objects with start, end and label"
SHAPE = 'expected "label": [[start, end, label], ...]'
WORDS = "does not hold the words that are stored beside it"
UNSURE = "it is not clear whether its offsets count characters or"
FAULTS: dict[str, tuple[str, Any, str]] = {
    "a span over the end": ("feedback", marked(12, 18), f"the span 12-18 (doubt) {ENDS}"),
    "turned around": ("feedback", marked(9, 4), "the span 9-4 is empty, turned around or starts"),
    "an empty span": ("feedback", marked(4, 4), "the span 4-4 is empty"),
    "before the text": ("feedback", marked(-1, 4), "the span -1-4 is empty, turned around or"),
    "an offset in words": ("feedback", marked("4", 9), "start and end must be whole numbers"),
    "an offset that is true": ("feedback", marked(True, 9), "must be whole numbers"),
    "no label": ("feedback", marked(4, 9, None), "the span 4-9 has no label"),
    "a label of dashes": ("feedback", marked(4, 9, "--"), "the span 4-9 has no label"),
    "no spans": ("feedback", feedback(spans=5), SPANS),
    "no objects": ("feedback", feedback(spans=[[4, 9]]), SPANS),
    "no text": ("feedback", feedback(text=None), "the field text must be there and hold text"),
    "no verdict": ("feedback", feedback(verdict="maybe"), "is none of accept, correct, reject"),
    "half a character": ("feedback", feedback(text="\ud83d!"), "holds half a character"),
    "no object": ("feedback", [5], "expected an object"),
    "too deep": ("feedback", '{"text":' + "[" * 5000, "not JSON: is the file complete?"),
    "a broken line": ("feedback", '{"text": "The ma', "this line is not JSON: is the file comp"),
    "other words": ("semeval2021", meme(6, 11, "major"), f"the span 6-11 (Doubt) {WORDS}"),
    "words of neither unit": ("semeval2021", meme(8, 13, "mayor"), WORDS),
    "labels without places": ("semeval2021", {"text": TEXT, "labels": ["Doubt"]}, "no place"),
    "task without annotations": ("label-studio", {"data": {}}, "expected a task with data and"),
    "two texts": ("label-studio", task(a="b", c="d"), "which field holds the text is not clear"),
    "a place in HTML": ("label-studio", task({"start": "/p[1]", "end": "/p[1]"}), "whole numbers"),
    "marks in HTML": ("label-studio", task({"hypertextlabels": ["Doubt"]}), "other than plain"),
    "words that are a number": ("semeval2021", meme(6, 11, 5), "(Doubt) is no text"),
    "a text with one label": ("doccano", {"text": TEXT, "label": ["doubt"]}, SHAPE),
    "an offset after an emoji": (
        "doccano",
        {"text": "💩 ahoy!", "label": [[3, 4, "doubt"]]},
        UNSURE,
    ),
    "a mark over the end": ("doccano", {"text": TEXT, "label": [[1, 20, "doubt"]]}, ENDS),
    "tokens elsewhere": (
        "prodigy",
        {
            "text": TEXT,
            "tokens": [{"text": "mayor", "start": 6, "end": 11, "id": 0}],
            "spans": [{"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "doubt"}],
            "answer": "accept",
        },
        WORDS,
    ),
}


@pytest.mark.parametrize(("format", "record", "reason"), FAULTS.values(), ids=FAULTS)
def test_a_bad_record_stops_the_reading_or_is_left_out(
    format: str, record: Any, reason: str, tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.jsonl", tmp_path / "good.jsonl"
    bad.write_text(record if isinstance(record, str) else json.dumps(record), "utf-8")
    good.write_text(json.dumps(GOOD), "utf-8")
    with pytest.raises(BadRecords, match="--skip-bad") as caught:
        read([bad], format=format)
    [problem] = caught.value.problems
    assert problem.place.file == str(bad)
    assert problem.reason in str(caught.value)
    assert reason in problem.reason
    assert "mayor" not in problem.reason  # no text is repeated
    with pytest.raises(InputError, match="there is no labelled text"):
        read([bad], format=format, skip_bad=True)


def test_the_good_records_of_a_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    lines = [json.dumps(one) for one in (feedback(), marked(0, 99), GOOD)]
    path.write_text("\n".join(lines), "utf-8")
    reading = read([path], skip_bad=True)
    assert reading.documents == [
        Document(TEXT, (Span(6, 11, "doubt"),), "7"),
        Document(GOOD["text"], (), "2"),
    ]
    [problem] = reading.problems
    assert str(problem).startswith(f"{path}:2: the span 0-99 (doubt) ends after the text")


REPAIRS: dict[str, tuple[str, Any, str | None]] = {
    "as it should be": ("semeval2021", meme(6, 11, "mayor"), None),
    "UTF-16 with words": ("semeval2021", meme(7, 12, "mayor"), "UTF-16 units: only so do the s"),
    "UTF-16 in a task": ("label-studio", task({"start": 7, "end": 12, "text": "mayor"}), "hold"),
    "UTF-16 in Prodigy": (
        "prodigy",
        {
            "text": TEXT,
            "tokens": [{"text": "mayor", "start": 7, "end": 12, "id": 0}],
            "spans": [{"start": 7, "end": 12, "token_start": 0, "token_end": 0, "label": "doubt"}],
            "answer": "accept",
        },
        "UTF-16 units: only so do the spans hold",
    ),
    "UTF-16 by edges": ("doccano", {"text": TEXT, "label": [[7, 12, "doubt"]]}, "UTF-16 units"),
    "characters by edges": ("doccano", {"text": TEXT, "label": [[6, 11, "doubt"]]}, "characters"),
    "UTF-16 as said": (
        "doccano",
        {"text": TEXT, "label": [[7, 12, "doubt"]], "offset_unit": "utf16"},
        None,
    ),
}


@pytest.mark.parametrize(("format", "record", "told"), REPAIRS.values(), ids=REPAIRS)
def test_offsets_of_another_unit_are_recognised(
    format: str, record: Any, told: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([record]), "utf-8")
    reading = read([path])
    assert reading.documents[0].spans == (Span(6, 11, "doubt"),)
    about = [message for message in reading.warnings if "offsets were read" in message]
    assert len(about) == (told is not None)
    assert (told or "") in "".join(about)


def test_offsets_without_words_are_not_guessed(tmp_path: Path) -> None:
    """Where a tool is known to count code points and stores no words, nothing is proven."""
    path = tmp_path / "feedback.jsonl"
    path.write_text(json.dumps(marked(7, 12)), "utf-8")
    [document] = read([path]).documents
    assert document.text[7:12] == document.text[document.spans[0].start : document.spans[0].end]
    [document] = read([path], offset_unit="utf16").documents
    assert document.spans == (Span(6, 11, "doubt"),)
    with pytest.raises(InputError, match="offset_unit is not one of code_point, utf16, utf8"):
        read([path], offset_unit="grapheme")


def test_overlapping_spans_of_one_label_are_merged(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    spans = [
        {"start": 0, "end": 5, "label": "doubt"},
        {"start": 4, "end": 11, "label": "Doubt"},
        {"start": 4, "end": 11, "label": "slogans"},
        {"start": 11, "end": 12, "label": "doubt"},
    ]
    path.write_text(json.dumps(feedback(spans=spans)), "utf-8")
    reading = read([path])
    assert reading.documents[0].spans == (
        Span(0, 11, "doubt"),
        Span(4, 11, "slogans"),
        Span(11, 12, "doubt"),
    )
    assert f"{path}:1: doubt 0-5 and 4-11 overlap and were merged" in reading.warnings


def test_labels_spelt_three_ways_are_one(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    names = ["Loaded Language", "loaded-language", "loaded_language", "LoadedLanguage"]
    names += ["Dog whistle", "dog_whistle", "Thought terminating cliché", "loaded_langauge"]
    rows = [
        feedback(text=f"{number} 💩 mayors", spans=[{"start": 0, "end": 1, "label": name}])
        for number, name in enumerate(names)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    reading = read([path])
    assert [document.spans[0].label for document in reading.documents] == [
        *["loaded_language"] * 4,
        *["dog_whistle"] * 2,
        "thought_terminating_cliches",
        "loaded_langauge",
    ]
    assert reading.warnings == (
        f'label dog_whistle goes by 2 names, read as one: "Dog whistle" (1, first in {path}:5), '
        f'"dog_whistle" (1, first in {path}:6)',
        f"label dog_whistle (2, first in {path}:5) is none of the known techniques",
        f"label loaded_langauge (1, first in {path}:8) is none of the known techniques; if it is "
        "loaded_language misspelt, mend it",
        "label loaded_language goes by 4 names, read as one: "
        f'"Loaded Language" (1, first in {path}:1), "LoadedLanguage" (1, first in {path}:4), '
        f'"loaded-language" (1, first in {path}:2), "loaded_language" (1, first in {path}:3)',
        'label thought_terminating_cliches: "Thought terminating cliché" (1) read as this label',
    )


def said(verdict: str, received: str | None = None, text: str = TEXT) -> dict[str, Any]:
    return feedback(verdict=verdict, received=received, text=text)


MARKED, NONE = (Span(6, 11, "doubt"),), ()
REPEATS: dict[str, tuple[list[dict[str, Any]], tuple[Span, ...], str]] = {
    "the later line holds": (
        [said("accept"), said("reject")],
        NONE,
        "{path}:1: the same text has other labels at {path}:2 (accept, then reject); the later",
    ),
    "the later time holds": (
        [said("accept", "2026-11-02T09:00:00Z"), said("reject", "2026-11-01T09:00:00Z")],
        MARKED,
        "{path}:2: the same text has other labels at {path}:1 (reject, then accept); the later",
    ),
    "a time beside none says nothing": (
        [said("accept", "2026-11-02T09:00:00Z"), said("reject")],
        NONE,
        "{path}:1: the same text has other labels at {path}:2",
    ),
    "the same twice": (
        [said("accept"), said("correct")],
        MARKED,
        "{path}:1: the same text with the same labels as {path}:2, counted once",
    ),
    "a text with a line break more": (
        [said("reject", text=TEXT + "\n"), said("correct")],
        MARKED,
        "{path}:1: the same text has other labels at {path}:2 (reject, then correct)",
    ),
}


@pytest.mark.parametrize(("rows", "spans", "warning"), REPEATS.values(), ids=REPEATS)
def test_a_text_that_comes_twice_keeps_its_latest_labels(
    rows: list[dict[str, Any]], spans: tuple[Span, ...], warning: str, tmp_path: Path
) -> None:
    path = tmp_path / "feedback.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    reading = read([path])
    assert [document.spans for document in reading.documents] == [spans]
    assert [message.startswith(warning.format(path=path)) for message in reading.warnings] == [True]


def test_articles_that_share_a_text_are_one_group(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    rows = [("one", "a"), ("shared", "a"), ("two", "b"), ("shared", "b"), ("three", "c")]
    lines = [json.dumps({"text": text, "label": [], "article": group}) for text, group in rows]
    path.write_text("\n".join(lines), "utf-8")
    reading = read([path])
    groups = {record.document.text: record.group for record in reading.records}
    assert groups["one"] == groups["shared"] == groups["two"] != groups["three"]


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    empty, blank, none = (tmp_path / name for name in ("empty.jsonl", "blank.json", "none.json"))
    empty.write_bytes(b"")
    blank.write_bytes(b" \n")
    none.write_bytes(b"[]")
    with pytest.raises(BadRecords, match=r"empty\.jsonl: the file is empty \(and 1 more\)"):
        read([empty, blank])
    with pytest.raises(BadRecords, match="the file holds no records"):
        read([none], format="semeval2021")
    spaces = tmp_path / "spaces.jsonl"
    spaces.write_text(json.dumps(feedback(text="  ", spans=[])) + "\n" + json.dumps(GOOD), "utf-8")
    assert read([spaces]).warnings == (f"{spaces}:1: there is no text, so it was left out",)


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "can't read .*data: No such file"),
    "of no format": (lambda path: path.write_text('{"a": 1}'), "has no known format: name it with"),
    "a folder of nothing": (lambda path: path.mkdir(), "has no known format"),
    "not UTF-8": (lambda path: path.write_bytes(b"caf\xe9"), r"is not UTF-8 \(byte 3\)"),
    "a damaged ZIP file": (
        lambda path: path.write_bytes(_packed(path)[:40] + _packed(path)[60:]),
        "the ZIP file is damaged or locked",
    ),
}


def _packed(path: Path) -> bytes:
    packed = path.with_suffix(".made")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("all.jsonl", json.dumps(GOOD) * 9)
    return packed.read_bytes()


@pytest.mark.parametrize(("make", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read(make: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    make(tmp_path / "data")
    with pytest.raises(InputError, match=message):
        read([tmp_path / "data"], skip_bad=True)


def test_offsets_of_another_unit_are_recognised_in_brat(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text(TEXT, "utf-8")
    (tmp_path / "1.ann").write_text("T1\tdoubt 7 12\tmayor\n", "utf-8")
    reading = read([tmp_path])
    assert reading.documents[0].spans == (Span(6, 11, "doubt"),)
    assert "1.ann: offsets were read as counting UTF-16 units" in reading.warnings[0]


def test_brat_reports_what_it_cannot_place(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text("One man, two men.", "utf-8")
    rows = ["T1\tdoubt 0 3;9 12\tOne two", "T2\tdoubt zero 3\tOne", "T3\tslogans 0 3\tOne"]
    (tmp_path / "1.ann").write_text("\n".join(rows), "utf-8")
    (tmp_path / "2.ann").write_text("", "utf-8")
    (tmp_path / "3.txt").write_text("Good.", "utf-8")
    (tmp_path / "3.ann").write_text("T1\tdoubt 0 4\tGood\n", "utf-8")
    reading = read([tmp_path], skip_bad=True)
    assert [document.id for document in reading.documents] == ["3"]
    assert [(Path(one.place.file).name, one.place.record) for one in reading.problems] == [
        ("1.ann", 1),
        ("1.ann", 2),
        ("2.ann", None),
    ]
    assert "in several parts with words between them" in reading.problems[0].reason
    assert [one.id for one in read([tmp_path / "3.ann"]).documents] == ["3"]
