"""The snippets of the README, run as they stand there but for the port."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tagger import Tagger

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
TEXT = "💩 The mayor and his gang of greedy hypocrites have betrayed this town."


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[str]:
    """What is typed at a prompt: up to the line in which all quotes are closed again."""
    for block in blocks("console"):
        for typed in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = typed.splitlines()
            for last in range(1, len(lines) + 1):
                command = "\n".join(lines[:last])
                try:
                    shlex.split(command, comments=True)
                except ValueError:
                    continue
                if not command.endswith("\\"):
                    break
            yield command


CURLS = [command for command in commands() if re.match("curl -s '?localhost:8000", command)]


@pytest.fixture(scope="module")
def service(serve: Callable[..., Any], root: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    database = tmp_path_factory.mktemp("readme") / "feedback.db"
    policies = root / "samples" / "policies"
    return serve("--policies", str(policies), "--database", f"sqlite:///{database}")


def run(program: list[str], script: str, service: Any, folder: Path) -> str:
    """What it prints."""
    script = re.sub(r"(localhost|127\.0\.0\.1):8000", rf"\1:{service.port}", script)
    ran = subprocess.run(
        [*program, script], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_what_is_run() -> None:
    paths = [re.findall(r":8000(/v1/\w+)", command)[0] for command in CURLS]
    assert paths == ["/v1/tag", "/v1/feedback", "/v1/feedback", "/v1/moderate"]


def test_curl(program: Callable[[str], str], service: Any, tmp_path: Path) -> None:
    program("curl")
    program("uuidgen")
    shell = [program("bash"), "-euo", "pipefail", "-c"]
    tagged, added, stream, moderated = (run(shell, curl, service, tmp_path) for curl in CURLS)
    spans = json.loads(tagged)["results"][0]["spans"]
    assert any("gang of greedy hypocrites" in span["text"] for span in spans)
    assert json.loads(added) == {"id": 1}
    assert stream == ""
    [record] = (tmp_path / "feedback.jsonl").read_text("utf-8").splitlines()
    [span] = json.loads(record)["spans"]
    assert json.loads(record)["text"][span["start"] : span["end"]] == "his gang of hypocrites"
    decision = json.loads(moderated)["decision"]
    assert (decision["policy"]["name"], decision["action"]) == ("comments", "review")


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_clients(
    program: Callable[[str], str], service: Any, tagger: Tagger, tmp_path: Path, language: str
) -> None:
    programs = {
        "python": lambda: [sys.executable, "-X", "utf8", "-c"],
        "javascript": lambda: [program("node"), "--input-type=module", "-e"],
    }
    [script] = [block for block in blocks(language) if ":8000" in block]
    assert TEXT in script
    printed = run(programs[language](), script, service, tmp_path)
    [document] = tagger.tag([TEXT])
    lines = [line.rsplit(" ", 2) for line in printed.splitlines()]
    assert [(text, label) for text, label, _ in lines] == [
        (TEXT[span.start : span.end], span.label) for span in document.spans
    ]
    for (_, _, score), span in zip(lines, document.spans, strict=True):
        assert float(score) == pytest.approx(span.score, abs=1e-3)
    assert lines
