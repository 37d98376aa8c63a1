"""Runs the command `tagger` in this process, in the checkout, on the packaged model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tagger.cli import main

Run = Callable[..., str]

SCORE = {"type": "number", "minimum": 0, "maximum": 1}
COUNT = {"type": "integer", "minimum": 0}
TEXT = {"type": "string", "minLength": 1}


def shape(**properties: object) -> dict[str, object]:
    """A JSON object of these properties, all of them and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


SPAN = shape(start=COUNT, end=COUNT, text=TEXT, label=TEXT, score=SCORE)
RESULT = shape(
    id={"type": ["string", "null"]},
    windows=COUNT,
    spans={"type": "array", "items": SPAN},
    labels={"type": "object", "additionalProperties": SCORE},
)
ANSWER = shape(
    id={"type": ["string", "null"]},
    model=shape(name=TEXT, version=TEXT, sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"}),
    offset_unit={"const": "code_point"},
    results={"type": "array", "items": RESULT},
)


@pytest.fixture(autouse=True)
def here(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the checkout, with the packaged model."""
    monkeypatch.chdir(root)
    for name in ("TAGGER_MODELS", "TAGGER_THREADS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command, which must succeed without a word on standard error."""

    def run(*arguments: str | Path) -> str:
        assert main([str(argument) for argument in arguments]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return run


@pytest.fixture
def answer(run: Run) -> Callable[..., dict[str, Any]]:
    """Runs `tagger tag --format json` and checks the answer's shape and its offsets."""

    def answer(*arguments: str | Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(run("tag", "--format", "json", *arguments))
        Draft202012Validator(ANSWER).validate(found)
        for result in found["results"]:
            keys = [(span["start"], -span["end"], span["label"]) for span in result["spans"]]
            assert keys == sorted(keys)
            highest = {
                label: max(s["score"] for s in result["spans"] if s["label"] == label)
                for label in {span["label"] for span in result["spans"]}
            }
            assert result["labels"] == highest
        return found

    return answer


@pytest.fixture
def error(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command that must fail, and returns the line on standard error that says why."""

    def error(*arguments: str | Path) -> str:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as raised:  # by argparse, which shows the usage first
            status = int(raised.code or 0)
        out, err = capsys.readouterr()
        assert status == 2
        assert out == ""
        assert "Traceback" not in err
        lines = err.splitlines()
        assert len(lines) == 1 or lines[0].startswith("usage: tagger")
        assert lines[-1].startswith("tagger")
        return lines[-1]

    return error
