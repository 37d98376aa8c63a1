"""A client that holds every answer against the OpenAPI document, services that really run, and the
log as it is written."""

import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from service import Settings, create_app
from service.logs import formatter
from tagger import Tagger


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """A validator of a schema that may refer to the components of its OpenAPI document."""
    return Draft202012Validator(schema | {"components": document["components"]})


class CheckedClient(FlaskClient):
    """Fails on any answer that is not in the OpenAPI document."""

    document: dict[str, Any]

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        path, method = response.request.path, response.request.method.lower()
        if path == "/openapi.json" or path.startswith("/docs") or method == "head":
            return response
        operation = self.document["paths"].get(path, {}).get(method)
        if operation is None:
            assert response.status_code in (404, 405)
            content = {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
        else:
            documented = operation["responses"][str(response.status_code)]
            content = documented["content"]
            assert set(documented["headers"]) <= set(response.headers.keys())
        assert response.mimetype in content
        kinds: dict[str, Callable[[], Any]] = {
            "application/jsonl": lambda: [json.loads(line) for line in response.text.splitlines()],
            "text/plain": lambda: response.text,
        }
        sent = kinds.get(response.mimetype, lambda: response.json)()
        validator(self.document, content[response.mimetype]["schema"]).validate(sent)
        return response


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(max_bytes=100_000, max_paragraphs=50)


@pytest.fixture(scope="session")
def app(settings: Settings, tagger: Tagger) -> APIFlask:
    return create_app(settings, tagger)


@pytest.fixture(scope="session")
def document(app: APIFlask) -> dict[str, Any]:
    response = FlaskClient(app).get("/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.get_json()
    return found


@pytest.fixture
def client(app: APIFlask, document: dict[str, Any]) -> CheckedClient:
    client = CheckedClient(app, app.response_class)
    client.document = document
    return client


@pytest.fixture(scope="session")
def request_schema(document: dict[str, Any]) -> Draft202012Validator:
    """What the OpenAPI document says of a request to /v1/tag."""
    operation = document["paths"]["/v1/tag"]["post"]
    return validator(document, operation["requestBody"]["content"]["application/json"]["schema"])


@pytest.fixture
def logged() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What has been logged so far, at every level: the lines that the service writes, read."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter())
    root = logging.getLogger()
    level = root.level
    root.handlers.insert(0, handler)  # others add fields to a record
    root.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.setLevel(level)
    root.removeHandler(handler)


@dataclass
class Service:
    """A service under gunicorn, as the command starts it."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
        """Status, headers and body of an answer; `body` is posted as JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | headers
        request = Request(self.url + path, data, headers)
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except HTTPError as answer:
            with answer:
                return answer.status, answer.headers, answer.read()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    """Starts a service with options of the command, and waits until it is ready."""
    started: list[Service] = []
    root = Path(__file__).parents[2]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TAGGER_")}

    def start(*options: str, program: Sequence[str] = ("-m", "service")) -> Service:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = int(listener.getsockname()[1])
        log = tmp_path_factory.mktemp("service") / "log"
        command = [sys.executable, *program, "--port", str(port), *options]
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=root, env=environment, stderr=output)
        service = Service(port, log, process)
        started.append(service)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(OSError):
                if service.ask("/health/ready")[0] == 200:
                    return service
            time.sleep(0.1)
        raise AssertionError(log.read_text("utf-8"))

    yield start
    for service in started:
        service.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            service.process.wait(20)
        service.process.kill()
        service.process.wait()


GATED = """
import sys, time
from pathlib import Path
import service.app
from service.__main__ import main
from tagger import Tagger

begun, gate = Path(sys.argv[1]), Path(sys.argv[2])

class Gated:
    def __init__(self):
        self.tagger = Tagger.load(threads=1)

    def __getattr__(self, name):
        return getattr(self.tagger, name)

    def infer(self, windows):
        begun.touch()
        while not gate.exists():
            time.sleep(0.01)
        return self.tagger.infer(windows)

service.app._load = lambda settings: Gated()
sys.exit(main(sys.argv[3:]))
"""


@dataclass
class Gate:
    """Where the work of a `gated` service waits until it is opened."""

    service: Service
    begun: Path
    gate: Path

    def wait(self) -> None:
        """Until work has come to the gate."""
        deadline = time.monotonic() + 60
        while not self.begun.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def open(self) -> None:
        self.gate.touch()


@pytest.fixture
def gated(serve: Callable[..., Service], tmp_path: Path) -> Iterator[Gate]:
    """A service of one thread whose queue holds one request, and does no work until it may."""
    begun, gate = tmp_path / "begun", tmp_path / "gate"
    program = ("-c", GATED, str(begun), str(gate))
    service = serve("--threads", "1", "--queue-requests", "1", program=program)
    yield Gate(service, begun, gate)
    gate.touch()
