"""Where the database is, and what happens while it can't be used."""

import logging
import os
import socket
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import create_engine, text

from service import Settings, create_app
from service.feedback import Feedback, FeedbackStore, check_database
from service.feedback.database import database_url, describe
from service.problems import NotReady
from tagger import Document, Tagger

FEEDBACK = Feedback(Document("xyzzy marker"), "correct", "1")


@pytest.fixture
def store(database: str, caplog: pytest.LogCaptureFixture) -> Iterator[FeedbackStore]:
    """A store, and a check that what it was used for left no text in the log."""
    caplog.set_level(logging.DEBUG)
    store = FeedbackStore(database)
    yield store
    store.close()
    assert "xyzzy" not in caplog.text


def execute(database: str, *statements: str) -> None:
    """Change the database behind the store's back."""
    engine = create_engine(database_url(database))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("given", "opened"),
    [
        ("sqlite:////data/feedback.db", "sqlite:////data/feedback.db"),
        ("sqlite:///feedback.db", f"sqlite:///{Path.cwd()}/feedback.db"),
        ("postgresql://u:p@db/feedback", "postgresql+psycopg://u:p@db/feedback"),
        ("postgres://db/feedback?sslmode=require", "postgresql+psycopg://db/feedback?sslmode=require"),
        ("postgresql:///feedback", "postgresql+psycopg:///feedback"),
    ],
)  # fmt: skip
def test_databases(given: str, opened: str) -> None:
    assert check_database(given) == given
    assert database_url(given).render_as_string(hide_password=False) == opened
    assert "p@" not in describe(database_url(given))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "sqlite:////folder/file.db or postgresql://"),
        ("feedback.db", "sqlite:////folder/file.db or postgresql://"),
        ("/data/feedback.db", "sqlite:////folder/file.db or postgresql://"),
        ("mysql://xyzzy@db/feedback", "sqlite:////folder/file.db or postgresql://"),
        ("postgresql+asyncpg://xyzzy@db/feedback", "sqlite:////folder/file.db or postgresql://"),
        ("postgresql://xyzzy@db:port/feedback", "sqlite:////folder/file.db or postgresql://"),
        ("sqlite://", "names a file"),
        ("sqlite:///:memory:", "names a file"),
        ("sqlite://folder/feedback.db", "names a file"),
        ("sqlite:///file:feedback?mode=memory&uri=true", "names a file"),
    ],
)
def test_no_databases(given: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refusal:
        check_database(given)
    assert "xyzzy" not in str(refusal.value)
    if given:  # an empty variable counts as none
        with pytest.raises(ValidationError):
            Settings(database=given)


def test_postgresql_without_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.feedback.database.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'persuasion-tagger\[postgres\]'"):
        check_database("postgresql://db/feedback")


def test_the_default_is_a_file_of_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tagger: Tagger
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    store = create_app(tagger=tagger).extensions["feedback"]
    assert not list(tmp_path.iterdir())  # who only tags gets no file
    store.add(FEEDBACK)
    store.close()
    [folder] = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert file.name.startswith("feedback.db")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_user_without_a_home_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as it does without one
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotReady):
        FeedbackStore().add(FEEDBACK)
    assert "set TAGGER_DATABASE" in caplog.text
    assert not list(tmp_path.iterdir())


def test_sqlite_commits_reach_the_disk(tmp_path: Path) -> None:
    store = FeedbackStore(f"sqlite:///{tmp_path}/feedback.db")
    with store._turn() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    store.close()


@pytest.mark.parametrize(("server", "ours"), [("off", "on"), ("local", "local"), ("on", "on")])
def test_postgresql_commits_reach_the_disk(postgres: Any, server: str, ours: str) -> None:
    database = postgres.new_database()
    name = database.rpartition("/")[2]
    execute(database, f"ALTER DATABASE {name} SET synchronous_commit = '{server}'")
    store = FeedbackStore(database)
    with store._turn() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == ours
    store.close()


def test_a_folder_that_is_not_there_is_not_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store = FeedbackStore(f"sqlite:///{tmp_path}/mounted/feedback.db")
    for _ in range(3):
        with pytest.raises(NotReady, match="can't be reached"):
            store.add(FEEDBACK)
    assert [message.count("No such file") for message in errors(caplog)] == [1]  # said once
    (tmp_path / "mounted").mkdir()
    store.add(FEEDBACK)
    store.close()
    assert "the feedback store is back" in caplog.text


def test_a_file_that_is_no_database(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "feedback.db").write_text("xyzzy marker" * 1000)
    store = FeedbackStore(f"sqlite:///{tmp_path}/feedback.db")
    with pytest.raises(NotReady):
        next(store.pages())
    store.close()
    assert "the feedback store is down: DatabaseError" in caplog.text
    assert "xyzzy" not in caplog.text
    assert (tmp_path / "feedback.db").read_text() == "xyzzy marker" * 1000


def test_a_file_that_someone_else_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.feedback.database.PATIENCE", 0.1)
    store = FeedbackStore(f"sqlite:///{tmp_path}/feedback.db")
    store.add(FEEDBACK)
    other = sqlite3.connect(tmp_path / "feedback.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotReady):
        store.add(FEEDBACK)
    assert len(next(store.pages())) == 1  # who writes keeps nobody from reading
    other.execute("ROLLBACK")
    other.close()
    store.add(FEEDBACK)
    store.close()
    assert "database is locked" in caplog.text


def test_a_database_of_a_later_release(
    store: FeedbackStore, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.add(FEEDBACK)
    execute(database, "UPDATE feedback_version SET version_num = '9999'")
    older = FeedbackStore(database)
    with pytest.raises(NotReady):
        older.add(FEEDBACK)
    older.close()
    assert "a later release has migrated the database" in caplog.text


def test_errors_about_data_are_not_quoted(
    store: FeedbackStore, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.add(FEEDBACK)
    execute(
        database,
        "ALTER TABLE feedback RENAME TO hidden",
        "CREATE TABLE feedback (id integer PRIMARY KEY, received text, text text CHECK (text = ''),"
        " spans text, verdict text, model_version text, annotator text, client_id text,"
        " idempotency_key text, fingerprint text)",
    )
    with pytest.raises(NotReady):
        store.add(FEEDBACK)
    [message] = errors(caplog)
    assert message.startswith("the feedback store is down: ")
    assert "xyzzy" not in caplog.text


def test_a_server_that_stops_and_comes_back(
    postgres: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    database = postgres.new_database()
    early, late = FeedbackStore(database), FeedbackStore(database)
    early.add(FEEDBACK)
    postgres.stop()
    try:
        for store in (early, late, early):
            with pytest.raises(NotReady, match="can't be reached"):
                store.add(FEEDBACK)
    finally:
        postgres.start()
    for store in (early, late):
        store.add(FEEDBACK)
    assert len(next(early.pages())) == 3
    early.close()
    late.close()
    assert caplog.text.count("the feedback store is back") == 2


def test_a_server_that_does_not_answer_holds_up_one_caller_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.feedback.database.PATIENCE", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as threads:
        store = FeedbackStore(f"postgresql://127.0.0.1:{silent.getsockname()[1]}/feedback")
        with pytest.raises(NotReady):
            store.add(FEEDBACK)
        silent.accept()[0].close()
        trying = threads.submit(store.add, FEEDBACK)
        connection, _ = silent.accept()
        for _ in range(100):
            with pytest.raises(NotReady, match="can't be reached"):
                store.add(FEEDBACK)
        assert not trying.done()
        assert isinstance(trying.exception(), NotReady)
        connection.close()
