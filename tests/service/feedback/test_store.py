"""What the store keeps, on both kinds of database."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from service.feedback import Feedback, FeedbackStore, KeyReused, Record, Retry
from service.feedback.database import database_url, make_engine
from service.feedback.tables import FEEDBACK, METADATA
from tagger import Document, Span

ROOT = Path(__file__).parents[3]
Opener = Callable[[], FeedbackStore]

FEEDBACKS = [
    Feedback(Document("", (), None), "reject", "1"),
    Feedback(Document("They lied.", (Span(0, 4, "doubt"),), "post/1"), "accept", "1", "desk-3"),
    Feedback(Document("💩 \0 \\0 \\\\ \u2028 \r\n", (Span(0, 1, "a"), Span(0, 1, "b"))), "correct",
             "2026.11.1", "\0"),
]  # fmt: skip


def feedback(text: str) -> Feedback:
    return Feedback(Document(text), "correct", "1")


def records(store: FeedbackStore, after: int = 0) -> list[Record]:
    return [record for page in store.pages(after) for record in page]


@pytest.fixture
def another(database: str) -> Iterator[Opener]:
    """Opens one more store on the same database, as another process would."""
    opened: list[FeedbackStore] = []

    def open_store() -> FeedbackStore:
        opened.append(FeedbackStore(database))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def store(another: Opener) -> FeedbackStore:
    return another()


def test_records_come_back_as_they_were_in_order(store: FeedbackStore, another: Opener) -> None:
    began = datetime.now(UTC)
    ids = [store.add(one) for one in FEEDBACKS]
    for reader in (store, another()):
        found = records(reader)
        assert [record.id for record in found] == ids == sorted(set(ids))
        assert [record.feedback for record in found] == FEEDBACKS
        times = [began, *(record.received for record in found), datetime.now(UTC)]
        assert times == sorted(times)
        assert found[0].received.utcoffset() == timedelta(0)
    assert found[1].to_json() == {
        "id": ids[1],
        "received": found[1].received.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "text": "They lied.",
        "spans": [{"start": 0, "end": 4, "label": "doubt"}],
        "verdict": "accept",
        "model_version": "1",
        "annotator": "desk-3",
    }


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_pages_hold_every_record_after_an_id(
    store: FeedbackStore, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr("service.feedback.store._PAGE", 3)
    ids = [store.add(feedback(str(number))) for number in range(count)]
    assert [len(page) for page in store.pages()] == [3] * (count // 3) + [count % 3]
    for number, after in enumerate([0, *ids]):
        assert [record.id for record in records(store, after)] == ids[number:]
    assert records(store, 2**63 - 1) == []


def test_a_key_stores_one_record(store: FeedbackStore, another: Opener) -> None:
    retry = Retry("key", "f" * 64)
    assert store.first_id(retry) is None
    first = store.add(feedback("a"), retry)
    other = store.add(feedback("a"), Retry("other", "f" * 64))
    without = [store.add(feedback("a")), store.add(feedback("a"))]
    for same in (store, another()):
        assert same.add(feedback("a"), retry) == first == same.first_id(retry)
        with pytest.raises(KeyReused):
            same.add(feedback("b"), Retry("key", "0" * 64))
        with pytest.raises(KeyReused):
            same.first_id(Retry("key", "0" * 64))
    assert [record.id for record in records(store)] == [first, other, *without]


def test_a_key_that_comes_many_times_at_once(store: FeedbackStore, another: Opener) -> None:
    stores = [store, another(), another()]
    store.first_id(Retry("", ""))
    together = threading.Barrier(12)

    def add(number: int) -> int:
        together.wait(10)
        return stores[number % 3].add(feedback("a"), Retry("key", "f" * 64))

    with ThreadPoolExecutor(12) as threads:
        ids = set(threads.map(add, range(12)))
    assert [record.id for record in records(store)] == list(ids)


def test_the_database_itself_holds_a_key_once(store: FeedbackStore, database: str) -> None:
    store.add(feedback("a"), Retry("key", "f" * 64))
    row = {"received": datetime.now(UTC), "text": "", "spans": [], "verdict": "reject"}
    engine = make_engine(database_url(database))
    with engine.connect() as connection, pytest.raises(IntegrityError) as refusal:
        connection.execute(
            insert(FEEDBACK).values(row | {"model_version": "xyzzy", "idempotency_key": "key"})
        )
    engine.dispose()
    assert "xyzzy" not in str(refusal.value)


def test_a_reader_that_goes_on_after_an_id_misses_none(
    store: FeedbackStore, another: Opener
) -> None:
    def write(writer: FeedbackStore) -> list[int]:
        return [writer.add(feedback("a")) for _ in range(25)]

    writers = [another() for _ in range(4)]
    store.first_id(Retry("", ""))
    seen: list[int] = []
    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(write, writer) for writer in writers]
        while not all(future.done() for future in writing):
            seen += [record.id for record in records(store, seen[-1] if seen else 0)]
    seen += [record.id for record in records(store, seen[-1] if seen else 0)]
    assert seen == sorted(own for future in writing for own in future.result())


def test_migrations_make_the_tables_of_the_code(store: FeedbackStore, database: str) -> None:
    store.add(feedback("a"))
    engine = make_engine(database_url(database))
    with engine.connect() as connection:
        options = {"version_table": "feedback_version", "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


START = """
import sys
from contextlib import suppress
from service.feedback import Feedback, FeedbackStore
from service.problems import NotReady
from tagger import Document

store = FeedbackStore(sys.argv[1])
print("imported", flush=True)
sys.stdin.readline()
for _ in range(10):
    with suppress(NotReady):  # another has kept the lock for too long
        store.add(Feedback(Document("a"), "reject", "1"))
        break
"""


def test_processes_that_start_at_once_migrate_once(store: FeedbackStore, database: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", START, database],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"imported\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert len(records(store)) == 3
