"""Requests made up from the OpenAPI document: every answer is one that it documents."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONFIG = Path(__file__).with_name("schemathesis.toml")
COMMAND = [sys.executable, "-m", "schemathesis.cli"]


def test_no_answer_outside_the_document(serve: Callable[..., Any], tmp_path: Path) -> None:
    service = serve("--database", f"sqlite:///{tmp_path}/feedback.db")
    ran = subprocess.run(
        [*COMMAND, "--config-file", str(CONFIG), "run", f"{service.url}/openapi.json",
         "--checks", "all", "--phases", "examples,coverage,fuzzing",
         "--max-examples", "10", "--seed", "1", "--suppress-health-check", "all",
         "--request-timeout", "60"],
        cwd=tmp_path, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    answered = [line["status"] for line in service.lines() if line["event"] == "request"]
    assert len(answered) > 300
    assert {200, 201, 400, 405, 422} <= set(answered)
