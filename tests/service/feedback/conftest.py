"""Databases to keep feedback in, and servers that keep it there."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from apiflask import APIFlask

from service import Settings, create_app
from service.problems import NotReady
from tagger import Tagger

ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class Postgres:
    """A PostgreSQL server of the tests' own, run by a user who is not root, as it demands."""

    programs: Path
    folder: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None
    databases: int = 0

    def __post_init__(self) -> None:
        self.user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self.user = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "--auth=trust", "--username=tagger", "--encoding=UTF8", "--no-locale",
                  "--no-sync")  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        command = [self.programs / program, "-D", self.folder / "data", *arguments]
        ran = subprocess.run(command, cwd="/", capture_output=True, text=True, **self.user)
        assert ran.returncode == 0, ran.stdout + ran.stderr

    def start(self) -> None:
        import psycopg

        command = [
            self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            "-c", "fsync=off",  # what is killed here is never the machine
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command, cwd="/", stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.user
        )
        deadline = time.monotonic() + 120
        while True:
            assert self.process.poll() is None
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def stop(self) -> None:
        """End it at once; connections are cut."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)
            self.process = None

    def url(self, database: str) -> str:
        return f"postgresql://tagger@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        import psycopg

        self.databases += 1
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE test{self.databases}".encode())
        return self.url(f"test{self.databases}")


@pytest.fixture(scope="session")
def postgres(program: Callable[[str], str]) -> Iterator[Postgres]:
    pytest.importorskip("psycopg")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))  # it is not on PATH there
    found = debian[-1] if debian else Path(program("postgres"))
    folder = Path(tempfile.mkdtemp())  # pytest's own folders admit their owner alone
    server = Postgres(found.parent, folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session", autouse=True)
def _patience() -> Iterator[None]:
    """A machine that is busy with other things is no fault of the store's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.feedback.store._TURN_SECONDS", 60)
        patch.setattr("service.feedback.database.PATIENCE", 60)
        yield


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/feedback.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture(scope="session")
def app(tagger: Tagger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[APIFlask]:
    folder = tmp_path_factory.mktemp("feedback")
    database = f"sqlite:///{folder}/feedback.db"
    settings = Settings(max_bytes=100_000, database=database, feedback_labels=("dog_whistle",))
    app = create_app(settings, tagger)
    store = app.extensions["feedback"]
    while True:
        with suppress(NotReady):  # while it is opened in the background
            next(store.pages())
            break
    yield app
    store.close()


@pytest.fixture(scope="session")
def document(app: APIFlask) -> dict[str, Any]:
    """The OpenAPI document of this app, which is not the other tests'."""
    found: dict[str, Any] = app.test_client().get("/openapi.json").get_json()
    return found


@dataclass
class Service:
    """A real server process; `kill` ends it without a word, `log` is what it has logged."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)


@pytest.fixture
def serve(tmp_path: Path) -> Callable[[str], Any]:
    """Starts a server that keeps its feedback in the database of a URL."""

    @contextmanager
    def start(database: str) -> Iterator[Service]:
        port, log = free_port(), tmp_path / "log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "service", "--port", str(port)],
                cwd=ROOT, stderr=output, start_new_session=True,
                env=os.environ | {"TAGGER_DATABASE": database},
            )  # fmt: skip
        service = Service(port, process, log)
        try:
            deadline = time.monotonic() + 120
            while True:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                try:
                    urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5).close()
                    break
                except (HTTPError, URLError):
                    time.sleep(0.1)
            yield service
        finally:
            service.kill()

    return start
