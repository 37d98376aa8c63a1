"""The report on a batch's output as one self-contained web page."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template

import numpy as np

from tagger.drawing import STYLE_SHEET
from tagger.formats import page_head
from tagger.manifest import Label
from tagger.report.comparisons import by_group, by_month
from tagger.report.counts import LONGEST_FRAGMENT, Counts, Technique
from tagger.report.markup import Names, counted, details, percent, shortened, text, wide_table
from tagger.report.output import Output
from tagger.report.plots import bars, histogram, small_histogram

__all__ = ["to_page"]

_FRAGMENTS = 10
_NONE = "<p>No span was marked.</p>"


def to_page(output: Output, counts: Counts, labels: Sequence[Label]) -> str:
    """The page as HTML.

    labels  of the model, for names; another label is shown by its id

    It needs no script and asks for nothing over the network. The same input gives the same page.
    """
    known = {label.id: label.name for label in labels}
    found = counts.techniques
    order = sorted(found, key=lambda label: (-found[label].spans, label))
    names = {label: known.get(label, label) for label in order}
    absent = [known.get(label, label) for label in output.techniques if label not in found]
    title = text(f"Techniques in {output.folder.resolve().name}")
    return Template((files("tagger.report") / "page.html").read_text("utf-8")).substitute(
        style=STYLE_SHEET,
        head=page_head(title),
        title=title,
        overview=text(_overview(output)),
        headline="\n".join(_tiles(output, counts)),
        failed=_failed(output),
        techniques=_techniques(counts, names),
        absent=f'<p class="quiet">Not found: {text(", ".join(absent))}.</p>' if absent else "",
        groups=by_group(counts.by, counts, names) if counts.by else "",
        months=by_month(counts.by_month, counts, names) if counts.by_month else "",
        fragments=_fragments(counts, names),
        scores=_scores(counts, names),
    )


def _overview(output: Output) -> str:
    shards = counted(len(output.shards), "shard")
    model = output.summary.get("model")
    by = f" · model {model['name']} {model['version']} ({model['sha256'][:8]})" if model else ""
    return shards + by


def _failed(output: Output) -> str:
    failed = output.summary.get("failed", 0)
    if not failed:
        return ""
    were = "row was" if failed == 1 else "rows were"
    return (
        f'<p class="quiet">{failed:,} more {were} not scored and not counted here; '
        "<code>_errors.jsonl</code> says why.</p>"
    )


def _tiles(output: Output, counts: Counts) -> list[str]:
    whole = counts.whole
    of = f" of {len(output.techniques)}" if output.techniques else ""
    tiles = [
        ("Rows", f"{whole.rows:,}", f"{whole.marked:,} with a span"),
        ("Rows with a span", percent(whole.share()), "of any technique"),
        ("Spans", f"{counts.spans:,}", f"{counts.spans / max(1, whole.rows):.2f} a row"),
        ("Techniques", f"{len(counts.techniques)}{of}", "found"),
    ]
    for action in (action for action in ("block", "review", "allow") if counts.decisions[action]):
        count = counts.decisions[action]
        tiles.append((f"Decided: {action}", f"{count:,}", f"{percent(count / whole.rows)} of rows"))
    return [
        f"<div><dt>{text(name)}</dt><dd>{text(figure)}</dd><dd>{text(more)}</dd></div>"
        for name, figure, more in tiles
    ]


def _techniques(counts: Counts, names: Names) -> str:
    if not names:
        return _NONE
    plot = bars(
        [
            (shortened(name), counts.techniques[label].spans, f"{counts.techniques[label].spans:,}")
            for label, name in names.items()
        ],
        "techniques",
        "Number of spans of each technique",
    )
    rows = []
    for label, name in names.items():
        own = counts.techniques[label]
        cells = {
            "Spans": f"{own.spans:,}",
            "Share of spans": percent(own.spans / counts.spans),
            "Rows": f"{counts.whole.bearing[label]:,}",
            "Share of rows": percent(counts.whole.share(label)),
            "Mean score": f"{own.scores / own.spans:.2f}",
        }
        data = "".join(f'<td data-name="{k}">{escape(cell)}</td>' for k, cell in cells.items())
        rows.append(f'<tr><th scope="row">{text(name)}</th>{data}</tr>')
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Technique", *cells))
    return (
        f'<div class="plot-and-table">\n<figure>{plot}</figure>\n'
        f'<table class="techniques">\n<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n'
        + "\n".join(rows)
        + "\n</tbody>\n</table>\n</div>"
    )


def _fragments(counts: Counts, names: Names) -> str:
    if not names:
        return _NONE
    cards, others = [], []
    for label, name in names.items():
        technique = counts.techniques[label]
        if most := technique.fragments.most(_FRAGMENTS, least=2):
            cards.append(_card(name, technique, most))
        else:
            others.append(name)
    none = f'<p class="quiet">None occurs twice: {text(", ".join(others))}.</p>' if others else ""
    return '<div class="fragments">\n' + "\n".join(cards) + f"\n</div>\n{none}"


def _card(name: str, technique: Technique, most: Sequence[tuple[str, int]]) -> str:
    items = "\n".join(
        f"<li><q><bdi>{text(shown)}{'…' if len(shown) >= LONGEST_FRAGMENT else ''}</bdi></q> "
        f'<span class="count">{count:,}</span></li>'
        for shown, count in most
    )
    missed = technique.fragments.missed
    more = f'<p class="quiet">Of each up to {missed:,} more than told.</p>\n' if missed else ""
    spans = counted(technique.spans, "span")
    return (
        f"<div>\n<h3>{text(name)} <small>{spans}</small></h3>\n<ol>\n{items}\n</ol>\n{more}</div>"
    )


def _scores(counts: Counts, names: Names) -> str:
    if not names:
        return _NONE
    histograms = {label: counts.techniques[label].histogram for label in names}
    small = "\n".join(
        f"<figure><figcaption>{text(names[label])}</figcaption>"
        f"{small_histogram(own, names[label], number)}</figure>"
        for number, (label, own) in enumerate(histograms.items())
    )
    tenths = wide_table(
        "Spans by score",
        ["Technique", *(f"{tenth / 10:.1f}–{(tenth + 1) / 10:.1f}" for tenth in range(10))],
        [
            (names[label], [f"{count:,}" for count in own.reshape(10, -1).sum(axis=1)])
            for label, own in histograms.items()
        ],
    )
    whole = histogram(np.sum([*histograms.values()], axis=0))
    return (
        f'<div class="beside">\n<figure>{whole}</figure>\n'
        "<p>A score is the model’s estimate that annotators would mark the span so. Spans below "
        "the thresholds of the batch are not in its output, so most histograms begin above 0.</p>"
        '\n</div>\n<h3>By technique</h3>\n<p class="quiet">Each to its own fullest bin.</p>\n'
        f'<div class="many">\n{small}\n</div>\n' + details("Scores as a table", tenths)
    )
