"""The store of feedback: every record that it gave an id is on disk."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError, SQLAlchemyError

from service.feedback.database import (
    create_file,
    database_url,
    describe,
    limit_time,
    make_engine,
    take_lock,
)
from service.feedback.migrate import LaterSchema, migrate
from service.feedback.records import Feedback, KeyReused, Record, Retry
from service.feedback.tables import FEEDBACK
from service.problems import NotReady
from tagger import Document, Span

__all__ = ["FeedbackStore"]

_log = logging.getLogger(__name__)

_PAGE = 100
_TURN_SECONDS = 4
_DOWN = "the feedback store can't be reached just now: try again later"
_BUSY = "the feedback store has too much to do just now: try again later"


class FeedbackStore:
    """Feedback in a database, which need not be there when the service starts.

    database  its URL (see `check_database`); None: a SQLite file in the user's data folder

    The database is opened, and brought to the schema of this release, by the first call that
    needs it. A database that can't be used makes every call raise NotReady until it can. Calls
    take turns, since writes do so anyway. Once one has failed, or waited too long for its turn,
    the others don't wait until one succeeds: they would use up the threads that tagging needs.
    """

    def __init__(self, database: str | None = None) -> None:
        self._url = database_url(database)
        self._engine = make_engine(self._url)
        self._turns = threading.Lock()
        self._patience = _TURN_SECONDS
        self._migrated = self._down = False

    def open_soon(self) -> None:
        """Begin to open the database, in a thread of its own; the log says how it went."""
        threading.Thread(target=self._open, name="open-feedback", daemon=True).start()

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        self._engine.dispose()

    def add(self, feedback: Feedback, retry: Retry | None = None) -> int:
        """Store one record and return its id, once it is on disk.

        A `retry` that was stored before is not stored again: its first id comes back.

        Raises KeyReused if its key was used for another payload, NotReady if the record is not
        known to be stored: then it may be, and only a retry under the same key is safe.
        """
        document = feedback.document
        with self._turn() as connection:
            # One writer at a time, until its commit: ids become visible in their order, so who
            # reads on after an id misses none that was given out before it.
            take_lock(connection)
            if retry is not None and (first := _first_id(connection, retry)) is not None:
                return first
            values = {
                "received": datetime.now(UTC),
                "text": document.text,
                "spans": [[span.start, span.end, span.label] for span in document.spans],
                "verdict": feedback.verdict,
                "model_version": feedback.model_version,
                "annotator": feedback.annotator,
                "client_id": document.id,
                "idempotency_key": retry and retry.key,
                "fingerprint": retry and retry.fingerprint,
            }
            added = connection.execute(insert(FEEDBACK).values(values))
            connection.commit()
            return int(added.inserted_primary_key[0])  # type: ignore[index]  # one row has one

    def first_id(self, retry: Retry) -> int | None:
        """The id of what was stored under the key, if anything was. Raises as `add` does."""
        with self._turn() as connection:
            return _first_id(connection, retry)

    def pages(self, after: int = 0) -> Iterator[list[Record]]:
        """The records whose id is higher than `after`, in order of arrival; at least one page.

        No transaction stays open between the pages, however slow their reader is.
        """
        while True:
            with self._turn() as connection:
                later = select(FEEDBACK).where(FEEDBACK.c.id > after).order_by(FEEDBACK.c.id)
                rows = connection.execute(later.limit(_PAGE)).all()
            yield [_record(row) for row in rows]
            if len(rows) < _PAGE:
                return
            after = rows[-1].id

    def _open(self) -> None:
        with suppress(NotReady), self._turn():
            pass

    @contextmanager
    def _turn(self) -> Iterator[Connection]:
        """A connection to the migrated database, for one caller at a time."""
        if not self._turns.acquire(timeout=self._patience):
            self._patience = 0
            raise NotReady(_DOWN if self._down else _BUSY)
        try:
            if not self._migrated:
                create_file(self._url)
            with self._engine.connect() as connection:
                if not self._migrated:
                    migrate(connection)
                    self._migrated = True
                    _log.info("feedback is kept in %s", describe(self._url))
                limit_time(connection)
                yield connection
        except (SQLAlchemyError, LaterSchema, OSError) as error:
            if not self._down:
                _log.error("the feedback store is down: %s", _reason(error))
            self._down, self._patience = True, 0
            raise NotReady(_DOWN) from None
        else:
            if self._down:
                _log.info("the feedback store is back")
            self._down, self._patience = False, _TURN_SECONDS
        finally:
            self._turns.release()


def _first_id(connection: Connection, retry: Retry) -> int | None:
    stored = connection.execute(
        select(FEEDBACK.c.id, FEEDBACK.c.fingerprint).where(FEEDBACK.c.idempotency_key == retry.key)
    ).first()
    if stored is None:
        return None
    if stored.fingerprint != retry.fingerprint:
        raise KeyReused
    return int(stored.id)


def _record(row: Row[Any]) -> Record:
    spans = tuple(Span(start, end, label) for start, end, label in row.spans)
    document = Document(row.text, spans, row.client_id)
    feedback = Feedback(document, row.verdict, row.model_version, row.annotator)
    return Record(row.id, row.received, feedback)


def _reason(error: Exception) -> str:
    """Why the database failed, without what was sent: errors about data may quote it."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or "-"
        kind = f"{type(error.orig).__name__} {state}"
        quotes = not isinstance(error, OperationalError | ProgrammingError)
        return kind if quotes else f"{kind}: {str(error.orig).partition(chr(10))[0]}"
    return type(error).__name__ if isinstance(error, SQLAlchemyError) else str(error)
