"""The command `python -m training`: its errors, and the two commands that fit nothing."""

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save_file

from tagger import Tagger
from training.base import Base
from training.cli import main

COMMANDS = (
    "encoder", "finetune", "fit", "export", "measure", "convert", "promote", "rollback", "history",
    "retrain", "suggest",
)  # fmt: skip


def run(command: str, **paths: Path) -> int:
    """The exit status of a command, in which {names} stand for paths."""
    try:
        return main([word.format(**paths) for word in command.split()])
    except SystemExit as raised:  # by argparse
        return int(raised.code or 0)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"{command} --help") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(f"usage: python -m training {command}".rstrip())
    for name in COMMANDS if not command else ():
        assert f"\n    {name} " in out


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("train", "invalid choice: 'train'"),
        ("fit", "the following arguments are required: --data, --encoder, --work"),
        ("fit --data d --encoder e --work w --limit many", "--limit: invalid int value: 'many'"),
        ("encoder --data d", "the following arguments are required: --output"),
        ("finetune --data d", "the following arguments are required: --output"),
        ("export --work w --encoder e", "the following arguments are required: --output"),
        ("measure --fold 1", "unrecognized arguments: --fold 1"),
        ("promote", "the following arguments are required: MODEL"),
        ("promote m --tolerance 2", "--tolerance: '2' is not a number from 0 to 1"),
        ("promote m --most-loss little", "--most-loss: 'little' is not a number from 0 to 1"),
    ],
)
def test_arguments_that_do_not_parse(
    command: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: python -m training")
    assert message in err.splitlines()[-1]


def test_a_warning_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    def warn(_: object) -> None:
        warnings.warn("two spans were merged", stacklevel=1)

    monkeypatch.setattr("training.cli.measure", warn)
    assert run("measure") == 0
    assert capsys.readouterr().err == "warning: two spans were merged\n"


def test_an_interruption_says_how_to_go_on(capsys: Any, monkeypatch: Any) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.cli.measure", interrupt)
    assert run("measure") == 130
    assert capsys.readouterr().err == (
        "interrupted: the same command goes on from its checkpoints\n"
    )


@pytest.mark.parametrize("rows", ["", "1\tDoubt\t0\t4\n"])
def test_labels_may_be_measured_without_a_corpus(
    rows: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gold, none = tmp_path / "gold", tmp_path / "none"
    gold.write_text(rows, encoding="utf-8")
    none.write_bytes(b"")
    assert run("measure --gold {gold} --predicted {gold}", gold=gold) == 0
    figure = 1.0 if rows else 0.0
    expected = dict.fromkeys(["precision", "recall", "f1"], figure)
    assert json.loads(capsys.readouterr().out) == {"si": expected, "flc": expected}
    assert run("measure --gold {gold} --predicted {none}", gold=gold, none=none) == 0
    assert json.loads(capsys.readouterr().out)["si"] == dict.fromkeys(expected, 0.0)


def test_an_encoder_is_made_from_weights(
    root: Path, tmp_path: Path, make_bert: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    weights, output = tmp_path / "weights", tmp_path / "deep" / "encoder"
    weights.mkdir()
    bert = make_bert(layers=6, vocabulary=30_522)
    save_file(bert.weights, weights / "model.safetensors")
    (weights / "config.json").write_text(json.dumps(bert.config), encoding="utf-8")
    shutil.copyfile(root / "models" / "default" / "tokenizer.json", weights / "tokenizer.json")
    paths = {"corpus": root / "tests" / "articles", "output": output, "weights": weights}
    assert run("encoder --data {corpus} --output {output} --weights {weights}", **paths) == 0
    assert sorted(path.name for path in output.iterdir()) == sorted(
        ["NOTICE", "encoder.onnx", "tokenizer.json", "window.json"]
    )
    base = Base.read(output)
    assert (base.window["start_token"], base.window["end_token"]) == (101, 102)
    text = "They are puppets. " * 100
    for window in base.windower().plan([text]):
        [state] = base.encoder().hidden(window, ["hidden_6"])
        assert state.shape == (len(window), 32)
        assert len(window) <= base.window["tokens"] < 256
    assert capsys.readouterr().err == ""


def test_a_model_is_measured_on_a_corpus(
    root: Path, tagger: Tagger, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, model = root / "tests" / "articles", root / "models" / "default"
    assert run("measure --data {corpus} --model {model} --limit 3", corpus=corpus, model=model) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["model"] == {"name": "default", "sha256": tagger.manifest.sha256}
    assert figures["si"]["gold"] > 30
    assert figures["si"]["f1"] > 0.1
    assert figures["tc"]["rows"] >= figures["flc"]["gold"]


def test_it_runs_as_a_module(root: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "training", "measure"], cwd=root, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
