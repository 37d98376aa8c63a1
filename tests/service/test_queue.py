"""The queue: whose turn it is, what it has room for, and that requests don't touch each other."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service import Settings, create_app
from service.queue import Limits, Observer, QueueFull, WindowQueue
from tagger import Document, Marked, Tagger, Window

WAIT = 120
AMPLE = Limits(requests=100, windows=10_000, seconds=3_600)


def window(tokens: int) -> Window:
    """A window whose texts don't matter."""
    empty: Any = np.zeros(0, np.int32)
    ids = np.zeros(tokens, np.int64)
    return Window((), ids, empty, empty, empty, empty, np.zeros((0, 3), np.float32))


class Clock:
    """Time that stands still unless a run takes some."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A queue with one thread, which is kept busy until `go`; `ran` tells whose windows ran."""

    def __init__(self, limits: Limits = AMPLE, **options: Any) -> None:
        self.queue = WindowQueue(1, limits, **options)
        self.ran: list[str] = []
        self._go = threading.Event()
        busy = threading.Event()

        def hold(_: Window) -> None:
            busy.set()
            self._go.wait(WAIT)

        self.held = self.queue.submit(hold, [window(1)])
        assert busy.wait(WAIT)

    def submit(self, name: str, windows: int) -> "Future[list[None]]":
        return self.queue.submit(lambda _: self.ran.append(name), [window(1)] * windows)

    def go(self) -> None:
        self._go.set()
        self.held.result(WAIT)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.go()


@pytest.mark.parametrize(
    ("requests", "turns"),
    [
        ("a3", "aaa"),
        # Turn and turn about: the next in the round, then the oldest.
        ("a2 b2", "aabb"),
        ("a6 b1 c1", "aabacaaa"),
        ("a4 b1 c1 d1 e1 f1", "aabacadef"),
        ("b1 c1 d1 a4", "bcdaaaa"),
        ("a3 b3 c3", "aabacbcbc"),
    ],
)
def test_turns(bench: Bench, requests: str, turns: str) -> None:
    futures = [bench.submit(request[0], int(request[1:])) for request in requests.split()]
    bench.go()
    for future in futures:
        future.result(WAIT)
    assert "".join(bench.ran) == turns


def test_a_long_request_ends_however_many_short_ones_come(bench: Bench) -> None:
    """Whatever comes later, within twice the turns of the windows it found and brought."""
    before = bench.submit("b", 5)
    long = bench.submit("long", 20)

    def another(_: Window) -> None:
        bench.ran.append("short")
        if not long.done():  # always one more behind it
            bench.queue.submit(another, [window(1)])

    for _ in range(8):
        bench.queue.submit(another, [window(1)])
    bench.go()
    before.result(WAIT)
    long.result(WAIT)
    assert len(bench.ran[: bench.ran.index("long") + 1]) <= 2 * 5 + 1
    last = len(bench.ran) - bench.ran[::-1].index("long")
    assert last <= 2 * 25


@pytest.mark.parametrize(
    ("limits", "queued", "more", "fits"),
    [
        (Limits(3, 100, 100), [1, 1], 1, True),
        (Limits(3, 100, 100), [1, 1, 1], 1, False),
        (Limits(9, 10, 100), [4], 5, True),  # the held window counts as well
        (Limits(9, 10, 100), [4], 6, False),
    ],
)
def test_bounds(limits: Limits, queued: list[int], more: int, fits: bool) -> None:
    bench = Bench(Limits(limits.requests + 1, limits.windows, limits.seconds))
    futures = [bench.submit("queued", windows) for windows in queued]
    try:
        if fits:
            futures.append(bench.submit("more", more))
        else:
            with pytest.raises(QueueFull):
                bench.submit("more", more)
        assert bench.queue.requests == 1 + len(futures)
        assert bench.queue.windows == 1 + sum(queued) + more * fits
    finally:
        bench.go()
    for future in futures:
        future.result(WAIT)
    assert (bench.queue.requests, bench.queue.windows) == (0, 0)


def test_an_idle_queue_has_room_for_anything() -> None:
    queue = WindowQueue(1, Limits(requests=1, windows=1, seconds=0.001))
    assert queue.submit(len, [window(n) for n in range(9)]).result(WAIT) == list(range(9))
    assert queue.submit(len, []).result(WAIT) == []


