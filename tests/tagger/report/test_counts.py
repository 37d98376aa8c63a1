"""What is counted, against the same counts made the plain way."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tagger import InputError
from tagger.report.counts import BINS, Counts, Part
from tagger.report.shards import read_shard

Row = dict[str, Any]
Write = Callable[..., Path]


def row(*spans: tuple[str, float, str], **columns: object) -> Row:
    """A row with spans of these labels, scores and texts."""
    names = ("label", "score", "text")
    listed = [{"start": 0, "end": 9, **dict(zip(names, each, strict=True))} for each in spans]
    return {"id": "1", **columns, "spans": listed}


def counted(folder: Path, by: str | None = None, by_month: str | None = None) -> Counts:
    counts = Counts(by, by_month)
    for shard in sorted(folder.glob("part-*")):
        for rows in read_shard(shard, [name for name in (by, by_month) if name]):
            counts.add(rows)
    return counts


def plain(rows: Sequence[Row]) -> Part:
    """The part that these rows are, counted one by one."""
    part = Part(len(rows), sum(bool(each["spans"]) for each in rows))
    for each in rows:
        part.bearing.update({span["label"] for span in each["spans"]})
    return part


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
@pytest.mark.parametrize("shards", [1, 4])
def test_counts_of_the_articles(rows: list[Row], write: Write, form: str, shards: int) -> None:
    counts = counted(write(rows, form=form, shards=shards), "source", "date")
    spans = [span for each in rows for span in each["spans"]]
    assert counts.whole == plain(rows)
    assert counts.spans == len(spans) > 100
    sources = {each["source"] for each in rows}
    months = {str(each["date"])[:7] for each in rows}
    assert counts.groups == {
        source: plain([each for each in rows if each["source"] == source]) for source in sources
    }
    assert counts.months == {
        month: plain([each for each in rows if str(each["date"])[:7] == month]) for month in months
    }
    for label, technique in counts.techniques.items():
        own = [span for span in spans if span["label"] == label]
        bins = Counter(min(BINS - 1, int(span["score"] * BINS + 1e-6)) for span in own)
        words = Counter(" ".join(span["text"].split()).lower()[:200] for span in own)
        assert technique.spans == len(own)
        assert technique.scores == pytest.approx(sum(span["score"] for span in own))
        assert technique.histogram.tolist() == [bins[place] for place in range(BINS)]
        most = technique.fragments.most(len(own))
        assert {shown.lower(): count for shown, count in most} == words


@pytest.mark.parametrize(
    ("score", "place"),
    [(0.0, 0), (0.02, 1), (0.58, 29), (0.3, 15), (0.599999, 29), (0.98, 49), (1.0, 49)],
)
def test_a_bin_holds_its_lower_bound(write: Write, score: float, place: int) -> None:
    counts = counted(write([row(("doubt", score, "x"))]))
    assert counts.techniques["doubt"].histogram.nonzero()[0].tolist() == [place]


def test_fragments_are_told_apart_by_their_words(write: Write) -> None:
    texts = [
        "The  puppets",
        "the\u00a0\n puppets ",
        "THE PUPPETS",
        "the puppet",
        "x" * 200,
        "x" * 300,
    ]
    folder = write(
        [row(*(("doubt", 0.5, text) for text in texts)), row(("slogans", 0.5, "puppet"))]
    )
    techniques = counted(folder).techniques
    assert techniques["doubt"].fragments.most(9) == [
        ("The puppets", 3),
        ("x" * 200, 2),
        ("the puppet", 1),
    ]
    assert techniques["slogans"].fragments.most(9) == [("puppet", 1)]


DATES = {
    "2024-05-17": "2024-05",
    "2024-05": "2024-05",
    "2024-12-31T20:15:00Z": "2024-12",
    "2024-12-31 20:15:00.5+02:00": "2024-12",
    "9999-12-31": "9999-12",
    "2024": None,
    "2024-13-01": None,
    "17.05.2024": None,
    "0000-00-00": None,
    "20240517": None,
    "2024-05-17th": None,
    "": None,
    None: None,
}


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_months_of_dates(write: Write, form: str) -> None:
    folder = write([row(when=date) for date in DATES], form=form)
    assert {month: part.rows for month, part in counted(folder, None, "when").months.items()} == (
        Counter(DATES.values())
    )


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        (["a", "b", None, "a"], {"a": 2, "b": 1, None: 1}),
        ([1, 2, None, 1], {"1": 2, "2": 1, None: 1}),
        ([True, False, None, True], {"true": 2, "false": 1, None: 1}),
        ([None, None], {None: 2}),
    ],
)
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_values_of_a_column(
    write: Write, values: list[object], keys: dict[str | None, int], form: str
) -> None:
    folder = write([row(source=value) for value in values], form=form)
    assert {key: part.rows for key, part in counted(folder, "source").groups.items()} == keys


def test_a_column_with_a_value_for_each_row_is_refused(write: Write) -> None:
    rows = [row(url=f"https://example.org/{number}") for number in range(1_001)]
    assert len(counted(write(rows[:-1]), "url").groups) == 1_000
    with pytest.raises(InputError, match="--by url: this column has more than 1,000 different"):
        counted(write(rows), "url")


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_decisions(write: Write, form: str) -> None:
    decided = ["allow", "review", "allow"]
    policy = {"name": "default", "version": "1"}
    rows = [row() | {"decision": {"action": each, "policy": policy}} for each in decided]
    assert counted(write(rows, form=form)).decisions == Counter(decided)


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_shard_is_read_some_rows_at_a_time(write: Write, form: str) -> None:
    folder = write([row(("doubt", 0.5, "x"))] * 9_000, form=form)
    counts = [rows.count for rows in read_shard(folder / f"part-00000.{form}")]
    assert sum(counts) == 9_000
    assert max(counts) < 5_000
