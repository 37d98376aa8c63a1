"""A service in processes of its own, and wrk as its clients."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

__all__ = ["Load", "Service", "load", "serve", "write_requests"]

ROOT = Path(__file__).parent.parent
SCRIPT = Path(__file__).parent / "load.lua"


@dataclass(frozen=True)
class Load:
    """What wrk saw.

    answers  how many by status, paragraphs of the request, and time in hundredths of a millisecond
    errors   of its sockets, timeouts included
    cpu      cores that wrk itself kept busy
    """

    seconds: float
    answers: dict[tuple[int, int, int], int]
    errors: int
    cpu: float

    @property
    def paragraphs(self) -> float:
        """Paragraphs tagged in a second."""
        found = ((size, n) for (status, size, _), n in self.answers.items() if status == 200)
        return sum(size * n for size, n in found) / self.seconds

    @property
    def statuses(self) -> dict[int, int]:
        """How many answers by status."""
        found = Counter[int]()
        for (status, _, _), n in self.answers.items():
            found[status] += n
        return dict(sorted(found.items()))

    def milliseconds(self, status: int = 200, *, paragraphs: int | None = None) -> list[float]:
        """What answers took, in order: all of a status, or those to requests of one size."""
        found = Counter[float]()
        for (own, size, took), n in self.answers.items():
            if own == status and paragraphs in (None, size):
                found[took / 100] += n
        return sorted(found.elements())


@dataclass(frozen=True)
class Service:
    """A running service."""

    pid: int
    port: int

    def rest(self) -> None:
        """Wait until it has done what clients that are gone have left: it would not be idle."""
        while _queued(self.port):
            time.sleep(0.1)

    def memory(self) -> float:
        """Resident memory of its processes, in MB."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        pages = 0
        for pid in (self.pid, *map(int, children.split())):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6


@contextmanager
def serve() -> Iterator[Service]:
    """A service with the settings it has by default, ready."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TAGGER_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "--port", str(port)],
        cwd=ROOT, env=environment, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5).close()
                break
            except URLError:  # not listening, or 503
                if process.poll() is not None:
                    raise RuntimeError("the service did not start: try tagger-service") from None
                time.sleep(0.1)
        yield Service(process.pid, port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _queued(port: int) -> float:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("tagger_queue_size "))


def write_requests(path: Path, documents: Sequence[Sequence[str]]) -> Path:
    """The file that load.lua reads: a request for each document."""
    lines = (
        f"{len(own)} {json.dumps({'paragraphs': [{'text': text} for text in own]})}\n"
        for own in documents
    )
    path.write_text("".join(lines), encoding="utf-8")
    return path


def load(service: Service, requests: Path, connections: int, seconds: int) -> Load:
    """Send the requests in turn over so many connections, each as soon as it has its answer."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "60", "-s"]
    command += [str(SCRIPT), f"http://127.0.0.1:{service.port}/v1/tag", "--", str(requests)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found = json.loads(done.stdout.splitlines()[-1])
    answers = {}
    for key, n in found["answers"].items():
        status, paragraphs, took = map(int, key.split())
        answers[status, paragraphs, took] = n
    return Load(found["seconds"], answers, found["errors"], cpu / found["seconds"])
