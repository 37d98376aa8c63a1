"""The page of `tagger report`: its figures, what it says of what is not there, and its escaping."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tagger import Tagger
from tagger.cli import main
from tagger.report.frequent import Frequent

Row = dict[str, Any]
Write = Callable[..., Path]
Report = Callable[..., str]
Parse = Callable[[str], Any]

HOSTILE = '</q><script>alert(1)</script> & "\'$title ${x} \x1b[31m \u202e#040404 id="a" url(#b'
SHOWN = '</q><script>alert(1)</script> & "\'$title ${x} \\x1b[31m \\u202e#040404 id="a" url(#b'


def row(*labels: str, text: str = "shame", **columns: object) -> Row:
    """A row with a span of each label."""
    span = {"start": 0, "end": 9, "score": 0.5, "text": text}
    return {"id": "1", **columns, "spans": [span | {"label": label} for label in labels]}


@pytest.fixture(scope="module")
def names(tagger: Tagger) -> dict[str, str]:
    return {label.id: label.name for label in tagger.manifest.labels}


def test_figures_are_those_of_the_rows(
    rows: list[Row], page_path: Path, parse: Parse, names: dict[str, str]
) -> None:
    page = parse(page_path.read_text("utf-8"))
    spans = [span for each in rows for span in each["spans"]]
    found = Counter(span["label"] for span in spans)
    bearing = Counter(label for each in rows for label in {s["label"] for s in each["spans"]})
    marked = sum(bool(each["spans"]) for each in rows)
    own = page.table("Technique", "Spans")
    assert list(own) == [names[x] for x in sorted(found, key=lambda x: (-found[x], x))]
    for label, count in found.items():
        scores = [span["score"] for span in spans if span["label"] == label]
        assert own[names[label]] == [
            str(count),
            f"{count / len(spans):.1%}",
            str(bearing[label]),
            f"{bearing[label] / len(rows):.1%}",
            f"{sum(scores) / count:.2f}",
        ]
    assert page.texts["dd"] == [
        f"{len(rows)}",
        f"{marked} with a span",
        f"{marked / len(rows):.1%}",
        "of any technique",
        f"{len(spans)}",
        f"{len(spans) / len(rows):.2f} a row",
        f"{len(found)} of {len(found) + 1}",
        "found",
    ]
    assert "Not found: dog_whistle." in page.texts["p"]
    tenths = page.table("Technique", "0.0–0.1")
    for label in found:
        places = Counter(int(s["score"] * 10) for s in spans if s["label"] == label)
        assert tenths[names[label]] == [str(places[place]) for place in range(10)]


def test_sources_and_months_side_by_side(
    rows: list[Row], page_path: Path, parse: Parse, names: dict[str, str]
) -> None:
    page = parse(page_path.read_text("utf-8"))

    def share(part: list[Row], label: str | None) -> str:
        having = [any(label in (None, s["label"]) for s in each["spans"]) for each in part]
        return f"{sum(having) / len(part):.1%}"

    sources = Counter(each["source"] for each in rows)
    order = sorted(sources, key=lambda source: (-sources[source], source))
    heads = next(own for own in page.rows if own[:2] == ["Technique", order[0]])
    assert heads[1:] == order
    by_source = page.table(*heads)
    parts = [[each for each in rows if each["source"] == source] for source in order]
    assert by_source["Rows"] == [str(len(part)) for part in parts]
    assert by_source["Any technique"] == [share(part, None) for part in parts]
    assert by_source[names["slogans"]] == [share(part, "slogans") for part in parts]

    heads = next(own for own in page.rows if own[0] == "Month")
    by_month = page.table(*heads)
    assert list(by_month) == sorted({str(each["date"])[:7] for each in rows})
    place = heads.index(names["slogans"])
    for month, cells in by_month.items():
        part = [each for each in rows if str(each["date"]).startswith(month)]
        assert cells[:2] == [str(len(part)), share(part, None)]
        assert cells[place - 1] == share(part, "slogans")


def test_the_page_is_the_same_of_json_lines(
    rows: list[Row], page_path: Path, write: Write, report: Report
) -> None:
    out = write(rows, form="jsonl", labels=["dog_whistle"])
    assert report(out, "--by", "source", "--by-month", "date") == page_path.read_text("utf-8")


def test_it_stands_alone_and_its_ids_are_unique(page_path: Path, parse: Parse) -> None:
    html = page_path.read_text("utf-8")
    page = parse(html)
    ids = page.values("id")
    assert len(ids) == len(set(ids)) > 50
    assert {ref[1:] for ref in page.values("href") if ref[0] == "#"} <= {*ids}
    assert set(re.findall(r"url\(#([^)]*)\)", html)) <= {*ids}
    assert {*page.values("aria-labelledby")} <= {*ids}
    assert "script" not in page.texts
    assert page.values("src") == []
    assert not re.search(r"https?:", html.replace("http://www.w3.org/", ""))
    drawings = html.count("<svg ")
    assert drawings == html.count('role="img" aria-label="') > 20


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_what_is_quoted_cannot_act(write: Write, report: Report, parse: Parse, form: str) -> None:
    rows = [row(HOSTILE, text=HOSTILE, **{HOSTILE: HOSTILE})] * 2
    out = write([*rows, row(**{HOSTILE: None})], form=form)
    html = report(out, "--by", HOSTILE)
    page = parse(html)
    assert "script" not in page.texts
    assert "<script" not in html
    assert page.texts["bdi"] == [SHOWN]
    assert page.table("Technique", "Spans")[SHOWN][0] == "2"
    assert page.table("Technique", SHOWN, "(no value)")["Rows"] == ["2", "1"]
    assert f"By {SHOWN}" in page.texts["h2"]
    short = SHOWN[:35] + "…"
    assert page.texts["svg"][0].split() == f"{short} 2".split()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e]", html)


def test_what_is_quoted_is_drawn_as_it_is(write: Write, report: Report, parse: Parse) -> None:
    source = 'url(#a) id="b" #040404 $c_1$'
    page = parse(report(write([row("doubt", source=source)]), "--by", "source"))
    assert source in page.texts["svg"][1]


def test_labels_unknown_to_the_model_show_their_ids(
    write: Write, report: Report, parse: Parse
) -> None:
    own = parse(report(write([row("dog_whistle", "doubt")]))).table("Technique", "Spans")
    assert list(own) == ["dog_whistle", "Doubt"]


def test_names_come_from_the_model_that_is_named(
    write: Write, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = write([row("doubt")])
    assert main(["report", str(out), "--model", str(tmp_path)]) == 2
    assert f"{tmp_path} is not a model folder" in capsys.readouterr().err


def test_frequent_fragments(write: Write, report: Report, parse: Parse) -> None:
    texts = ["we"] * 3 + ["us"] * 2 + ["once"] + [f"{n} {n}" for n in range(10)] * 2
    rows = [row("doubt", text=text) for text in texts] + [row("slogans", "repetition")]
    page = parse(report(write([*rows, row("slogans", text="y" * 300)])))
    assert page.texts["h3"][0] == "Doubt 26 spans"
    assert page.texts["bdi"][:3] == ["we", "0 0", "1 1"]
    assert len(page.texts["bdi"]) == 10
    assert page.texts["li"][0] == "we 3"
    assert "None occurs twice: Slogans, Repetition." in page.texts["p"]
    page = parse(report(write([row("doubt", text="y" * 300), row("doubt", text="y" * 400)])))
    assert page.texts["bdi"] == ["y" * 200 + "…"]


def test_fragments_too_many_to_count(
    write: Write, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Frequent.__init__, "__defaults__", (3, *Frequent.__init__.__defaults__[1:]))  # type: ignore[misc]
    rows = [row("doubt", text="we")] * 9 + [row("doubt", text=str(n)) for n in range(9)]
    assert "Of each up to 1 more than told." in report(write(rows))


def test_rows_that_failed_and_decisions(write: Write, report: Report, parse: Parse) -> None:
    rows = [row("doubt") | {"decision": {"action": each}} for each in ("allow", "review", "allow")]
    page = parse(report(write(rows, failed=2)))
    assert page.texts["dt"][-2:] == ["Decided: review", "Decided: allow"]
    assert page.texts["dd"][-4:] == ["1", "33.3% of rows", "2", "66.7% of rows"]
    assert any(text.startswith("2 more rows were not scored") for text in page.texts["p"])


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
@pytest.mark.parametrize("count", [0, 2])
def test_nothing_found(write: Write, report: Report, parse: Parse, form: str, count: int) -> None:
    rows = [row(source="a", date="2024-05-17")] * count
    columns = ("--by", "source", "--by-month", "date") if count else ()
    page = parse(report(write(rows, form=form), *columns))
    assert page.texts["dd"][0] == str(count)
    assert page.texts["p"].count("No span was marked.") == 3


def test_the_smallest_sources_are_one(write: Write, report: Report, parse: Parse) -> None:
    rows = [row(*["doubt"] * (n > 12), source=f"s{n:02}") for n in range(15) for _ in range(20 - n)]
    page = parse(report(write(rows), "--by", "source"))
    table = page.table("Technique", "s00")
    assert table["Rows"] == [str(20 - n) for n in range(12)] + [str(8 + 7 + 6)]
    assert table["Doubt"] == ["0.0%"] * 12 + [f"{13 / 21:.1%}"]
    assert "3 more" in next(own for own in page.rows if own[:2] == ["Technique", "s00"])


def test_months_with_gaps_and_rows_without_a_date(
    write: Write, report: Report, parse: Parse
) -> None:
    dates = ["2023-11-30", "2024-02-01", "2024-02-29", "soon", None, "9999-12-31"]
    page = parse(report(write([row("doubt", date=date) for date in dates]), "--by-month", "date"))
    assert list(page.table("Month", "Rows")) == ["2023-11", "2024-02", "9999-12"]
    assert any("2 rows without a date left out." in text for text in page.texts["p"])


def test_a_single_month(write: Write, report: Report, parse: Parse) -> None:
    page = parse(
        report(write([row("doubt", date="2024-05-17"), row(date="2024-05")]), "--by-month", "date")
    )
    assert page.table("Month", "Rows")["2024-05"] == ["2", "50.0%", "50.0%"]


def test_shards_of_another_program(write: Write, report: Report, parse: Parse) -> None:
    out = write([row("doubt")], failed=3)
    for name in ("_summary.json", "_manifest.json"):
        (out / name).unlink()
    (out / "_SUCCESS").touch()
    page = parse(report(out))
    assert page.texts["dd"][-2] == "1"
    assert page.texts["header"][0].split("\n")[-2] == "1 shard"
