"""What Prodigy's `db-out` gives for `spans.manual` and `ner.manual`: JSON lines.

The shape is that of its documentation (https://prodi.gy/docs/api-interfaces), not tried on a copy.
"""

from datetime import UTC, datetime
from typing import Any

from training.formats.json_format import JsonFormat, field_error, read_article, read_id
from training.formats.records import ARTICLE, Entry, Found, Mark, Place, Problem, Record, Remark

__all__ = ["PRODIGY"]

_LEFT_OUT = {
    "ignore": "answered with ignore, so it was left out",
    "reject": "answered with reject, which does not say what would be right: it was left out",
}


def _fits(record: dict[str, Any]) -> bool:
    return (
        "text" in record
        and "verdict" not in record
        and (
            "answer" in record or (isinstance(record.get("spans"), list) and record["spans"] != [])
        )
    )


def _read(place: Place, record: dict[str, Any]) -> Found:
    answer, spans = record.get("answer"), record.get("spans") or []
    if error := field_error(record | {"spans": spans}, text=str, spans=list):
        yield Problem(place, error)
    elif not all(isinstance(span, dict) for span in spans):
        yield Problem(place, "spans must be a list of objects with start, end and label")
    elif answer in _LEFT_OUT:
        yield Remark(place, _LEFT_OUT[answer])
    else:
        meta = record["meta"] if isinstance(record.get("meta"), dict) else {}
        marks = tuple(
            Mark(one.get("start"), one.get("end"), one.get("label"), _quote(record, one))
            for one in spans
        )
        yield Entry(
            place,
            record["text"],
            marks,
            read_id(record) or read_id(meta),
            facts=read_article(record, meta) | _facts(record),
            judged=answer == "accept" or bool(marks),
        )


def _quote(record: dict[str, Any], span: dict[str, Any]) -> str | None:
    """The words of a span: its own, or those of the tokens it begins and ends with where it is
    one token. (Prodigy's tokens keep no white space, so longer spans can't be put together.)"""
    if isinstance(span.get("text"), str):
        return str(span["text"])
    at, tokens = span.get("token_start"), record.get("tokens")
    if at == span.get("token_end") and isinstance(tokens, list) and isinstance(at, int):
        token = tokens[at] if 0 <= at < len(tokens) else None
        words = token.get("text") if isinstance(token, dict) else None
        return words if isinstance(words, str) else None
    return None


def _facts(record: dict[str, Any]) -> dict[str, str]:
    facts = {}
    annotator = record.get("_annotator_id") or record.get("_session_id")
    if isinstance(annotator, str):
        facts["annotator"] = annotator
    if isinstance(seconds := record.get("_timestamp"), int | float):
        try:
            facts["time"] = datetime.fromtimestamp(seconds, UTC).isoformat()
        except (OverflowError, OSError, ValueError):  # of no calendar: as good as none
            return facts
    return facts


def _write(number: int, record: Record) -> dict[str, Any]:
    document = record.document
    meta = {"id": document.id or str(number)}
    if article := record.facts.get(ARTICLE):
        meta[ARTICLE] = article
    spans = [
        {
            "start": span.start,
            "end": span.end,
            "label": span.label,
            "text": document.text[span.start : span.end],
        }
        for span in document.spans
    ]
    return {"text": document.text, "spans": spans, "answer": "accept", "meta": meta}


PRODIGY = JsonFormat(
    "prodigy",
    "JSON lines that Prodigy exports",
    frozenset({ARTICLE}),
    _fits,
    _read,
    _write,
)
