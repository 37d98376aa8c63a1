"""What a retraining came to: figures, and the words in which a team can decide from them."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from training.comparison import paired, verdict
from training.judged import Judged
from training.retrain import Retrained

__all__ = ["compared", "more", "sentences"]

_TOLERATED = 0.01
"""FLC that old data may lose: the difference that chance alone makes between two trainings."""


def compared(retrained: Retrained) -> dict[str, Any]:
    """Figures of the new model against the old: on `new` and `old` data, and the `curve`."""
    figures: dict[str, Any] = {"new": _of(retrained.new)}
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


def _of(judged: Judged) -> dict[str, Any]:
    return paired(judged.old.predicted, judged.new.predicted, judged.new.gold, judged.groups) | {
        "learnt_by_old": judged.learnt,
        "marked_unasked": judged.ignored,
    }


def sentences(figures: Mapping[str, Any]) -> list[str]:
    """Advice first, then why, then whether more labels would help."""
    new, old = figures["new"], figures.get("old")
    told = [_advice(new["all"], old and old["all"])]
    told.append(_change("On new texts that it did not learn from", new))
    if old:
        told.append(_change("On data of the old kind that it did not learn from", old))
        if old["learnt_by_old"]:
            told.append(
                f"The old model learnt from {old['learnt_by_old']} of these {old['texts']} texts, "
                "and so did the encoder of both: the two figures are too good, their difference "
                "tells what was lost."
            )
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


def _advice(new: Mapping[str, Any], old: Mapping[str, Any] | None) -> str:
    word = verdict(new)
    if old and old["difference"] < -_TOLERATED:
        return "Don't put it into service: on data of the old kind it is worse."
    if word == "worse":
        return "Don't put it into service: on the new data it is worse."
    if word == "unclear":
        return (
            "Don't put it into service yet: on the new data it is not clearly better. Label more "
            "and retrain."
        )
    if old is None:
        return "On the new data it is better; what it lost on the old was not judged."
    return "Put it into service: it is better on the new data and holds its own on the old."


def _change(where: str, figures: Mapping[str, Any]) -> str:
    every = figures["all"]
    low, high = every["interval"]
    return (
        f"{where} ({figures['texts']} texts of {figures['articles']} articles), FLC goes from "
        f"{every['old']:.3f} to {every['new']:.3f}: {every['difference']:+.3f}, with 95% "
        f"confidence {low:+.3f} to {high:+.3f}."
    )


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