def test_the_time_that_is_queued_is_estimated_from_the_pace() -> None:
    clock = Clock()
    queue = WindowQueue(1, Limits(requests=100, windows=10_000, seconds=20), clock=clock)
    go = threading.Event()

    def second(_: Window) -> None:
        clock.now += 1

    queue.submit(second, [window(64)]).result(WAIT)
    held = queue.submit(lambda _: go.wait(WAIT), [window(64)])
    others = [queue.submit(second, [window(64)] * 3) for _ in range(3)]
    with pytest.raises(QueueFull, match="try again in 10 s") as full:
        queue.submit(second, [window(1)])  # 10 s are queued, and every other turn may be lost
    assert full.value.retry_after == 10
    go.set()
    for future in (held, *others):
        future.result(WAIT)


def test_an_error_ends_its_own_request_alone(bench: Bench) -> None:
    before = bench.submit("b", 3)
    runs: list[int] = []

    def fail(one: Window) -> int:
        runs.append(len(one))
        if len(one) == 2:
            raise ValueError("the second window")
        return len(one)

    failing = bench.queue.submit(fail, [window(n) for n in range(1, 9)])
    after = bench.submit("a", 3)
    bench.go()
    with pytest.raises(ValueError, match="the second window"):
        failing.result(WAIT)
    assert before.result(WAIT) == after.result(WAIT) == [None] * 3
    assert runs == [1, 2]
    assert (bench.queue.requests, bench.queue.windows) == (0, 0)
    assert bench.submit("later", 1).result(WAIT) == [None]


def test_an_error_among_windows_that_run_at_the_same_time() -> None:
    queue = WindowQueue(3, AMPLE)
    together = threading.Barrier(3)

    def fail(one: Window) -> None:
        together.wait(WAIT)
        raise ValueError(str(len(one)))

    with pytest.raises(ValueError, match=r"^[012]$"):
        queue.submit(fail, [window(n) for n in range(6)]).result(WAIT)
    assert queue.submit(len, [window(7)]).result(WAIT) == [7]


class Recorder(Observer):
    def __init__(self) -> None:
        self.told: list[tuple[str, float]] = []

    def began(self, windows: int, waited: float) -> None:
        self.told.append((f"began {windows}", waited))

    def ran(self, seconds: float) -> None:
        self.told.append(("ran", seconds))


def test_an_observer_is_told_of_waiting_and_of_runs() -> None:
    clock, recorder = Clock(), Recorder()

    def second(_: Window) -> None:
        clock.now += 1

    bench = Bench(observer=recorder, clock=clock)
    future = bench.queue.submit(second, [window(1)] * 2)
    clock.now += 5
    bench.go()
    future.result(WAIT)
    bench.submit("last", 1).result(WAIT)  # the thread tells after it has given the result
    assert recorder.told[:6] == [
        ("began 1", 0), ("ran", 5), ("began 2", 5), ("ran", 1), ("ran", 1), ("began 1", 0),
    ]  # fmt: skip


def test_an_observer_that_fails_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Observer):
        def began(self, windows: int, waited: float) -> None:
            raise RuntimeError

    queue = WindowQueue(1, AMPLE, observer=Failing())
    assert queue.submit(len, [window(1)]).result(WAIT) == [1]
    assert queue.submit(len, [window(2)]).result(WAIT) == [2]
    assert "a callback of the queue failed" in caplog.text


def test_who_waits_for_an_empty_queue_is_called_once(bench: Bench) -> None:
    empty = threading.Event()
    calls: list[int] = []
    bench.queue.when_empty(lambda: calls.append(bench.queue.requests))
    bench.queue.when_empty(empty.set)
    bench.submit("b", 2)
    assert not empty.is_set()
    bench.go()
    assert empty.wait(WAIT)
    bench.submit("c", 1).result(WAIT)
    assert calls == [0]
    bench.queue.submit(len, []).result(WAIT)


def test_an_idle_queue_is_empty_at_once() -> None:
    calls: list[int] = []
    WindowQueue(1, AMPLE).when_empty(lambda: calls.append(1))
    assert calls == [1]


class Slow:
    """The default tagger, which begins to infer when told to."""

    def __init__(self, tagger: Tagger) -> None:
        self._tagger = tagger
        self.begun, self.go = threading.Event(), threading.Event()
        self.runs = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tagger, name)

    def infer(self, windows: list[Window]) -> Any:
        self._wait(len(windows))
        return self._tagger.infer(windows)

    def infer_fragments(self, marked: Marked) -> Any:
        self._wait(1)
        return self._tagger.infer_fragments(marked)

    def _wait(self, windows: int) -> None:
        self.begun.set()
        self.go.wait(WAIT)
        self.runs += windows


LONG = b'{"text": "%s"%%s}' % (b"They lied to us. " * 60)
MARKED = b', "fragments": [{"start": 0, "end": 4}, {"start": 500, "end": 504}]'


