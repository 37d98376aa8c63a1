"""The report on a retraining as one self-contained web page: should the new model serve?"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from training.comparison import Change, changes, verdict
from training.judged import Judged
from training.plots import learning_curve
from training.report import calibration_section, confusion_section, curve_section, page
from training.retrain import Retrained
from training.verdicts import more, sentences

__all__ = ["retrain_report"]

_WORDS = {"better": "better", "worse": "worse", "unclear": "may be chance"}
_KINDS = {
    "found": "found by the new model alone",
    "lost": "lost: found by the old model alone",
    "dropped": "wrong marks left out",
    "added": "wrong marks added",
}
_SHOWN = 3
_AROUND = 70


def retrain_report(
    retrained: Retrained,
    figures: Mapping[str, Any],
    names: tuple[tuple[str, str], tuple[str, str]],
    notes: Sequence[str],
) -> str:
    """The page as HTML.

    figures  of `compared`
    names    name and version of the old model, and of the new
    notes    what was changed, left out or looks odd in the data

    It needs no script and asks for nothing over the network. The same input gives the same page.
    """
    told = sentences(figures)
    titles = {label.id: label.name for label in retrained.labels}
    old, new = (f"{name} {version}" for name, version in names)
    evidence = retrained.new.new
    return page(
        "retrain.html",
        curve_section(evidence, _named(figures["new"], titles)),
        title=escape(f"{new} against {old}"),
        overview=f"{figures['new']['texts']:,} new texts of {figures['new']['articles']:,} "
        f"articles · {figures['new']['all']['gold']:,} labelled spans",
        advice=f"<p><strong>{told[0]}</strong></p>" + "".join(f"<p>{x}</p>" for x in told[1:]),
        headline="\n".join(_tiles(figures)),
        new=_table(figures["new"], titles),
        ignored=_ignored(figures["new"], "the new data"),
        old=_old(figures.get("old"), titles),
        learning=_learning(figures.get("curve")),
        examples=_examples(retrained.new, titles),
        calibration=calibration_section(evidence.figures()["calibration"]),
        confusions=confusion_section(evidence, _named(figures["new"], titles)),
        data=_data(retrained, notes),
    )


def _named(figures: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, str]:
    """All labels, those that occur most first."""
    gold = {label: own["gold"] for label, own in figures["by_label"].items()}
    return {label: titles[label] for label in sorted(titles, key=lambda x: (-gold.get(x, 0), x))}


def _tiles(figures: Mapping[str, Any]) -> list[str]:
    heads = {"new": "New data, held out", "old": "Data of the old kind, held out"}
    return [
        f"<div><dt>{head} (FLC)</dt>"
        f'<dd class="f1">{own["old"]:.3f} → {own["new"]:.3f}</dd>'
        f"<dd>{_difference(own)}: {_WORDS[verdict(own)]}</dd></div>"
        for key, head in heads.items()
        if key in figures
        for own in [figures[key]["all"]]
    ]


def _difference(own: Mapping[str, Any]) -> str:
    low, high = own["interval"]
    return f"{own['difference']:+.3f} ({low:+.3f} to {high:+.3f})"


def _table(figures: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    heads = ("Technique", "Gold spans", "Marked, old", "Marked, new", "Old F1", "New F1", "Change")
    labels = [label for label in _named(figures, titles) if label in figures["by_label"]]
    rows = [_row(titles[label], figures["by_label"][label], heads) for label in labels]
    total = _row("All techniques", figures["all"], heads)
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        f'<table class="techniques"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f"<tfoot>{total}</tfoot></table>"
    )


def _row(name: str, own: Mapping[str, Any], heads: Sequence[str]) -> str:
    low, high = own["interval"]
    cells = (
        f"{own['gold']:,}",
        f"{own['marked'][0]:,}",
        f"{own['marked'][1]:,}",
        f"{own['old']:.3f}",
        f"{own['new']:.3f}",
        f"{own['difference']:+.3f} <small>{low:+.3f} to {high:+.3f}</small>"
        f"<small>{_WORDS[verdict(own)]}</small>",
    )
    body = "".join(
        f'<td data-name="{head}">{cell}</td>' for head, cell in zip(heads[1:], cells, strict=True)
    )
    return f'<tr><th scope="row">{escape(name)}</th>{body}</tr>'


def _ignored(figures: Mapping[str, Any], where: str) -> str:
    count = figures["marked_unasked"]
    if not count:
        return ""
    return (
        f" The new model also marks {count:,} spans with techniques that nobody looked for in the "
        f"text: they count neither for nor against it on {where}."
    )


def _old(figures: Mapping[str, Any] | None, titles: Mapping[str, str]) -> str:
    if figures is None:
        return "<p>None was at hand: what was lost is not known.</p>"
    return (
        f"<p>{figures['texts']:,} texts that the new model did not learn from."
        f"{_ignored(figures, 'this data')}</p>{_table(figures, titles)}"
    )


def _learning(curve: Mapping[str, Any] | None) -> str:
    if curve is None:
        return "<p>Not measured: each point would take a fine-tuning of its own.</p>"
    return (
        f'<div class="beside"><figure>{learning_curve(curve["shares"], curve["flc"])}</figure>'
        f"<div><p>{more(curve)}</p><p>The dashed line is the old model. Each point is over all the "
        "new texts, judged by models that learnt from a part of the other articles.</p></div></div>"
    )


def _examples(judged: Judged, titles: Mapping[str, str]) -> str:
    by_label: dict[str, dict[str, list[Change]]] = defaultdict(lambda: defaultdict(list))
    for change in changes(judged.old.predicted, judged.new.predicted, judged.new.gold):
        by_label[change.span.label][change.kind].append(change)
    texts = {document.id: document.text for document in judged.gold}
    parts = []
    for label in sorted(by_label, key=lambda x: -sum(map(len, by_label[x].values()))):
        own = by_label[label]
        counts = " · ".join(f"{len(own[kind]):,} {kind}" for kind in _KINDS if own[kind])
        lists = "".join(_list(kind, own[kind], texts) for kind in _KINDS if own[kind])
        parts.append(
            f"<details><summary>{escape(titles.get(label, label))} <small>{counts}</small>"
            f"</summary>{lists}</details>"
        )
    return "\n".join(parts) or "<p>They mark the same.</p>"


def _list(kind: str, own: Sequence[Change], texts: Mapping[str | None, str]) -> str:
    quotes = "".join(_quote(one, texts) for one in own[:_SHOWN])
    return f'<h3>{_KINDS[kind]} ({len(own):,})</h3><ul class="examples {kind}">{quotes}</ul>'


def _quote(change: Change, texts: Mapping[str | None, str]) -> str:
    text, start, end = texts[change.document.id], change.span.start, change.span.end
    before = text[max(0, start - _AROUND) : start]
    after = text[end : end + _AROUND]
    opens = "…" if start > _AROUND else ""
    closes = "…" if end + _AROUND < len(text) else ""
    return (
        f"<li>{opens}{escape(before)}<mark>{escape(text[start:end])}</mark>{escape(after)}{closes}"
        "</li>"
    )


def _data(retrained: Retrained, notes: Sequence[str]) -> str:
    told = {k: v for k, v in retrained.trained_on.items() if not isinstance(v, list)}
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in told.items())
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    heard = (
        f'<h3>Seen in the data ({len(notes):,})</h3><ul class="examples">{listed}</ul>'
        if notes
        else "<p>Nothing odd was seen in the data.</p>"
    )
    return f'<dl class="scores">{rows}</dl>{heard}'
