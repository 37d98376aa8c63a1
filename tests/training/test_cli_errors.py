"""Input that `python -m training` can't use: exit status 2, and a last line that names it."""

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
    unfit = tmp_path / "unfit"
    unfit.mkdir()
    (unfit / "fitted.joblib").write_bytes(b"\x80\x04half of it")
    places = {"corpus": corpus, "default": default, "no": tmp_path / "no", "out": tmp_path / "out"}
    made = {path.name: path for path in (damaged, without_folds, weights, half, unfit)}
    return places | made | {"labels": corpus / "train-task2-TC.labels"}


WAYS = "give --data (and --model), --work, or --gold and --predicted"
ERRORS = {
    "data of no format": (
        "retrain --base {default} --data {labels} --output {out}",
        "train-task2-TC.labels has no known format: name it with --format",
    ),
    "data of another format": (
        "retrain --base {default} --data {labels} --output {out} --format feedback",
        "train-task2-TC.labels:1: this line is not JSON: is the file complete? (and 119 more)",
    ),
    "a damaged guard set": (
        "retrain --base {default} --data {corpus} --guard {damaged} --output {out}",
        "damaged/train-task2-TC.labels:121: expected article id, technique, start and end",
    ),
    "a damaged guard set of promote": (
        "promote {default} --models {out} --guard {damaged}",
        "damaged/train-task2-TC.labels:121: expected article id, technique, start and end",
    ),
    "a model that is not there": (
        "suggest {labels} --model {no}",
        "{no} is not a model folder",
    ),
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
    "a recall of nothing": (
        "fit --data {corpus} --encoder {default} --work {out} --recall hyperbole=.2",
        "no article bears the label 'hyperbole'",
    ),
    "nothing fitted": ("export --work {no} --encoder {default} --output {out}", "first"),
    "no weights": ("encoder --data {corpus} --output {out} --weights {no}", "no/model.safetensors"),
    "no BERT": ("encoder --data {corpus} --output {out} --weights {weights}", "only BERT"),
    "nothing to measure": ("measure", WAYS),
    "gold alone": ("measure --gold {labels}", WAYS),
    "all at once": ("measure --gold {labels} --predicted {labels} --data {corpus}", WAYS),
    "two ways": ("measure --work {out} --data {corpus}", WAYS),
    "a model beside a fit": ("measure --work {out} --model {default}", "go with --data"),
    "a limit beside labels": (
        "measure --gold {labels} --predicted {labels} --limit 0",
        "--model and --limit go with --data",
    ),
    "a report without scores": (
        "measure --gold {labels} --predicted {labels} --report {out}",
        "a report needs scores: give --data or --work",
    ),
    "a report in place of a folder": (
        "measure --data {corpus} --report {corpus}",
        "can't write {corpus}: Is a directory",
    ),
    "a report under a file": (
        "measure --data {corpus} --report {labels}/page.html",
        "can't write {labels}/page.html: ",
    ),
    "no fit to measure": ("measure --work {no}", "{no}/fitted.joblib: run `fit --work {no}` first"),
    "a damaged fit": ("measure --work {unfit}", "{unfit}/fitted.joblib is damaged or of another"),
    "a damaged fit to export": (
        "export --work {unfit} --encoder {default} --output {out}",
        "{unfit}/fitted.joblib is damaged or of another release: run `fit --work {unfit}` again",
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
    *listed, line = err.splitlines()
    assert all(one.startswith("problem: ") for one in listed)
    assert line.startswith("python -m training: ")
    assert message.format(**places) in line
