"""The sections that compare: values of a column, and months."""

from collections.abc import Mapping, Sequence

from tagger.report.counts import Counts, Part
from tagger.report.markup import Names, counted, details, percent, shortened, text, wide_table
from tagger.report.plots import Curve, bars, over_months, small_months

__all__ = ["by_group", "by_month"]

_GROUPS = 12
_NO_VALUE = "(no value)"
_FEW = "A share of few rows says little: it changes much with each of them."


def by_group(column: str, counts: Counts, names: Names) -> str:
    """The section on the values of a column; those with the most rows alone."""
    groups = _largest(counts.groups)
    if not groups:
        return ""
    heads, parts = zip(*groups, strict=True)
    plot = bars(
        [
            (shortened(name), part.share(), f"{percent(part.share())} of {part.rows:,}")
            for name, part in groups
        ],
        "groups",
        f"Share of rows with a span of any technique, by {column}",
    )
    shares = [[part.share(label) for part in parts] for label in (None, *names)]
    table = wide_table(
        f"Share of rows with a span, by {column}",
        ["Technique", *heads],
        [
            ("Rows", [f"{part.rows:,}" for part in parts]),
            *(
                (name, [percent(share) for share in own])
                for name, own in zip(("Any technique", *names.values()), shares, strict=True)
            ),
        ],
        shades=[[0.0] * len(parts), *(_shades(own) for own in shares)],
    )
    return _section(
        "groups",
        f"By {column}",
        f"<p>The share of rows in which a technique was marked, for the values of "
        f"<b>{text(column)}</b> with the most rows. {_FEW}</p>\n"
        f'<div class="beside">\n<figure>{plot}</figure>\n'
        "<p>Bars: rows with a span of any technique, of all rows of the value. In the table, the "
        "more a cell is shaded, the nearer it comes to the highest share of its technique.</p>\n"
        f"</div>\n{table}",
    )


def by_month(column: str, counts: Counts, names: Names) -> str:
    """The section on months; rows without a date are told of and left out."""
    months = {month: counts.months[month] for month in sorted(filter(None, counts.months))}
    if not months:
        return ""
    curves: dict[str, Curve] = {
        label: ([*months], [part.share(label) for part in months.values()]) for label in names
    }
    small = "\n".join(
        f"<figure><figcaption>{text(names[label])}</figcaption>"
        f"{small_months(curve, names[label], number)}</figure>"
        for number, (label, curve) in enumerate(curves.items())
    )
    table = wide_table(
        f"Share of rows with a span, by month of {column}",
        ["Month", "Rows", "Any technique", *names.values()],
        [
            (
                month,
                [f"{part.rows:,}", percent(part.share())]
                + [percent(part.share(label)) for label in names],
            )
            for month, part in months.items()
        ],
    )
    whole = over_months(([*months], [part.share() for part in months.values()]))
    undated = counts.months.get(None)
    left_out = f" {counted(undated.rows, 'row')} without a date left out." if undated else ""
    return _section(
        "months",
        "By month",
        f"<p>The share of rows in which a technique was marked, by the month of "
        f"<b>{text(column)}</b>.{left_out} {_FEW}</p>\n"
        f'<figure class="long">{whole}</figure>\n<h3>By technique</h3>\n'
        '<p class="quiet">Each to its own highest share.</p>\n'
        f'<div class="many">\n{small}\n</div>\n' + details("Months as a table", table),
    )


def _largest(groups: Mapping[str | None, Part]) -> list[tuple[str, Part]]:
    """Names and parts of the largest groups, and what is left as one."""
    order = sorted(groups, key=lambda key: (-groups[key].rows, key is None, key or ""))
    largest = [(_NO_VALUE if key is None else key, groups[key]) for key in order[:_GROUPS]]
    if left := order[_GROUPS:]:
        rest = Part()
        for key in left:
            rest.add(groups[key])
        largest.append((f"{len(left):,} more", rest))
    return largest


def _shades(shares: Sequence[float]) -> list[float]:
    highest = max(shares) or 1.0
    return [share / highest for share in shares]


def _section(id: str, heading: str, inner: str) -> str:
    return (
        f'<section aria-labelledby="{id}">\n<h2 id="{id}">{text(heading)}</h2>\n{inner}\n</section>'
    )