@pytest.mark.parametrize(
    ("limits", "path", "sent"),
    [
        ({"queue_requests": 1}, "/v1/tag", b"{"),  # the body is not even read
        ({"queue_requests": 1}, "/v1/moderate", b"{"),
        ({"queue_requests": 1}, "/v1/classify", b"{"),
        ({"queue_windows": 2}, "/v1/tag", LONG % b""),
        ({"queue_windows": 2}, "/v1/moderate", LONG % b""),
        ({"queue_windows": 2}, "/v1/classify", LONG % MARKED),
    ],
)
def test_a_full_queue_answers_429_at_once(
    client: Any, tagger: Tagger, limits: dict[str, int], path: str, sent: bytes
) -> None:
    slow = Slow(tagger)
    app = create_app(Settings(threads=1, **limits), slow)  # type: ignore[arg-type]
    client.application = app
    with ThreadPoolExecutor(1) as elsewhere:
        first = elsewhere.submit(app.test_client().post, "/v1/tag", json={"text": "They lied."})
        assert slow.begun.wait(WAIT)
        refused = client.post(path, data=sent, content_type="application/json")
        assert client.get("/health/ready").status_code == 200
        slow.go.set()
        assert first.result(WAIT).status_code == 200
    assert refused.status_code == 429
    assert refused.json["detail"] == "the service is busy: try again in 1 s"
    assert refused.headers["Retry-After"] == "1"
    assert client.post("/v1/tag", json={"text": "They lied."}).status_code == 200


@pytest.mark.parametrize(
    ("path", "more"),
    [("/v1/tag", {}), ("/v1/moderate", {}), ("/v1/classify", {"fragments": []}),
     ("/v1/classify", {"fragments": [{"start": 0, "end": 2}]})],
)  # fmt: skip
def test_a_request_with_too_many_windows_is_refused(
    client: Any, tagger: Tagger, path: str, more: Any
) -> None:
    client.application = create_app(Settings(max_windows=3), tagger)
    assert client.post(path, json={"text": "!?" * 96} | more).status_code == 200
    response = client.post(path, json={"text": "!?" * 97} | more)
    assert response.status_code == 413
    assert response.json["errors"] == [
        {"pointer": "", "code": "too_many_windows", "detail": response.json["detail"]}
    ]
    assert "the text has 4 windows of tokens, a request may have 3 at most" in response.text


def test_spans_do_not_depend_on_what_is_tagged_at_the_same_time(tagger: Tagger, root: Path) -> None:
    app = create_app(Settings(threads=3, answer_seconds=3_600), tagger)
    engine = app.extensions["engine"]
    articles = sorted((root / "tests" / "articles" / "train-articles").glob("*.txt"))[:3]
    texts = [article.read_text("utf-8").split("\n\n") for article in articles]
    texts += [[paragraph] for text in texts for paragraph in text[:3]]
    everybody = threading.Barrier(len(texts))

    def tag(paragraphs: list[str]) -> list[Document]:
        everybody.wait(WAIT)
        found: list[Document] = engine.tag(tagger, paragraphs, thresholds={"default": 0}).documents
        return found

    with ThreadPoolExecutor(len(texts)) as requests:
        concurrent = list(requests.map(tag, texts))
    alone = [tagger.tag_document(paragraphs, thresholds=0) for paragraphs in texts]
    assert concurrent == alone
    assert sum(len(document.spans) for one in alone for document in one) > 30


def test_fragments_are_classified_window_by_window(client: Any, tagger: Tagger) -> None:
    slow = Slow(tagger)
    slow.go.set()
    client.application = create_app(Settings(threads=1), slow)  # type: ignore[arg-type]
    text = "They lied to us. " * 60
    places = [(0, 4), (500, 504), (1_000, 1_004), (1, 3)]
    fragments = [{"start": start, "end": end} for start, end in places]
    answer = client.post("/v1/classify", json={"text": text, "fragments": fragments}).json
    assert slow.runs == len(tagger.locate(text, tagger.plan([text]), places)) > 1
    expected = tagger.classify(text, places)
    assert [one["label"] for one in answer["results"]] == [one.label for one in expected]


def test_a_request_ends_on_the_tagger_it_began_with(tagger: Tagger) -> None:
    """Two taggers at work in one queue, as while a model is swapped."""
    engine = create_app(Settings(threads=1), tagger).extensions["engine"]
    old, new = Slow(tagger), Slow(tagger)
    with ThreadPoolExecutor(2) as requests:
        first = requests.submit(engine.tag, old, ["!?" * 96])
        assert old.begun.wait(WAIT)
        second = requests.submit(engine.tag, new, ["They lied to us again."])
        old.go.set()
        new.go.set()
        assert first.result(WAIT).windows == [old.runs] == [3]
        assert second.result(WAIT).windows == [new.runs] == [1]
