"""Swaps under load: every answer names one model, and is what that model says."""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from typing import Any

from tagger import Manifest, Policy, Tagger, to_answer

CLIENTS = 16
# Fewer than the 10,000 and 5 that it has to hold for, lest the suite take minutes more; with -s it
# prints what it saw.
REQUESTS = int(os.environ.get("TAGGER_TEST_REQUESTS", "600"))
SWAPS = int(os.environ.get("TAGGER_TEST_SWAPS", "3"))
WAIT = 120
# The service closes connections that are idle for 2 seconds: a client that comes back about then
# may send into one that is being closed (RFC 9112, 9.5), so these close theirs before.
IDLE = 1.0

TEXTS = (
    "A wave of wartime ecstasy.",
    "You pathetic traitors! You brainless sheep!",
    "Why would anyone trust him again?",
    "Our great nation will never kneel.",
)


@dataclass
class Seen:
    """What clients have been told."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Clients:
    """Send requests on kept connections, and hold every answer against the model it names."""

    def __init__(self, port: int, models: list[Path]) -> None:
        self._port = port
        self.seen = Seen()
        self.stopped = threading.Event()
        self._expected = {}
        for tagger in map(Tagger.load, models):
            self._expected[tagger.manifest.sha256] = [_expected(tagger, text) for text in TEXTS]

    def run(self, number: int) -> None:
        """One client, until all are stopped."""
        models: list[str] = []
        answered = time.monotonic()
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=WAIT)) as connection:
            while not self.stopped.is_set():
                place = (len(models) + number) % len(TEXTS)
                route = ("tag", "moderate", "classify")[len(models) % 3]
                began = time.monotonic()
                if began - answered > IDLE:
                    connection.close()  # the next request opens another
                status, answer = _ask(connection, route, TEXTS[place])
                answered = time.monotonic()
                took = answered - began
                sha = answer.get("model", {}).get("sha256", "none")
                right = status == 200 and answer == self._expected[sha][place][route]
                models.append(sha)
                with self.seen.lock:
                    self.seen.answers[sha] += 1
                    self.seen.slowest = max(self.seen.slowest, took)
                    if not right:
                        self.seen.wrong.append(f"{status} {route} {place} {sha}")
        with self.seen.lock:
            self.seen.changes.append(sum(a != b for a, b in pairwise(models)))


def _fragment(text: str) -> dict[str, int]:
    return {"start": 0, "end": len(text)}


def _ask(connection: HTTPConnection, route: str, text: str) -> tuple[int, Any]:
    body = {"text": text} | ({"fragments": [_fragment(text)]} if route == "classify" else {})
    headers = {"Content-Type": "application/json"}
    connection.request("POST", f"/v1/{route}", json.dumps(body), headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def _expected(tagger: Tagger, text: str) -> dict[str, Any]:
    """The whole answer of each route, from the library."""
    documents = tagger.tag_document([text])
    decisions = Policy.packaged("default").decide(documents)
    tag = to_answer(tagger.manifest, documents, windows=[1])
    moderated = to_answer(tagger.manifest, documents, windows=[1], decisions=decisions)
    (found,) = tagger.classify(text, [(0, len(text))])
    scores = {label: round(score, 4) for label, score in found.scores.items()}
    named = {"text": text, "label": found.label, "score": round(found.score, 4), "scores": scores}
    about = {name: tag[name] for name in ("model", "offset_unit")}
    classified = about | {"results": [_fragment(text) | named]}
    answers = {"tag": tag, "moderate": moderated, "classify": classified}
    whole: dict[str, Any] = json.loads(json.dumps(answers))
    return whole


def test_swaps_under_load(
    serve: Callable[..., Any], models: Any, until: Callable[[Callable[[], Any]], None]
) -> None:
    service = serve("--models", str(models.folder), "--watch-seconds", "0.05")
    clients = Clients(service.port, [models / "first", models / "second"])
    seen, names = clients.seen, ["first", "second"]
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(clients.run, number) for number in range(CLIENTS)]
        try:
            for swap in range(1, SWAPS + 1):
                until(lambda least=swap * REQUESTS // (SWAPS + 2): seen.answers.total() >= least)
                name = names[swap % 2]
                sha = Manifest.read(models / name).sha256
                before = seen.answers[sha]
                models.point(name)
                until(lambda sha=sha, before=before: seen.answers[sha] > before + CLIENTS)
            models.add("third", "3")
            damaged = models.shorten("third")
            models.point("third")
            until(lambda: f"{damaged} is damaged" in service.log.read_text("utf-8"))
            until(lambda: seen.answers.total() >= REQUESTS)
        finally:
            clients.stopped.set()
        for client in running:
            client.result(WAIT)
    assert seen.wrong == []
    assert len(seen.answers) == 2
    assert all(changes <= SWAPS for changes in seen.changes)  # no client was sent to and fro
    log = service.log.read_text("utf-8")
    assert b"tagger_model_load_failures_total 1.0" in service.ask("/metrics")[2]
    assert log.count(" is ready, ") == SWAPS + 1
    assert log.count("the new model is refused") == 1
    assert "Traceback" not in log
    print(
        f"answers: {seen.answers.total():,} of {len(seen.answers)} models to {CLIENTS} clients "
        f"across {SWAPS} swaps; errors: 0; slowest answer: {seen.slowest:.2f} s"
    )
