"""Labelled data of any known format, as gold documents."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagger import Document, InputError, Label, Span
from training.formats.known import format_of
from training.formats.names import label_ids
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
    labels: Sequence[Label] | None = None,
) -> Reading:
    """Read labelled files and folders, each in its own format.

    format    one of `FORMATS` for all of them, in place of looking what each is
    skip_bad  leave out what can't be placed; otherwise it stops the reading
    labels    to map label names onto; by default the packaged taxonomy

    Raises InputError for a file that is not there or is no format known, and if nothing is left;
    BadRecords, which holds the problems, unless they are to be skipped.
    """
    entries: list[Entry] = []
    problems: list[Problem] = []
    warnings: list[str] = []
    for path in map(Path, paths):
        for found in format_of(path, format).read(path):
            if isinstance(found, Remark):
                warnings.append(str(found))
            elif isinstance(found, Problem):
                problems.append(found)
            elif not found.text.strip():
                warnings.append(f"{found.place}: there is no text, so it was left out")
            else:
                entries.append(found)
    spans, misplaced, repaired = _placed(entries)
    problems += misplaced
    warnings += repaired
    if problems and not skip_bad:
        raise BadRecords(problems)
    ids, named = label_ids(Counter(s.label for own in spans.values() for s in own), labels)
    records = _records([entry for entry in entries if entry.place in spans], spans, ids, warnings)
    records, repeated = latest(records)
    if not records:
        raise InputError("there is no labelled text in what was given")
    return Reading(tuple(records), tuple(warnings + named + repeated), tuple(problems))


def _placed(
    entries: Sequence[Entry],
) -> tuple[dict[Place, tuple[Span, ...]], list[Problem], list[str]]:
    """The spans of each entry that fits, problems with the others, and a warning for each file
    with repaired offsets."""
    spans: dict[Place, tuple[Span, ...]] = {}
    problems: list[Problem] = []
    repaired: Counter[str] = Counter()
    for entry in entries:
        try:
            found = placed(entry)
        except Misplaced as error:
            problems.append(Problem(entry.place, str(error)))
            continue
        spans[entry.place] = found.spans
        repaired[entry.place.file] += found.repaired
    warnings = [
        f"{file}: offsets of {count} {'texts' if count > 1 else 'text'} counted in UTF-16 and were "
        "converted; the quoted words prove it"
        for file, count in repaired.items()
        if count
    ]
    return spans, problems, warnings


def _records(
    entries: Sequence[Entry],
    spans: Mapping[Place, tuple[Span, ...]],
    ids: Mapping[str, str],
    warnings: list[str],
) -> list[Record]:
    records = []
    taken: Counter[str] = Counter()
    for number, entry in enumerate(entries, 1):
        own = [Span(span.start, span.end, ids[span.label]) for span in spans[entry.place]]
        gold = merged(own, lambda pair, at=entry.place: warnings.append(f"{at}: {pair}"))
        name = _unique(entry.id or str(number), taken)
        group = entry.facts.get(ARTICLE) or f"{entry.place}"
        records.append(Record(Document(entry.text, gold, name), entry.place, group, entry.facts))
    return records


def _unique(id: str, taken: Counter[str]) -> str:
    unique = id
    while unique in taken:
        taken[id] += 1
        unique = f"{id}-{taken[id]}"
    taken[unique] += 1
    return unique
