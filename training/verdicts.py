"""What a retraining came to: figures, and the words in which a team can decide from them."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from tagger import Document
from training.comparison import paired, verdict
from training.judged import Judged
from training.retrained import Retrained

__all__ = ["compared", "more", "sentences"]

_TOLERATED = 0.01
"""FLC that old data may lose: the difference that chance alone makes between two trainings."""

_WEAK = 0.2
"""F1 of a technique below which its marks are more a burden than a help."""


def compared(retrained: Retrained) -> dict[str, Any]:
    """Figures of the new model against the old: on `new` and `old` data, and the `curve`."""
    figures: dict[str, Any] = {"new": _of(retrained.new)}
    if retrained.own:
        figures["new"]["own"] = list(retrained.own)
        known = _of(retrained.new, without=retrained.own)["all"]
        if known["gold"] or any(known["marked"]):
            figures["new"]["known"] = known
    if retrained.old:
        figures["old"] = _of(retrained.old)
    if retrained.curve:
        figures["curve"] = _curve(retrained, figures["new"]["all"]["old"])
    return figures


def _curve(retrained: Retrained, start: float) -> dict[str, Any]:
    shares = sorted(retrained.curve)
    gold = retrained.new.new.gold
    steps = [
        paired(retrained.curve[low], retrained.curve[high], gold, retrained.new.groups)["all"]
        for low, high in pairwise(shares)
    ]
    return {
        "shares": [0.0, *shares],
        "flc": [start, steps[0]["old"], *(step["new"] for step in steps)],
        "last": {name: steps[-1][name] for name in ("difference", "interval")},
    }


def _of(judged: Judged, without: Collection[str] = ()) -> dict[str, Any]:
    old, new, gold = (
        [_less(document, without) for document in side]
        for side in (judged.old.predicted, judged.new.predicted, judged.new.gold)
    )
    return paired(old, new, gold, judged.groups) | {
        "learnt_by_old": judged.learnt,
        "marked_unasked": judged.ignored,
    }


def _less(document: Document, labels: Collection[str]) -> Document:
    return replace(document, spans=tuple(s for s in document.spans if s.label not in labels))


def sentences(figures: Mapping[str, Any], titles: Mapping[str, str] | None = None) -> list[str]:
    """Advice first, then why, on the new data and on the old; then whether more labels would help.

    titles  names of the techniques, by id; by default the ids
    """
    new, old = figures["new"], figures.get("old")
    titles = titles or {}
    told = [_advice(new, old and old["all"])]
    why = [_change("On new texts that it did not learn from", new, new["all"])]
    if "known" in new:
        why.append(_change("There, on techniques that the old model knew", None, new["known"]))
    told.append(" ".join([*why, *_by_technique(new, titles)]))
    if "own" in new:
        told.append(_new_techniques(new, titles))
    if old:
        why = [_change("On data of the old kind that it did not learn from", old, old["all"])]
        why += _by_technique(old, titles)
        if old["learnt_by_old"]:
            why.append(
                f"The old model learnt from {old['learnt_by_old']} of these {old['texts']} texts, "
                "and so did the encoder of both: the two figures are too good, their difference "
                "tells what was lost."
            )
        told.append(" ".join(why))
    else:
        told.append(
            "Nothing was judged on data of the old kind: give labelled articles with --guard, or "
            "the old training data with --base-data."
        )
    if new["learnt_by_old"]:
        told.append(
            f"The old model had learnt from {new['learnt_by_old']} of the new texts before, which "
            "makes it look better than it is."
        )
    return told + ([more(figures["curve"])] if "curve" in figures else [])


def _advice(figures: Mapping[str, Any], old: Mapping[str, Any] | None) -> str:
    word = verdict(figures["all"])
    if old and old["difference"] < -_TOLERATED:
        return "Don't put it into service: on data of the old kind it is worse."
    if word == "worse":
        return "Don't put it into service: on the new data it is worse."
    if "known" in figures and verdict(figures["known"]) == "worse":
        return (
            "Don't put it into service: on the new data it is worse at the techniques that the old "
            "model knew."
        )
    if word == "unclear":
        return (
            "Don't put it into service yet: on the new data it is not clearly better. Label more "
            "and retrain."
        )
    if old is None:
        return "On the new data it is better; what it lost on the old was not judged."
    return "Put it into service: it is better on the new data and holds its own on the old."


def _change(where: str, of: Mapping[str, Any] | None, every: Mapping[str, Any]) -> str:
    low, high = every["interval"]
    texts = f" ({of['texts']} texts of {of['articles']} articles)" if of else ""
    return (
        f"{where}{texts}, FLC goes from {every['old']:.3f} to {every['new']:.3f}: "
        f"{every['difference']:+.3f}, with 95% confidence {low:+.3f} to {high:+.3f}."
    )


def _by_technique(figures: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """The techniques whose change chance does not explain, of those that the old model knew: a
    sentence, if there are any."""
    found: dict[str, list[str]] = {"better": [], "worse": [], "unclear": []}
    for label, own in figures["by_label"].items():
        if label not in figures.get("own", ()):
            found[verdict(own)].append(titles.get(label, label))
    better, worse = (", ".join(sorted(found[word])) or "none" for word in ("better", "worse"))
    rest = len(found["unclear"])
    others = f" Chance may explain the change of the other {rest}." if rest else ""
    return [f"Clearly better: {better}. Clearly worse: {worse}.{others}"] * any(found.values())


def _new_techniques(figures: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """What the old model can't know, so that any find is a gain."""
    told: list[str] = []
    weak: dict[str, str] = {}
    for label in figures["own"]:
        own = figures["by_label"].get(label, {"new": 0.0, "gold": 0, "marked": (0, 0)})
        name = titles.get(label, label)
        told.append(f"{name} {own['new']:.3f} ({own['gold']} labelled, {own['marked'][1]} marked)")
        if own["new"] < _WEAK:
            weak[label] = name
    words = f"New techniques, by their F1: {', '.join(told)}."
    if weak:
        words += (
            f" Hardly found yet: {', '.join(weak.values())}. Label more of it, or leave it out: "
            f"--without {','.join(weak)}."
        )
    return words


def more(curve: Mapping[str, Any]) -> str:
    """Would more labels help?"""
    low, high = curve["last"]["interval"]
    gained = curve["last"]["difference"]
    half = f"Learning from all new labels in place of half of them gave {gained:+.3f} of FLC"
    if low > 0:
        return f"{half}, which chance does not explain: more labels would help further."
    if high < _TOLERATED:
        return f"{half}: more labels of this kind would hardly help."
    return f"{half}, which chance may explain: too few labels to tell whether more would help."
