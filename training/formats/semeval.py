"""SemEval-2021 Task 6, subtask 2: texts of memes with marked techniques.

Dimitrov et al., SemEval-2021 Task 6: Detection of Persuasion Techniques in Texts and Images.
"""

from typing import Any

from training.formats.json_format import JsonFormat, field_error, read_article, read_id
from training.formats.records import ARTICLE, Entry, Found, Mark, Place, Problem, Record

__all__ = ["SEMEVAL"]

# How the task spells the techniques that it has in common with the corpus of news articles.
_NAMES = {
    "appeal_to_authority": "Appeal to authority",
    "appeal_to_fear_prejudice": "Appeal to fear/prejudice",
    "black_and_white_fallacy": "Black-and-white Fallacy/Dictatorship",
    "causal_oversimplification": "Causal Oversimplification",
    "doubt": "Doubt",
    "exaggeration_minimisation": "Exaggeration/Minimisation",
    "flag_waving": "Flag-waving",
    "loaded_language": "Loaded Language",
    "name_calling_labeling": "Name calling/Labeling",
    "repetition": "Repetition",
    "slogans": "Slogans",
    "thought_terminating_cliches": "Thought-terminating cliché",
}


def _fits(record: dict[str, Any]) -> bool:
    labels = record.get("labels")
    return (
        "text" in record
        and isinstance(labels, list)
        and any(isinstance(label, dict) and "technique" in label for label in labels)
    )


def _read(place: Place, record: dict[str, Any]) -> Found:
    if error := field_error(record, text=str, labels=list):
        yield Problem(place, error)
        return
    if not all(isinstance(label, dict) for label in record["labels"]):
        yield Problem(place, "the labels name no place: this is not subtask 2")
        return
    marks = tuple(
        Mark(one.get("start"), one.get("end"), one.get("technique"), one.get("text_fragment"))
        for one in record["labels"]
    )
    yield Entry(
        place,
        record["text"],
        marks,
        read_id(record),
        facts=read_article(record),
        judged=bool(marks),
    )


def _write(number: int, record: Record) -> dict[str, Any]:
    document = record.document
    stored: dict[str, Any] = {"id": document.id or str(number)}
    if article := record.facts.get(ARTICLE):
        stored[ARTICLE] = article
    labels = [
        {
            "start": span.start,
            "end": span.end,
            "technique": _NAMES.get(span.label, span.label),
            "text_fragment": document.text[span.start : span.end],
        }
        for span in document.spans
    ]
    return stored | {"text": document.text, "labels": labels}


SEMEVAL = JsonFormat(
    "semeval2021",
    "JSON of SemEval-2021 Task 6, subtask 2",
    frozenset({ARTICLE}),
    _fits,
    _read,
    _write,
    array=True,
)
