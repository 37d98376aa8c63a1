"""Options, models and pipes that the command `tagger` can't use."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tagger.cli import main
from tagger.manifest import FORMAT

Error = Callable[..., str]

SAMPLE = "samples/article.txt"


@pytest.fixture
def model(root: Path, tmp_path: Path) -> Path:
    """A copy of the default model whose files may be replaced."""
    folder = tmp_path / "model"
    folder.mkdir()
    for path in (root / "models" / "default").iterdir():
        (folder / path.name).symlink_to(path)
    return folder


def replace(path: Path, contents: bytes) -> None:
    path.unlink()
    path.write_bytes(contents)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threshold", "1.5"], "the threshold of default is 1.5: give a number from 0 to 1"),
        (["--threshold", "-0.1"], "the threshold of default is -0.1"),
        (["--threshold", "nan"], "the threshold of default is nan"),
        (["--threshold", "inf"], "the threshold of default is inf"),
        (["--threshold", "doubt=2"], "the threshold of doubt is 2.0"),
        (["--threshold", "abc"], "--threshold abc: give a number, or LABEL=number"),
        (["--threshold", "doubt="], "--threshold doubt=: give a number"),
        (["--threshold", "0,5"], "--threshold 0,5: give a number"),
        (["--threshold", "doubts=0.5"], "unknown label 'doubts': this model knows appeal_to"),
        (["--labels", "doubt,Doubt"], "unknown label 'Doubt': this model knows appeal_to"),
        (["--labels", ""], "unknown label ''"),
        (["--format", "xml"], "argument --format: invalid choice: 'xml'"),
        (["--threshold"], "argument --threshold: expected one argument"),
        (["--tresholds", "0.5"], "unrecognized arguments: --tresholds 0.5"),
    ],
)
def test_options_that_do_not_fit(options: list[str], message: str, error: Error) -> None:
    assert message in error("tag", SAMPLE, *options)


@pytest.mark.parametrize("command", [[], ["tagg"], ["tag"]])
def test_commands_that_do_not_parse(command: list[str], error: Error) -> None:
    error(*command)


@pytest.mark.parametrize("command", [["tag", SAMPLE], ["labels"]])
@pytest.mark.parametrize("what", ["absent", "a file", "empty"])
def test_no_model(command: list[str], what: str, tmp_path: Path, error: Error) -> None:
    folder = tmp_path / "nothing"
    if what == "a file":
        folder.write_bytes(b"")
    elif what == "empty":
        folder.mkdir()
    assert f"{folder} is not a model folder" in error(*command, "--model", folder)


def test_a_model_of_a_newer_format(model: Path, error: Error) -> None:
    body = json.loads((model / "manifest.json").read_bytes())
    del body["sha256"]
    body |= {"format": FORMAT + 1, "sha256": "0" * 64}
    raw = json.dumps(body, indent=1).encode() + b"\n"
    digest = hashlib.sha256(raw).hexdigest().encode()
    replace(model / "manifest.json", raw.replace(b"0" * 64, digest))
    line = error("tag", SAMPLE, "--model", model)
    assert f"{model / 'manifest.json'} has format {FORMAT + 1}" in line


def test_a_flipped_byte_is_found(model: Path, error: Error) -> None:
    names = sorted(path.name for path in model.iterdir())
    assert {"encoder.onnx", "head.onnx", "tokenizer.json", "README.md"} < set(names)
    for name in names:
        path = model / name
        whole = path.read_bytes()
        damaged = bytearray(whole)
        damaged[len(damaged) // 2] ^= 1
        replace(path, bytes(damaged))
        assert f"{path} is damaged" in error("tag", SAMPLE, "--model", model)
        replace(path, whole[:-1])
        assert f"{path} is damaged" in error("tag", SAMPLE, "--model", model)
        path.unlink()
        assert name in error("labels", "--model", model)
        path.write_bytes(whole)
    assert main(["labels", "--model", str(model)]) == 0


def test_a_reader_that_leaves_is_no_error(root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tagger", "labels"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_cannot_be_written(root: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "tagger", "labels"],
            cwd=root,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert ran.returncode == 2
    assert ran.stderr == "tagger: can't write the output: No space left on device\n"


def test_an_interruption_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tagger.tagger.Tagger.infer", interrupt)
    assert main(["tag", SAMPLE]) == 130
    assert capsys.readouterr().err == ""
