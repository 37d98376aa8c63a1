"""What passes from a tool's file to training: entries as stored, records that fit, and problems."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tagger import Document, InputError

__all__ = [
    "ARTICLE",
    "BadRecords",
    "Entry",
    "Found",
    "Mark",
    "Place",
    "Problem",
    "Record",
    "Remark",
]

ARTICLE = "article"
"""The fact that names the article a text belongs to: what splits must not part."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was read. `record`: the number of a line, or words such as `task 12`; None
    for the file itself."""

    file: str
    record: int | str | None = None

    @property
    def words(self) -> str:
        """The record, in words; empty for the file itself."""
        if self.record is None:
            return ""
        return f"line {self.record}" if isinstance(self.record, int) else self.record

    def __str__(self) -> str:
        if self.record is None:
            return self.file
        return f"{self.file}{':' if isinstance(self.record, int) else ', '}{self.record}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that can't be used, and why, in words for whoever labelled it."""

    place: Place
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Remark(Problem):
    """What a reader did on its own, and whoever labelled should know."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A span as a tool stored it, not checked yet.

    start, end  half-open, in the unit that the tool counts
    label       as the tool spells it
    quote       the words that the tool stored beside the offsets, None if it stores none
    """

    start: object
    end: object
    label: object
    quote: object = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A labelled text as a tool stored it.

    units         what its offsets may count (see `tagger.OFFSET_UNITS`), the likeliest first
    unit_is_sure  whether the tool counts the first of them; another then needs proof
    facts         what else is known: ARTICLE, `annotator`, `time` (ISO 8601), `verdict`, ...
    judged        whether somebody judged the text, so that no mark means no technique
    """

    place: Place
    text: str
    marks: tuple[Mark, ...] = ()
    id: str | None = None
    units: tuple[str, ...] = ("code_point", "utf16")
    unit_is_sure: bool = True
    facts: Mapping[str, str] = field(default_factory=dict)
    judged: bool = True


Found = Iterator[Entry | Problem]
"""What a reader gives, in the order of the file."""


@dataclass(frozen=True, slots=True)
class Record:
    """A gold document, where it was read, and its group: texts of one group belong to one article,
    and a split must not part them."""

    document: Document
    place: Place
    group: str
    facts: Mapping[str, str] = field(default_factory=dict)


class BadRecords(InputError):
    """Records that can't be used, which stop the run unless it is told to leave them out."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            f"{problems[0]}{more}: mend what can't be read, or leave it out with --skip-bad"
        )
