"""The report on a retraining as one self-contained web page: should the new model serve?"""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from training.change_section import examples_section
from training.comparison import verdict
from training.plots import learning_curve
from training.report import calibration_section, confusion_section, curve_section, page
from training.retrained import Retrained
from training.verdicts import more, sentences

__all__ = ["retrain_report"]

_WORDS = {"better": "better", "worse": "worse", "unclear": "may be chance"}
_SIGNS = {"better": "▲ better", "worse": "▼ worse"}
_MANY = 8
_FACTS = (
    "retrained from",
    "new texts",
    "labelled spans of new texts",
    "new labels",
    "held near the old model by",
    "seed",
)


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
    titles = {label.id: label.name for label in retrained.labels}
    told = [_minus(escape(line)) for line in sentences(figures, titles)]
    old, new = (f"{name} {version}" for name, version in names)
    evidence = retrained.new.new
    return page(
        "retrain.html",
        curve_section(evidence, _named(figures["new"], titles), retrained.new.old),
        title=escape(f"{new} against {old}"),
        overview=f"{figures['new']['texts']:,} new texts of {figures['new']['articles']:,} "
        f"articles · {figures['new']['all']['gold']:,} labelled spans",
        advice=told[0],
        reasons="".join(f"<p>{line}</p>" for line in told[1:]),
        headline="\n".join(_tiles(figures)),
        new=_table(figures["new"], titles),
        ignored=_ignored(figures["new"], "the new data"),
        old=_old(figures.get("old"), titles),
        learning=_learning(figures.get("curve")),
        examples=_examples(retrained, titles),
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
        f"<dd>{_difference(own)}: {_word(own)}</dd></div>"
        for key, head in heads.items()
        if key in figures
        for own in [figures[key]["all"]]
    ]


def _difference(own: Mapping[str, Any]) -> str:
    low, high = own["interval"]
    return _minus(f"{own['difference']:+.3f} ({low:+.3f} to {high:+.3f})")


def _word(own: Mapping[str, Any]) -> str:
    return _WORDS[verdict(own)] if any((own["difference"], *own["interval"])) else "no change"


def _minus(text: str) -> str:
    """The text with minus signs, where hyphens stand before a number."""
    return re.sub(r"(?<![\w.])-(?=\d)", "\u2212", text)


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
        _minus(f"{own['difference']:+.3f} <small>{low:+.3f} to {high:+.3f}</small>")
        + f'<small class="{verdict(own)}">{_SIGNS.get(verdict(own), _word(own))}</small>',
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
        f"<div><p>{_minus(more(curve))}</p><p>The dashed line is the old model. Each point is over "
        "all the new texts, judged by models that learnt from a part of the other articles.</p>"
        "</div></div>"
    )


def _examples(retrained: Retrained, titles: Mapping[str, str]) -> str:
    parts = ["<h3>On the new data</h3>", examples_section(retrained.new, titles, unfold=True)]
    if retrained.old:
        parts += ["<h3>On data of the old kind</h3>", examples_section(retrained.old, titles)]
    return "\n".join(parts)


def _data(retrained: Retrained, notes: Sequence[str]) -> str:
    told = {k: v for k, v in retrained.trained_on.items() if not isinstance(v, list)}
    own = _listed({name: told[name] for name in _FACTS if name in told})
    rest = _listed({name: value for name, value in told.items() if name not in _FACTS})
    before = f"<details><summary>What it was trained on before</summary>{rest}</details>"
    return own + (before if rest else "") + _heard(notes)


def _listed(told: Mapping[str, Any]) -> str:
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in told.items())
    return f'<dl class="facts">{rows}</dl>' if rows else ""


def _heard(notes: Sequence[str]) -> str:
    if not notes:
        return "<p>Nothing odd was seen in the data.</p>"
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    unfolded = "" if len(notes) > _MANY else " open"
    return (
        f"<details{unfolded}><summary>Seen in the data: what was changed, left out or looks odd "
        f'({len(notes):,})</summary><ul class="examples">{items}</ul></details>'
    )
