"""The options of the command `tagger`, and its other command."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tagger import Document, Tagger
from tagger.cli import main

Run = Callable[..., str]
Answer = Callable[..., dict[str, Any]]

SAMPLE = "samples/article.txt"


@pytest.fixture(scope="module")
def everything(tagger: Tagger, root: Path) -> Document:
    """The sample with every candidate span."""
    return tagger.tag([(root / SAMPLE).read_bytes().decode()], thresholds=0)[0]


def spans(found: dict[str, Any]) -> list[tuple[int, int, str]]:
    [result] = found["results"]
    return [(span["start"], span["end"], span["label"]) for span in result["spans"]]


@pytest.mark.parametrize(
    ("options", "default", "own"),
    [
        (["0"], 0.0, {}),
        (["1"], 1.0, {}),
        ([".2"], 0.2, {}),
        (["2e-1"], 0.2, {}),
        (["default=0.2"], 0.2, {}),
        (["0.9", "0.2"], 0.2, {}),
        (["0.25", "loaded_language=0"], 0.25, {"loaded_language": 0.0}),
        (["loaded_language=0", "0.25"], 0.25, {"loaded_language": 0.0}),
        (
            ["loaded_language=0.01", "name_calling_labeling=0.9"],
            None,
            {"loaded_language": 0.01, "name_calling_labeling": 0.9},
        ),
    ],
)
def test_thresholds(
    answer: Answer,
    tagger: Tagger,
    everything: Document,
    options: list[str],
    default: float | None,
    own: dict[str, float],
) -> None:
    models = {label.id: label.threshold for label in tagger.manifest.labels}
    floors = (models if default is None else dict.fromkeys(models, default)) | own
    expected = [
        (span.start, span.end, span.label)
        for span in everything.spans
        if span.score >= floors[span.label]
    ]
    given = [word for option in options for word in ("--threshold", option)]
    assert spans(answer(SAMPLE, *given)) == expected


def test_labels_may_be_chosen(answer: Answer, everything: Document) -> None:
    for names in (["loaded_language"], ["name_calling_labeling", "loaded_language"]):
        expected = [(s.start, s.end, s.label) for s in everything.spans if s.label in names]
        found = answer(SAMPLE, "--threshold", "0", "--labels", ",".join(names))
        assert spans(found) == expected != []


def test_another_model_may_be_named(answer: Answer, run: Run) -> None:
    assert answer(SAMPLE, "--model", "models/default") == answer(SAMPLE)
    assert run("labels", "--model", "models/default") == run("labels")


def test_the_techniques_are_listed(run: Run, tagger: Tagger) -> None:
    out = run("labels")
    for label in tagger.manifest.labels:
        assert f"{label.id}  (threshold {label.threshold:.2f})\n    {label.name}. " in out
        assert label.definition in out
        assert label.example in out


@pytest.mark.parametrize("command", ["", "tag", "labels"])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([*command.split(), "--help"])
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(f"usage: tagger {command}".rstrip())
    assert "2 unusable input or model" in out or command == "labels"
