"""The command: its settings, and a real gunicorn that it starts."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from pydantic import ValidationError

from service import Settings
from service.__main__ import main

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "service"]


@dataclass
class Running:
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def raw(self, request: bytes) -> bytes:
        """All that comes back for some bytes, until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(65536), b""))


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("TAGGER_")}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log = tmp_path_factory.mktemp("serve") / "log"
    server = Running(free_port(), log)
    command = [*COMMAND, "--port", str(server.port), "--max-bytes", "5000"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=output)
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                urlopen(f"{server.url}/health/ready", timeout=5).close()
                break
            except (HTTPError, URLError):
                time.sleep(0.1)
        yield server
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_tags_over_http(running: Running) -> None:
    body = json.dumps({"text": "A wave of wartime ecstasy.", "thresholds": {"default": 0}})
    request = Request(f"{running.url}/v1/tag", body.encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=20) as response:
        answer = json.load(response)
    (result,) = answer["results"]
    assert "wartime ecstasy" in " ".join(span["text"] for span in result["spans"])


def test_a_connection_outlasts_a_pause(running: Running) -> None:
    kept = HTTPConnection("127.0.0.1", running.port, timeout=20)
    kept.connect()
    kept.auto_open = 0
    for pause in (0, 4):
        time.sleep(pause)
        kept.request("GET", "/health/live")
        response = kept.getresponse()
        assert response.status == 200
        response.read()
    kept.close()


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        # A text longer than it says: gunicorn reads the rest as a request, and would quote it.
        ("Content-Length: 2", b"{}xyzzy marker\r\n\r\n", (422, 400)),
        ("Content-Length: 20", b'{"text": "xyzz', (400,)),
        ("Transfer-Encoding: chunked", b"xyzzy\r\nmarker\r\n0\r\n\r\n", (400,)),
        ("Transfer-Encoding: chunked", b'5\r\n{"textxyzzy', (400,)),
        ("Transfer-Encoding: chunked", b"c\r\n" + b'{"text": ""}' + b"\r\n0\r\n\r\n", (200,)),
        ("Transfer-Encoding: chunked", b"1770\r\n" + b"x" * 6000 + b"\r\n0\r\n\r\n", (413,)),
        ("Transfer-Encoding: chunked", b'c\r\n{"text": ""}', (400,)),
        (
            "Transfer-Encoding: chunked",
            b"1389\r\n" + b" " * 4989 + b'{"text": ""}\r\n0\r\n\r\n',
            (413,),
        ),
        (
            "Transfer-Encoding: chunked",
            b"1388\r\n" + b" " * 4988 + b'{"text": ""}\r\n0\r\n\r\n',
            (200,),
        ),
        ("Content-Length: 5001", b'{"text": ""}' + b" " * 4989, (413,)),
        ("Content-Length: 5000", b'{"text": ""}' + b" " * 4988, (200,)),
        ("Transfer-Encoding: xyzzy", b"", (501,)),
        ("xyzzy marker", b"", (400,)),
        ("Content-Length: 999999999", b"", (413,)),
        ("X-Long: " + "xyzzy" * 20_000, b"", (431,)),
    ],
)
def test_broken_http(running: Running, head: str, body: bytes, status: tuple[int, ...]) -> None:
    top = (
        f"POST /v1/tag HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\n{head}\r\n\r\n"
    )
    answers = running.raw(top.encode() + body).split(b"HTTP/1.1 ")[1:]
    assert tuple(int(answer[:3]) for answer in answers) == status
    for answer in answers:
        headers, _, content = answer.partition(b"\r\n\r\n")
        if int(answer[:3]) != 200:
            assert b"application/problem+json" in headers
            problem = json.loads(content)
            assert list(problem) == ["type", "title", "status", "detail", "errors"]
            assert problem["status"] == int(answer[:3])
        assert b"xyzzy" not in answer
    log = running.log.read_text()
    assert '"route": "/v1/tag"' in log or "no answer but" in log
    assert "xyzzy" not in log
    assert "Traceback" not in log


def test_a_model_that_can_not_be_used_ends_the_command(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*COMMAND, "--port", str(free_port()), "--models", str(tmp_path)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert f"the model can't be used: can't read {tmp_path / 'current'}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["--port", "http"], {}, "--port or TAGGER_PORT: "),
        ([], {"TAGGER_PORT": "70000"}, "--port or TAGGER_PORT: "),
        (["--max-bytes", "0"], {}, "--max-bytes or TAGGER_MAX_BYTES: "),
        ([], {"TAGGER_THREADS": "none"}, "--threads or TAGGER_THREADS: "),
        (["--database", "mysql://db/feedback"], {}, "--database or TAGGER_DATABASE: "),
        ([], {"TAGGER_FEEDBACK_LABELS": "a,B"}, "--feedback-labels or TAGGER_FEEDBACK_LABELS: "),
    ],
)
def test_bad_settings_are_one_line(
    arguments: list[str],
    variables: dict[str, str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_help_lists_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for name, setting in Settings.model_fields.items():
        assert setting.description
        assert setting.description in shown
        assert f"--{name.replace('_', '-')} {name.upper()}" in shown
        assert f"TAGGER_{name.upper()}" in shown


def test_readme_lists_every_setting() -> None:
    lines = (ROOT / "service" / "README.md").read_text("utf-8").splitlines()
    rows = [line.split("|") for line in lines if line.startswith("| `TAGGER_")]
    documented = {cells[1].strip(" `"): cells[2].strip(" `") for cells in rows}
    assert list(documented) == [f"TAGGER_{name.upper()}" for name in Settings.model_fields]
    for name, setting in Settings.model_fields.items():
        if setting.default not in (None, ()):
            assert documented[f"TAGGER_{name.upper()}"] == str(setting.default)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGGER_MAX_PARAGRAPHS", "7")
    monkeypatch.setenv("TAGGER_PORT", "")
    assert Settings().max_paragraphs == 7
    assert Settings().port == 8000
    assert Settings(max_paragraphs=9).max_paragraphs == 9
    monkeypatch.setenv("TAGGER_FEEDBACK_LABELS", " dog_whistle, euphemism")
    assert Settings().feedback_labels == ("dog_whistle", "euphemism")
    with pytest.raises(ValidationError):
        Settings(max_paragraph=9)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1:8000"), ("::1", "[::1]:8000"), ("localhost", "localhost:8000")],
)
def test_address(host: str, address: str) -> None:
    assert Settings(host=host).address == address
