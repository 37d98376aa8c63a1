"""The same text labelled more than once: the latest labels hold, and whoever labelled is told."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from training.formats.records import Record

__all__ = ["latest"]


def latest(records: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """One record for each text, the latest, in the order in which texts first came; and warnings.

    Later is what was labelled later, where all records of a text say when, else what was read
    later. Texts that differ in white space around them alone are the same; the record that
    stays belongs to all the articles of the others, so their groups become one.
    """
    by_text: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_text[record.document.text.strip()].append(record)
    kept, warnings = [], []
    joined: dict[str, str] = {}
    for same in by_text.values():
        last = _last(same)
        kept.append(last)
        for record in same:
            _join(joined, record.group, last.group)
        for record in same:
            if record is not last:
                warnings.append(_warning(record, last))
    return [replace(one, group=_root(joined, one.group)) for one in kept], warnings


def _warning(record: Record, last: Record) -> str:
    if _labels(record) == _labels(last):
        return f"{record.place}: the same text with the same labels as {last.place}, counted once"
    verdicts = [one.facts.get("verdict") for one in (record, last)]
    said = f" ({verdicts[0]}, then {verdicts[1]})" if all(verdicts) else ""
    return (
        f"{record.place}: the same text has other labels at {last.place}{said}; "
        "the later labels hold"
    )


def _last(same: Sequence[Record]) -> Record:
    times = [time for record in same if (time := _time(record))]
    if len(times) < len(same):
        return same[-1]
    return same[max(range(len(same)), key=lambda at: (times[at], at))]


def _labels(record: Record) -> set[tuple[int, int, str]]:
    text = record.document.text
    before = len(text) - len(text.lstrip())
    return {(one.start - before, one.end - before, one.label) for one in record.document.spans}


def _time(record: Record) -> datetime | None:
    try:
        time = datetime.fromisoformat(record.facts.get("time", ""))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _root(joined: dict[str, str], group: str) -> str:
    while group in joined:
        group = joined[group]
    return group


def _join(joined: dict[str, str], one: str, other: str) -> None:
    one, other = _root(joined, one), _root(joined, other)
    if one != other:
        joined[one] = other
