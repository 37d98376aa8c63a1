"""A real server process: killed while it stores, and without its database."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, IncompleteRead
from pathlib import Path
from typing import Any

import pytest

from service.feedback import Feedback, FeedbackStore
from tagger import Document

CLIENTS = 4
EACH = 60
KILL_AFTER = 80


def feedback(number: int) -> dict[str, Any]:
    return {"text": f"text {number}", "model_version": "1", "verdict": "accept", "spans": []}


@dataclass
class Client:
    """Sends requests over one connection; a server closes one that is idle for seconds."""

    port: int
    connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=120)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        headers |= {"Content-Type": "application/json"}
        self.connection.request("POST", path, json.dumps(body), headers)
        response = self.connection.getresponse()
        return response.status, json.loads(response.read())

    def store(self, number: int) -> tuple[int, Any]:
        headers = {"Idempotency-Key": f"key-{number}"}
        return self.post("/v1/feedback", feedback(number), **headers)

    def store_at_last(self, number: int) -> int:
        """Try until it is stored: a slow disk may make others wait too long for their turn."""
        while True:
            status, answer = self.store(number)
            if status == 201:
                return int(answer["id"])
            assert status == 503

    def stored(self) -> list[Any]:
        self.connection.request("GET", "/v1/feedback")
        response = self.connection.getresponse()
        assert response.status == 200
        return [json.loads(line) for line in response.read().splitlines()]


def test_what_was_answered_outlives_kill_9(database: str, serve: Callable[[str], Any]) -> None:
    ids: dict[int, int] = {}  # by number of the text
    enough = threading.Event()

    def work(port: int, first: int) -> None:
        with Client(port) as client:
            for number in range(first, CLIENTS * EACH, CLIENTS):
                ids[number] = client.store_at_last(number)
                if len(ids) >= KILL_AFTER:
                    enough.set()

    with serve(database) as service, ThreadPoolExecutor(CLIENTS) as threads:
        working = [threads.submit(work, service.port, first) for first in range(CLIENTS)]
        assert enough.wait(120)
        service.kill()
        for future in working:
            assert isinstance(future.exception(), HTTPException | OSError)
    assert KILL_AFTER <= len(ids) < CLIENTS * EACH

    with serve(database) as service, Client(service.port) as client:
        records = client.stored()
        found = {record["text"]: record["id"] for record in records}
        assert len(found) == len(records)
        for number, answered in ids.items():
            assert found[f"text {number}"] == answered
        for number in range(CLIENTS * EACH):
            again = client.store_at_last(number)
            assert again == found.get(f"text {number}", again)
        texts = [record["text"] for record in client.stored()]
        assert sorted(texts) == sorted(f"text {number}" for number in range(CLIENTS * EACH))


def test_the_service_starts_without_its_database_and_finds_it(
    tmp_path: Path, serve: Callable[[str], Any]
) -> None:
    with (
        serve(f"sqlite:///{tmp_path}/later/feedback.db") as service,
        Client(service.port) as client,
    ):
        assert client.store(1)[0] == 503
        assert client.post("/v1/tag", {"text": "xyzzy"})[0] == 200
        (tmp_path / "later").mkdir()
        assert client.store(1)[0] == 201
        log = service.log.read_text()
        assert "the feedback store is down" in log
        assert "the feedback store is back" in log
        assert "Traceback" not in log


def test_the_database_stops_and_comes_back(postgres: Any, serve: Callable[[str], Any]) -> None:
    database = postgres.new_database()
    before = FeedbackStore(database)
    for _ in range(110):  # more than a page; the first page is more than the sockets hold
        before.add(Feedback(Document("x" * 200_000), "reject", "1"))
    before.close()
    with serve(database) as service:
        with Client(service.port) as client, Client(service.port) as reader:
            status, first = client.store(1)
            assert status == 201
            reader.connection.request("GET", "/v1/feedback")
            stream = reader.connection.getresponse()
            assert stream.status == 200
            postgres.stop()
            try:
                for number in (1, 2):
                    status, problem = client.store(number)
                    assert (status, problem["status"]) == (503, 503)
                client.connection.request("GET", "/v1/feedback")
                refusal = client.connection.getresponse()
                assert (refusal.status, refusal.getheader("Retry-After")) == (503, "1")
                refusal.read()
                assert client.post("/v1/tag", {"text": "xyzzy"})[0] == 200
                with pytest.raises(IncompleteRead):  # and so the reader knows that there is more
                    stream.read()
            finally:
                postgres.start()
        with Client(service.port) as client:
            assert client.store(1) == (201, first)
            assert client.store(2)[0] == 201
            assert len(client.stored()) == 112
        log = service.log.read_text()
        assert log.count("the feedback store is down: OperationalError") == 1
        assert "Connection refused" in log
        assert "Traceback" not in log
        assert "xyzzy" not in log
