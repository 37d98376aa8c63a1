"""Labelled data of any known format, as gold documents."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tagger import OFFSET_UNITS, Document, InputError, Label, Span
from training.formats.files import is_blank
from training.formats.known import format_of
from training.formats.names import Spelling, label_ids
from training.formats.placing import Misplaced, merged, placed
from training.formats.records import (
    ARTICLE,
    BadRecords,
    Entry,
    Place,
    Problem,
    Record,
    Remark,
)
from training.formats.repeats import latest

__all__ = ["Reading", "read"]

_NO_TEXT = "there is no text, though something is marked in it: is the file complete?"
_UNMARKED = (
    "no span is marked, so it is read as a text without any technique; take it out if nobody has "
    "labelled it yet"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read.

    records   gold documents, each with its place, group and facts; ids are unique, texts too
    warnings  what was changed or looks odd, in words for whoever labelled
    problems  what was left out, with file, record and reason
    """

    records: tuple[Record, ...]
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def documents(self) -> list[Document]:
        """The gold documents, in the order they were read."""
        return [record.document for record in self.records]

    @property
    def groups(self) -> list[str]:
        """The group of each document: texts of one group must be on one side of a split."""
        return [record.group for record in self.records]


def read(
    paths: Iterable[str | Path],
    *,
    format: str | None = None,
    skip_bad: bool = False,
    offset_unit: str | None = None,
    labels: Sequence[Label] | None = None,
) -> Reading:
    """Read labelled files and folders, each in its own format.

    format       one of `FORMATS` for all of them, in place of looking what each is
    skip_bad     leave out what can't be placed; otherwise it stops the reading
    offset_unit  one of `tagger.OFFSET_UNITS` that all offsets count, in place of what tools do
    labels       to map label names onto; by default the packaged taxonomy

    A text that comes more than once keeps its latest labels, with a warning (see repeats.py).

    Raises InputError for a file that is not there or is no format known, and if nothing is left;
    BadRecords, which holds the problems, unless they are to be skipped.
    """
    if offset_unit not in (None, *OFFSET_UNITS):
        raise InputError(f"offset_unit is not one of {', '.join(OFFSET_UNITS)}")
    entries: list[Entry] = []
    problems: list[Problem] = []
    remarks: list[Problem] = []
    for path in map(Path, paths):
        if path.is_file() and is_blank(path):
            problems.append(Problem(Place(str(path)), "the file is empty"))
            continue
        for found in format_of(path, format).read(path):
            if isinstance(found, Remark):
                remarks.append(found)
            elif isinstance(found, Problem):
                problems.append(found)
            elif not found.text.strip() and found.marks:
                problems.append(Problem(found.place, _NO_TEXT))
            elif not found.text.strip():
                remarks.append(Remark(found.place, "there is no text, so it was left out"))
            else:
                entries.append(_counted_in(found, offset_unit))
    spans, misplaced = _placed(entries, remarks)
    problems += misplaced
    if problems and not skip_bad:
        raise BadRecords(problems)
    entries = [entry for entry in entries if entry.place in spans]
    ids, named = label_ids(_spellings(entries, spans), labels)
    records, repeated = latest(_records(entries, spans, ids, remarks))
    if not records:
        raise InputError("there is no labelled text in what was given")
    return Reading(
        tuple(_with_unique_ids(records)), (*_summed(remarks), *named, *repeated), tuple(problems)
    )


def _summed(problems: Iterable[Problem]) -> list[str]:
    """A line for each file and reason: many records of a file may have the same."""
    places: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for problem in problems:
        places[problem.place.file, problem.reason].append(problem.place)
    return [
        f"{own[0]}: {reason}" + (f" (and {len(own) - 1} more like it)" if len(own) > 1 else "")
        for (_, reason), own in places.items()
    ]


def _counted_in(entry: Entry, unit: str | None) -> Entry:
    return replace(entry, units=(unit,), unit_is_sure=True) if unit else entry


def _placed(
    entries: Sequence[Entry], remarks: list[Problem]
) -> tuple[dict[Place, tuple[Span, ...]], list[Problem]]:
    """The spans of each entry that fits, and problems with the others."""
    spans: dict[Place, tuple[Span, ...]] = {}
    problems: list[Problem] = []
    for entry in entries:
        try:
            found = placed(entry)
        except Misplaced as error:
            problems.append(Problem(entry.place, str(error)))
            continue
        spans[entry.place] = found.spans
        if found.told:
            remarks.append(Remark(entry.place, found.told))
        if not entry.judged:
            remarks.append(Remark(entry.place, _UNMARKED))
    return spans, problems


def _spellings(
    entries: Sequence[Entry], spans: Mapping[Place, tuple[Span, ...]]
) -> dict[str, Spelling]:
    found: dict[str, Spelling] = {}
    for entry in entries:
        for span in spans[entry.place]:
            before = found.get(span.label, Spelling(0, str(entry.place)))
            found[span.label] = replace(before, count=before.count + 1)
    return found


def _records(
    entries: Sequence[Entry],
    spans: Mapping[Place, tuple[Span, ...]],
    ids: Mapping[str, str],
    remarks: list[Problem],
) -> list[Record]:
    records = []
    for number, entry in enumerate(entries, 1):
        own = [Span(span.start, span.end, ids[span.label]) for span in spans[entry.place]]
        gold, pairs = merged(own)
        remarks += [Remark(entry.place, pair) for pair in pairs]
        name = entry.id or str(number)
        group = entry.facts.get(ARTICLE) or f"{entry.place}"
        records.append(Record(Document(entry.text, gold, name), entry.place, group, entry.facts))
    return records


def _with_unique_ids(records: Sequence[Record]) -> Iterator[Record]:
    """The records; where files count alike, the second text 7 becomes 7-2."""
    taken: Counter[str] = Counter()
    for record in records:
        name = unique = str(record.document.id)
        while unique in taken:
            taken[name] += 1
            unique = f"{name}-{taken[name]}"
        taken[unique] += 1
        yield replace(record, document=replace(record.document, id=unique))
