"""What the report counts, batch by batch: memory does not grow with the rows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tagger.errors import InputError
from tagger.report.frequent import Frequent
from tagger.report.shards import Rows

__all__ = ["BINS", "LONGEST_FRAGMENT", "Counts", "Part", "Technique"]

BINS = 50
"""Bins of equal width that scores from 0 to 1 are counted in."""

LONGEST_FRAGMENT = 200
"""Characters of a fragment that count, its white space narrowed."""

_MOST_VALUES = 1_000
_MONTH = r"^(?P<month>[1-9][0-9]{3}-(?:0[1-9]|1[0-2]))(?:-[0-3][0-9](?:[T ].*)?)?$"


@dataclass
class Part:
    """Some of the rows.

    marked   how many have a span
    bearing  how many have a span of a technique, by label
    """

    rows: int = 0
    marked: int = 0
    bearing: Counter[str] = field(default_factory=Counter)

    def share(self, label: str | None = None) -> float:
        """The share of rows with a span of this technique, or of any."""
        of = self.marked if label is None else self.bearing[label]
        return of / self.rows if self.rows else 0.0

    def add(self, other: "Part") -> None:
        """Take in the rows of another part."""
        self.rows += other.rows
        self.marked += other.marked
        self.bearing.update(other.bearing)


@dataclass
class Technique:
    """The spans of one technique.

    histogram  how many have a score in each of the BINS; a bin holds its lower bound
    fragments  by their words: case and white space aside, and no more than LONGEST_FRAGMENT
               characters of them
    """

    spans: int = 0
    scores: float = 0.0
    histogram: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    fragments: Frequent = field(default_factory=Frequent)


@dataclass
class Counts:
    """Counts over all rows of a batch's output.

    by          the column whose values part the rows, if any; `by_month` one of dates
    techniques  by label
    groups      the rows of each value of `by`; None: those without a value
    months      the rows of each month, as 2024-05; None: those without a date
    decisions   rows by what a moderation policy decided
    """

    by: str | None = None
    by_month: str | None = None
    whole: Part = field(default_factory=Part)
    techniques: dict[str, Technique] = field(default_factory=dict)
    groups: dict[str | None, Part] = field(default_factory=dict)
    months: dict[str | None, Part] = field(default_factory=dict)
    decisions: Counter[str] = field(default_factory=Counter)

    @property
    def spans(self) -> int:
        """How many there are in all."""
        return sum(technique.spans for technique in self.techniques.values())

    def add(self, rows: Rows) -> None:
        """Count these rows, which come with the columns `by` and `by_month`.

        Raises InputError if `by` has too many different values to be told apart.
        """
        bearing = rows.spans.group_by(["row", "label"]).aggregate([])
        _tally({None: self.whole}, pa.nulls(rows.count, pa.string()), bearing)
        if self.by is not None:
            _tally(self.groups, rows.values[self.by], bearing)
            if len(self.groups) > _MOST_VALUES:
                raise InputError(
                    f"--by {self.by}: this column has more than {_MOST_VALUES:,} different values; "
                    "name one that parts the rows into fewer groups"
                )
        if self.by_month is not None:
            dates = pc.extract_regex(rows.values[self.by_month], _MONTH)
            _tally(self.months, pc.struct_field(dates, "month"), bearing)
        if rows.actions is not None:
            self.decisions.update(rows.actions.to_pylist())
        self._add_scores(rows.spans)
        self._add_fragments(rows.spans)

    def _add_scores(self, spans: pa.Table) -> None:
        for label in pc.unique(spans["label"]).to_pylist():
            own = spans.filter(pc.equal(spans["label"], label))
            scores = own["score"].to_numpy()
            technique = self.techniques.setdefault(label, Technique())
            technique.spans += len(scores)
            technique.scores += float(scores.sum())
            # A score just below a bound for its rounding to binary alone counts as on it.
            bins = np.minimum((scores * BINS + 1e-6).astype(np.int64), BINS - 1)
            technique.histogram += np.bincount(bins, minlength=BINS)

    def _add_fragments(self, spans: pa.Table) -> None:
        words = pc.utf8_trim_whitespace(pc.replace_substring_regex(spans["text"], r"[\s\pZ]+", " "))
        words = pc.utf8_slice_codeunits(words, 0, LONGEST_FRAGMENT)
        keys = pa.table(
            {"label": spans["label"], "key": pc.utf8_lower(words), "at": np.arange(len(spans))}
        )
        counted = keys.group_by(["label", "key"]).aggregate([("at", "min"), ([], "count_all")])
        counted = counted.sort_by("at_min")
        columns = ["label", "key", "count_all"]
        shown = words.take(counted["at_min"]).to_pylist()
        rows = zip(*(counted[name].to_pylist() for name in columns), shown, strict=True)
        for label, key, count, first in rows:
            self.techniques[label].fragments.add(key, first, count)


def _tally(parts: dict[str | None, Part], keys: pa.Array, bearing: pa.Table) -> None:
    """Add the rows to the part that the key of each names.

    keys     one a row
    bearing  each `row` with each `label` that it bears
    """
    of_spans = keys.take(pc.unique(bearing["row"]))
    both = pa.table({"key": keys.take(bearing["row"]), "label": bearing["label"]})
    for key, count in _counted(pa.table({"key": keys})):
        parts.setdefault(key, Part()).rows += count
    for key, count in _counted(pa.table({"key": of_spans})):
        parts[key].marked += count
    for key, label, count in _counted(both):
        parts[key].bearing[label] += count


def _counted(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    """The different rows of a table, each with how often it occurs."""
    counts = table.group_by(table.column_names).aggregate([([], "count_all")])
    return zip(*(column.to_pylist() for column in counts.columns), strict=True)
