"""The model card: what a model is, what it was measured to do, and under which terms."""

from importlib import resources
from string import Template
from typing import Any

from tagger import Manifest

__all__ = ["card"]


def card(manifest: Manifest) -> str:
    """The card of a model as Markdown. Every figure in it comes from the manifest."""
    page = resources.files("training").joinpath("card.md").read_text("utf-8")
    figures = manifest.figures
    return Template(page).substitute(
        name=manifest.name,
        version=manifest.version,
        labels=len(manifest.labels),
        window=manifest.window["tokens"],
        data=_data(manifest.trained_on),
        measured=_measured(figures) if figures else "Not measured.",
        techniques=_techniques(manifest),
        libraries=", ".join(f"{name} {version}" for name, version in manifest.libraries.items()),
    )


def _data(trained_on: dict[str, Any]) -> str:
    told = {name: value for name, value in trained_on.items() if not isinstance(value, list)}
    return "\n".join(f"- {name}: {value}" for name, value in told.items()) or "- not stated"


def _measured(figures: dict[str, Any]) -> str:
    tc = figures["tc"]
    rows = [
        ("Fragments with their technique (FLC F1)", figures["flc"]),
        ("Fragments, technique ignored (SI F1)", figures["si"]),
        ("Technique of a given fragment (TC micro-F1)", tc),
    ]
    return "\n".join(
        [
            f"{figures['folds']}-fold cross-validation over {figures['articles']} articles, "
            "through the exported ONNX graphs. Span edges, calibration and thresholds that judge a "
            "fold were chosen on the other folds. Intervals: 95%, bootstrap over articles.",
            "",
            "| measure | figure | interval | precision | recall |",
            "|---|---:|---|---:|---:|",
            *(_row(name, figures) for name, figures in rows),
            "",
            _scores(figures["calibration"]),
        ]
    )


def _scores(calibration: dict[str, Any]) -> str:
    found = f"Scores: over {calibration['candidates']} candidates scored 0.05 or more"
    if "brier" not in calibration:
        return f"{found}, too few to tell how far scores can be believed."
    return (
        f"{found}, the expected calibration error is "
        f"{calibration['expected_calibration_error']:.3f} (ten bins of equal count), the area "
        f"under the ROC curve {calibration['area_under_roc']:.3f}, the Brier score "
        f"{calibration['brier']:.3f} against {calibration['brier_of_base_rate']:.3f} for the "
        "constant base rate. A span counts as right if it shares at least half its characters "
        "with a gold span of its technique."
    )


def _techniques(manifest: Manifest) -> str:
    by_label = manifest.figures.get("flc_by_label", {})
    recall = manifest.figures.get("tc", {}).get("recall_by_label", {})
    lines = [
        "| technique | threshold | FLC F1 | precision | recall | found / gold | named right |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for label in manifest.labels:
        row = by_label.get(label.id, {})
        counts = f"{row['predicted']} / {row['gold']}" if row else "-"
        lines.append(
            f"| {label.name} | {label.threshold:.2f} | {_ratio(row, 'f1')} "
            f"| {_ratio(row, 'precision')} | {_ratio(row, 'recall')} | {counts} "
            f"| {_ratio(recall, label.id)} |"
        )
    return "\n".join(lines)


def _row(name: str, figures: dict[str, Any]) -> str:
    low, high = figures["interval"]
    return (
        f"| {name} | {figures['f1']:.3f} | {low:.3f} to {high:.3f} "
        f"| {_ratio(figures, 'precision')} | {_ratio(figures, 'recall')} |"
    )


def _ratio(row: dict[str, Any], name: str) -> str:
    return f"{row[name]:.3f}" if name in row else "-"
