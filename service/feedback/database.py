"""Where feedback is kept: a SQLite file, or a PostgreSQL database."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

__all__ = [
    "PATIENCE",
    "check_database",
    "create_file",
    "database_url",
    "describe",
    "limit_time",
    "make_engine",
    "take_lock",
]

PATIENCE = 2
"""Most seconds for a connection, for a lock, or for a statement: a request may wait for its turn
and then for two of them, and is answered within 8."""

_LOCK = int.from_bytes(b"tagger")
_FORMS = "give sqlite:////folder/file.db or postgresql://user:password@host/name"


def check_database(url: str) -> str:
    """The URL as it was given. ValueError says what is wrong with it, and never quotes it."""
    database_url(url)
    return url


def database_url(given: str | None) -> URL:
    """The URL to open: the one given, else that of a file in the user's data folder.

    Raises ValueError for a URL of another kind of database, or one that keeps nothing.
    """
    if given is None:
        try:
            folder = user_data_path("persuasion-tagger", appauthor=False)
        except RuntimeError:  # the user has no home folder: create_file will say so
            folder = Path()
        return URL.create("sqlite", database=str(folder / "feedback.db"))
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise ValueError(f"this is no URL of a database: {_FORMS}") from None
    if url.drivername == "sqlite":
        if url.query or url.host or url.database in (None, "", ":memory:"):
            raise ValueError("a SQLite URL names a file: sqlite:////folder/file.db")
        return url.set(database=str(Path(str(url.database)).absolute()))
    if url.drivername in ("postgresql", "postgres"):
        if find_spec("psycopg") is None:
            raise ValueError("PostgreSQL needs: pip install 'persuasion-tagger[postgres]'")
        return url.set(drivername="postgresql+psycopg")
    raise ValueError(f"no such kind of database is known: {_FORMS}")


def describe(url: URL) -> str:
    """The place of a database for the log: neither user nor password."""
    if url.drivername == "sqlite":
        return str(url.database)
    return f"PostgreSQL database {url.database or '-'} at {url.host or 'this machine'}"


def create_file(url: URL) -> None:
    """Make the SQLite file of `url` if it is not there, readable by its owner alone.

    Makes the default folder, and no other: a volume that is not mounted is an error, not a reason
    to write elsewhere. Raises OSError.
    """
    if url.drivername != "sqlite":
        return
    path = Path(str(url.database))
    if not path.is_absolute():
        raise FileNotFoundError("this user has no home folder: set TAGGER_DATABASE")
    if url == database_url(None):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)


def make_engine(url: URL) -> Engine:
    """An engine of one connection. Its errors and its log never hold what was sent."""
    options: dict[str, Any] = {"hide_parameters": True, "pool_size": 1, "max_overflow": 0}
    if url.drivername == "sqlite":
        engine = create_engine(url, connect_args={"timeout": PATIENCE}, **options)
        event.listen(engine, "connect", _set_up_sqlite)
        return engine
    chosen = {
        "application_name": "tagger-service",
        "connect_timeout": PATIENCE,
        "tcp_user_timeout": PATIENCE * 1000,
    }
    arguments = {name: value for name, value in chosen.items() if name not in url.query}
    return create_engine(
        url,
        connect_args=arguments,
        isolation_level="READ COMMITTED",  # so that what follows a lock sees what preceded it
        pool_pre_ping=True,
        **options,
    )


def take_lock(connection: Connection) -> None:
    """Let one writer in at a time, of all processes, until the transaction ends."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def limit_time(connection: Connection) -> None:
    """Bound the statements of a PostgreSQL transaction, and have its commit reach the disk."""
    if connection.dialect.name != "sqlite":
        connection.execute(
            text(
                "SELECT set_config('statement_timeout', :most, true), "
                "set_config('synchronous_commit', replace("
                "current_setting('synchronous_commit'), 'off', 'on'), true)"
            ),
            {"most": f"{PATIENCE}s"},
        )


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # BEGIN is said by take_lock; Python's own is deferred
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
