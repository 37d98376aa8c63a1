"""The stream of `GET /v1/feedback`: one verdict on one text a line.

The stream does not say which article a text is from. A team that knows may add a field for it.
"""

from typing import Any

from training.formats.json_format import (
    JsonFormat,
    field_error,
    read_article,
    read_id,
    stored_id,
)
from training.formats.records import ARTICLE, Entry, Found, Mark, Place, Problem, Record

__all__ = ["FEEDBACK"]

_VERDICTS = ("accept", "correct", "reject")
_FACTS = {"received": "time", "annotator": "annotator", "model_version": "model_version"}


def _fits(record: dict[str, Any]) -> bool:
    return "verdict" in record and "text" in record


def _read(place: Place, record: dict[str, Any]) -> Found:
    """After `reject` the text holds no technique, so the spans judged are left out."""
    verdict, spans = record.get("verdict"), record.get("spans", [])
    if error := field_error(record, text=str):
        yield Problem(place, error)
        return
    if verdict not in _VERDICTS:
        yield Problem(place, f"the verdict is none of {', '.join(_VERDICTS)}")
        return
    if verdict == "reject":
        spans = []
    elif not isinstance(spans, list) or not all(isinstance(span, dict) for span in spans):
        yield Problem(place, "spans must be a list of objects with start, end and label")
        return
    marks = tuple(Mark(one.get("start"), one.get("end"), one.get("label")) for one in spans)
    facts = {to: str(record[key]) for key, to in _FACTS.items() if record.get(key) is not None}
    facts |= {"verdict": verdict} | read_article(record, {ARTICLE: record.get("source")})
    yield Entry(place, record["text"], marks, read_id(record), facts=facts)


def _write(number: int, record: Record) -> dict[str, Any]:
    document = record.document
    article = record.facts.get(ARTICLE)
    return {
        "id": stored_id(record, number),
        "received": record.facts.get("time"),
        "text": document.text,
        "spans": [
            {"start": span.start, "end": span.end, "label": span.label} for span in document.spans
        ],
        "verdict": record.facts.get("verdict", "correct"),
        "model_version": record.facts.get("model_version"),
        "annotator": record.facts.get("annotator"),
    } | ({ARTICLE: article} if article else {})


FEEDBACK = JsonFormat(
    "feedback",
    "the service's feedback stream",
    frozenset({ARTICLE, "annotator", "model_version", "time", "verdict"}),
    _fits,
    _read,
    _write,
)
