"""Label Studio's export as JSON: tasks, each with the annotations that people made.

https://labelstud.io/guide/export.html#Label-Studio-JSON-format-of-annotated-tasks

Its page counts code points and stores the marked words beside them; older ones and other programs
count UTF-16.
"""

from typing import Any

from training.formats.json_format import JsonFormat, read_article, read_id, stored_id
from training.formats.records import ARTICLE, Entry, Found, Mark, Place, Problem, Record, Remark

__all__ = ["LABEL_STUDIO"]


def _fits(record: dict[str, Any]) -> bool:
    return isinstance(record.get("data"), dict) and isinstance(record.get("annotations"), list)


def _read(place: Place, task: dict[str, Any]) -> Found:
    """An entry for each annotation of a task that was not skipped."""
    data, annotations = task.get("data"), task.get("annotations")
    if not isinstance(data, dict) or not isinstance(annotations, list):
        yield Problem(place, "expected a task with data and annotations: export it as JSON")
        return
    if "id" in task:
        place = Place(place.file, f"task {task['id']}")
    text = _text(data)
    if text is None:
        yield Problem(place, "which field holds the text is not clear: call it text")
        return
    kept = [one for one in annotations if isinstance(one, dict) and not one.get("was_cancelled")]
    if not kept:
        yield Remark(place, "nobody has labelled this task, so it was left out")
    for annotation in kept:
        own = place if len(kept) == 1 else Place(place.file, f"{place.record}, {_who(annotation)}")
        yield from _annotation(own, task, text, annotation)


def _annotation(place: Place, task: dict[str, Any], text: str, annotation: dict[str, Any]) -> Found:
    results = annotation.get("result")
    marks = []
    for result in results if isinstance(results, list) else ():
        value = result.get("value") if isinstance(result, dict) else None
        labels = value.get("labels") if isinstance(value, dict) else None
        if isinstance(value, dict) and isinstance(labels, list):
            stored = [value.get(name) for name in ("start", "end", "text")]
            marks += [Mark(stored[0], stored[1], label, stored[2]) for label in labels or [None]]
        elif isinstance(value, dict) and any(name.endswith("labels") for name in value):
            yield Problem(place, "it labels something other than plain text (a Text tag)")
            return
        else:
            yield Remark(place, "results that are no labelled spans are not read")
    facts = read_article(task["data"])
    if isinstance(time := annotation.get("updated_at"), str):
        facts["time"] = time
    if who := _annotator(annotation):
        facts["annotator"] = who
    yield Entry(place, text, tuple(marks), read_id(task["data"]) or read_id(task), facts=facts)


def _text(data: dict[str, Any]) -> str | None:
    texts = [value for value in data.values() if isinstance(value, str)]
    if isinstance(data.get("text"), str):
        return str(data["text"])
    return texts[0] if len(texts) == 1 else None


def _who(annotation: dict[str, Any]) -> str:
    return f"annotation {annotation.get('id', '?')}"


def _annotator(annotation: dict[str, Any]) -> str | None:
    who = annotation.get("completed_by")
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    return str(who) if isinstance(who, int | str) else None


def _write(number: int, record: Record) -> dict[str, Any]:
    document = record.document
    data = {"text": document.text, "id": stored_id(record, number)}
    if article := record.facts.get(ARTICLE):
        data[ARTICLE] = article
    results = []
    for place, span in enumerate(document.spans):
        words = document.text[span.start : span.end]
        value = {"start": span.start, "end": span.end, "text": words, "labels": [span.label]}
        results.append(
            {
                "id": f"{number}-{place}",
                "from_name": "label",
                "to_name": "text",
                "type": "labels",
                "value": value,
            }
        )
    return {"data": data, "annotations": [{"result": results}]}


LABEL_STUDIO = JsonFormat(
    "label-studio",
    "JSON that Label Studio exports",
    frozenset({ARTICLE}),
    _fits,
    _read,
    _write,
    array=True,
)
