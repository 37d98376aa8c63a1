"""What doccano exports for sequence labelling: JSON lines, in a ZIP file as it is downloaded.

A project without relations gives `"label": [[start, end, label], ...]`, one with relations
`"entities": [{"start_offset", "end_offset", "label"}, ...]`. Columns that were imported beside the
text come back as they were.

doccano stores no quoted words. Offsets count what the page counted, which is UTF-16 unless the
project counts grapheme clusters, or what a program imported, mostly code points. Where the two
differ the unit is told by `offset_unit`, which this module writes as a column, or by the words.
"""

from typing import Any

from tagger import OFFSET_UNITS, convert_offsets
from training.formats.json_format import (
    JsonFormat,
    field_error,
    read_article,
    read_id,
    stored_id,
)
from training.formats.records import ARTICLE, Entry, Found, Mark, Place, Problem, Record, Remark

__all__ = ["DOCCANO"]

_SHAPE = 'expected "label": [[start, end, label], ...] or "entities": [{...}, ...]'


def _fits(record: dict[str, Any]) -> bool:
    names = ("entities", "label", "labels") if record.get("labels") else ("entities", "label")
    return "text" in record and any(isinstance(record.get(name), list) for name in names)


def _marked(record: dict[str, Any]) -> Any:
    return next((record[name] for name in ("entities", "label", "labels") if name in record), None)


def _read(place: Place, record: dict[str, Any]) -> Found:
    if error := field_error(record, text=str):
        yield Problem(place, error)
        return
    marked = _marked(record)
    marks = [_mark(one) for one in marked] if isinstance(marked, list) else [None]
    found = tuple(mark for mark in marks if mark)
    if len(found) < len(marks):
        yield Problem(place, _SHAPE)
        return
    if record.get("relations"):
        yield Remark(place, "relations between spans are not read")
    unit = record.get("offset_unit")
    yield Entry(
        place,
        record["text"],
        found,
        read_id(record),
        units=(unit,) if unit in OFFSET_UNITS else ("code_point", "utf16"),
        unit_is_sure=False,
        facts=read_article(record),
        judged=bool(found),
    )


def _mark(stored: object) -> Mark | None:
    if isinstance(stored, dict):
        start, end = (stored.get(f"{name}_offset", stored.get(name)) for name in ("start", "end"))
        return Mark(start, end, stored.get("label"))
    if isinstance(stored, list) and len(stored) == 3:
        return Mark(stored[0], stored[1], stored[2])
    return None


def _write(number: int, record: Record) -> dict[str, Any]:
    """As doccano's page counts, so that it shows the spans where they are."""
    document = record.document
    stored: dict[str, Any] = {"id": stored_id(record, number), "text": document.text}
    if max(document.text, default="") > "\uffff":
        stored["offset_unit"] = "utf16"
    if article := record.facts.get(ARTICLE):
        stored[ARTICLE] = article
    offsets = [at for span in document.spans for at in (span.start, span.end)]
    units = convert_offsets(document.text, offsets, "utf16")
    labels = [span.label for span in document.spans]
    return stored | {
        "label": [list(one) for one in zip(units[::2], units[1::2], labels, strict=True)]
    }


DOCCANO = JsonFormat(
    "doccano",
    "JSON lines that doccano exports",
    frozenset({ARTICLE}),
    _fits,
    _read,
    _write,
)
