"""Input that `python -m training` can't use: exit status 2, and one line that names it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from training.cli import main


@pytest.fixture
def places(root: Path, tmp_path: Path) -> dict[str, Path]:
    """What commands below need: a corpus, an encoder, and folders that lack something."""
    corpus, default = root / "tests" / "articles", root / "models" / "default"
    damaged = tmp_path / "damaged"
    shutil.copytree(corpus, damaged)
    with (damaged / "train-task2-TC.labels").open("a", encoding="utf-8") as labels:
        labels.write("112\tDoubt\t5\n")
    without_folds = tmp_path / "without_folds"
    shutil.copytree(corpus, without_folds)
    (without_folds / "folds.json").unlink()
    weights = tmp_path / "weights"
    weights.mkdir()
    shutil.copyfile(default / "tokenizer.json", weights / "tokenizer.json")
    save_file({"x": np.zeros(1, np.float32)}, weights / "model.safetensors")
    (weights / "config.json").write_text('{"model_type": "roberta"}', encoding="utf-8")
    half = tmp_path / "half"
    half.mkdir()
    (half / "window.json").write_text("{}", encoding="utf-8")
    places = {"corpus": corpus, "default": default, "no": tmp_path / "no", "out": tmp_path / "out"}
    made = {path.name: path for path in (damaged, without_folds, weights, half)}
    return places | made | {"labels": corpus / "train-task2-TC.labels"}


ERRORS = {
    "no corpus": ("fit --data {no} --encoder {default} --work {out}", "no/train-articles holds no"),
    "bad label": (
        "fit --data {damaged} --encoder {default} --work {out}",
        "damaged/train-task2-TC.labels:121: expected",
    ),
    "no folds": (
        "fit --data {without_folds} --encoder {default} --work {out}",
        "can't read {without_folds}/folds.json: No such file",
    ),
    "other folds": (
        "fit --data {corpus} --encoder {default} --work {out} --folds {labels}",
        'train-task2-TC.labels: expected JSON, {{"folds"',
    ),
    "no encoder": ("fit --data {corpus} --encoder {no} --work {out}", "{no} is no encoder folder"),
    "half an encoder": (
        "fit --data {corpus} --encoder {half} --work {out}",
        "half is no encoder folder: can't read {half}/encoder.onnx",
    ),
    "one article": (
        "fit --data {corpus} --encoder {default} --work {out} --limit 1",
        "too few articles",
    ),
    "no article": (
        "fit --data {corpus} --encoder {default} --work {out} --limit 0",
        "a limit of 0 leaves no article",
    ),
    "nothing fitted": ("export --work {no} --encoder {default} --output {out}", "first"),
    "no weights": ("encoder --data {corpus} --output {out} --weights {no}", "no/model.safetensors"),
    "no BERT": ("encoder --data {corpus} --output {out} --weights {weights}", "only BERT"),
    "nothing to measure": ("measure", "give --data (and --model), or --gold and --predicted"),
    "gold alone": ("measure --gold {labels}", "give --data (and --model), or"),
    "all at once": (
        "measure --gold {labels} --predicted {labels} --data {corpus}",
        "give --data (and --model), or --gold and --predicted",
    ),
    "no predictions": ("measure --gold {labels} --predicted {no}", "can't read {no}: No such file"),
    "no model": ("measure --data {corpus} --model {no}", "{no} is not a model folder"),
}


@pytest.mark.parametrize(("command", "message"), ERRORS.values(), ids=ERRORS)
def test_unusable_input(
    command: str, message: str, places: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(**places) for word in command.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    [line] = err.splitlines()
    assert line.startswith("python -m training: ")
    assert message.format(**places) in line
