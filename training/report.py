"""A report on a model as one self-contained web page: figures, tables and plots."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any

import numpy as np

from tagger import Label, page_head
from tagger.drawing import STYLE_SHEET
from training.curves import Scored, confusions, scored_by_label
from training.evidence import Evidence
from training.plots import confusion_matrix, precision_recall, reliability, small_precision_recall

__all__ = ["calibration_section", "confusion_section", "curve_section", "page", "report"]

_HEADLINE = {
    "flc": "Fragments with their technique (FLC)",
    "si": "Fragments, technique ignored (SI)",
    "tc": "Technique of a given fragment (TC)",
}
_NOTHING = "–"
_CONFUSED = 3


def report(evidence: Evidence, labels: Sequence[Label], figures: Mapping[str, Any]) -> str:
    """The page as HTML.

    labels   of the model, for names and thresholds
    figures  of the evidence; `folds` among them tells that it is out of fold, `model` which model
             was measured

    It needs no script and asks for nothing over the network. The same input gives the same page.
    """
    by_label = figures["flc_by_label"]
    known = {label.id: label for label in labels}
    # The most frequent first; a corpus may have techniques that the model lacks.
    ids = sorted({*known, *by_label}, key=lambda x: (-by_label.get(x, {}).get("gold", 0), x))
    names = {x: known[x].name if x in known else x.replace("_", " ") for x in ids}
    rows = [
        _row(names[x], by_label.get(x), f"{known[x].threshold:.2f}" if x in known else _NOTHING)
        for x in ids
    ]
    return page(
        "report.html",
        _about(figures),
        overview=f"{figures['articles']:,} articles · {figures['flc']['gold']:,} labelled spans · "
        f"{len(ids)} techniques",
        headline="\n".join(_tile(_HEADLINE[key], figures[key]) for key in _HEADLINE),
        rows="\n".join(rows),
        total=_row("All techniques", figures["flc"], _NOTHING),
        calibration=calibration_section(figures["calibration"]),
        confusions=confusion_section(evidence, names),
        **curve_section(evidence, names),
    )


def page(name: str, *parts: Mapping[str, str], **more: str) -> str:
    """A packaged page with its parts, and the head and style sheets that all reports share."""
    files = resources.files("training")
    template = Template(files.joinpath(name).read_text("utf-8"))
    values = {key: value for part in (*parts, more) for key, value in part.items()}
    style = STYLE_SHEET + files.joinpath("report.css").read_text("utf-8")
    return template.substitute(values, head=page_head(values["title"]), style=style)


def _about(figures: Mapping[str, Any]) -> dict[str, str]:
    """What depends on where the evidence is from."""
    if "folds" in figures:
        return {
            "title": "Cross-validated accuracy",
            "caution": f"Out of fold: the articles are parted into {figures['folds']} folds, and "
            "each was judged by a model fitted on the others. Span edges, calibration and "
            "thresholds that judge a fold were chosen on the others too. So these figures are what "
            "to expect on other articles of this kind.",
            "thresholds": "The thresholds are those of the final model, chosen on all folds; the "
            "figures use those chosen on the other folds.",
        }
    model = figures["model"]
    return {
        "title": f"Accuracy of the model {escape(model['name'])}",
        "caution": "<strong>Figures on articles that a model learnt from are too good.</strong> "
        "Believe this page only if the model saw none of these articles when it was fitted; for "
        f"the others there is cross-validation. Model {escape(model['sha256'][:12])}.",
        "thresholds": "The thresholds are the model’s own.",
    }


def _tile(name: str, figures: Mapping[str, Any]) -> str:
    if "precision" in figures:
        detail = f"precision {figures['precision']:.3f}, recall {figures['recall']:.3f}"
    else:
        detail = f"micro-F1 over {figures['rows']:,} fragments"
    return (
        f'<div><dt>{name}</dt><dd class="f1">{figures["f1"]:.3f}</dd>'
        f"<dd>({_range(figures['interval'])})</dd><dd>{detail}</dd></div>"
    )


def _row(name: str, figures: Mapping[str, Any] | None, threshold: str) -> str:
    cells = {
        "Gold spans": f"{figures['gold']:,}" if figures else "0",
        "Marked": f"{figures['predicted']:,}" if figures else "0",
        "Precision": _bounded(figures, "precision", "predicted"),
        "Recall": _bounded(figures, "recall", "gold"),
        "F1": _bounded(figures, "f1", "gold"),
        "Threshold": threshold,
    }
    body = "".join(f'<td data-name="{head}">{cell}</td>' for head, cell in cells.items())
    return f'<tr><th scope="row">{escape(name)}</th>{body}</tr>'


def _bounded(figures: Mapping[str, Any] | None, name: str, count: str) -> str:
    """A figure above its interval; a dash where there is nothing to take a share of."""
    if not figures or not figures[count]:
        return _NOTHING
    bounds = figures["interval" if name == "f1" else f"{name}_interval"]
    return f"{figures[name]:.3f} <small>{_range(bounds)}</small>"


def _range(bounds: Sequence[float]) -> str:
    return f"{bounds[0]:.3f}–{bounds[1]:.3f}"


def curve_section(
    evidence: Evidence, names: Mapping[str, str], before: Evidence | None = None
) -> dict[str, str]:
    """Precision-recall curves, `pooled` and `small` (one a technique), and what is marked.

    names   of the techniques to draw, by id
    before  of another model on the same texts, whose pooled curve is drawn as well
    """
    none = Scored(np.zeros(0), np.zeros(0, bool), np.zeros(0))
    every = scored_by_label(evidence.candidates, evidence.gold)
    shown = scored_by_label(evidence.predicted, evidence.gold)
    small = []
    for number, (label, name) in enumerate(names.items()):
        own, marked = every.get(label, none), shown.get(label, none)
        curve = own.curve()
        average = f"{curve.average_precision:.3f}" if curve else _NOTHING
        drawing = small_precision_recall(name, number, curve, marked)
        small.append(
            f"<figure><figcaption>{escape(name)} <small>{len(own.found):,} gold · AP {average}"
            f"</small></figcaption>{drawing}</figure>"
        )
    pooled, marked = Scored.pool([none, *every.values()]), Scored.pool([none, *shown.values()])
    curve = pooled.curve()
    other = scored_by_label(before.candidates, before.gold) if before else {}
    return {
        "pooled": precision_recall(curve, marked, Scored.pool([none, *other.values()]).curve()),
        "shown": f"precision {_share(marked.precision)}, recall {_share(marked.recall)}",
        "average": f"{curve.average_precision:.3f}" if curve else "not defined",
        "small": "\n".join(small),
    }


def _share(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.3f}"


def calibration_section(figures: Mapping[str, Any]) -> str:
    """How far scores can be believed, from `calibration_figures`."""
    count = figures["candidates"]
    if "brier" not in figures:
        return (
            f"<p>Candidates scored 0.05 or more: {count:,}. All are right, or none is: too few to "
            "tell how far scores can be believed.</p>"
        )
    rows = {
        "Expected calibration error": figures["expected_calibration_error"],
        "Brier score": figures["brier"],
        "Brier score of the constant base rate": figures["brier_of_base_rate"],
        "Area under the ROC curve": figures["area_under_roc"],
    }
    body = "".join(f"<dt>{name}</dt><dd>{value:.3f}</dd>" for name, value in rows.items())
    return (
        f'<div class="beside"><figure>{reliability(figures["bins"])}</figure><div>'
        f"<p>The {count:,} candidates scored 0.05 or more in {len(figures['bins'])} bins of equal "
        "count. On the dashed line a score is the share of candidates that is right; the error is "
        f'the mean distance from it.</p><p>{_believed(figures)}</p><dl class="scores">{body}</dl>'
        "</div></div>"
    )


def _believed(figures: Mapping[str, Any]) -> str:
    """What the Brier scores say, in words."""
    highest = max(figures["bins"], key=lambda each: each["score"])
    told = (
        f"Of the candidates that score highest, {highest['score']:.2f} on average, "
        f"{highest['right']:.0%} are right."
    )
    if figures["brier"] < figures["brier_of_base_rate"]:
        return f"{told} By the Brier score, scores tell more than the share that is right alone."
    return (
        f"{told} By the Brier score, scores tell no more than the share that is right: don't set "
        "rules by their height alone."
    )


def confusion_section(evidence: Evidence, names: Mapping[str, str]) -> str:
    """The technique of gold fragments against the one they are named; names by id."""
    labels = [*names]
    counts = confusions(evidence.gold, evidence.named, labels)
    occurs = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    if not len(occurs):
        return "<p>There is no gold fragment to name.</p>"
    counts = counts[np.ix_(occurs, occurs)]
    own = [names[labels[place]] for place in occurs]
    others = counts * ~np.eye(len(own), dtype=bool)
    most = np.argsort(-others, axis=None, kind="stable")[:_CONFUSED]
    said = [
        f"{escape(own[row])} named {escape(own[column])} ({others[row, column]:,})"
        for row, column in zip(*np.unravel_index(most, others.shape), strict=True)
        if others[row, column]
    ]
    often = f" Most often mistaken: {'; '.join(said)}." if said else ""
    return (
        "<p>The model names the technique of gold fragments. Rows: gold; columns: named; in each "
        f"cell the share of its row, and the count.{often}</p>"
        '<div class="wide" tabindex="0" role="region" aria-label="Confusion matrix">'
        f"<figure>{confusion_matrix(counts, own)}</figure></div>"
    )
