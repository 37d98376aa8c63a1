"""The one table. Change it together with a new file in migrations/versions: a test compares."""

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Identity,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

__all__ = ["FEEDBACK", "METADATA"]

_ESCAPE = re.compile(r"\\(.)")


class EscapedText(TypeDecorator[str]):
    r"""Text in which a NUL is stored as `\0`, since PostgreSQL has none, and `\` as `\\`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """Escape."""
        return None if value is None else value.replace("\\", r"\\").replace("\0", r"\0")

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        """Unescape."""
        return None if value is None else _ESCAPE.sub(_unescaped, value)


class Moment(TypeDecorator[datetime]):
    """A time in UTC; SQLite forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Convert to UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Convert to UTC."""
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return None if value is None else value.astimezone(UTC)


def _unescaped(match: re.Match[str]) -> str:
    return "\0" if match[1] == "0" else match[1]


METADATA = MetaData()

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("received", Moment, nullable=False),
    Column("text", EscapedText, nullable=False),
    Column("spans", JSON, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("model_version", EscapedText, nullable=False),
    Column("annotator", EscapedText),
    Column("client_id", EscapedText),
    Column("idempotency_key", String(255)),
    Column("fingerprint", String(64)),
    UniqueConstraint("idempotency_key", name="feedback_idempotency_key"),
    # Without it SQLite gives the id of a deleted last record to the next one.
    sqlite_autoincrement=True,
)
"""Spans are [start, end, label] in code points, sorted; the key and the fingerprint stay as long
as the record, so that a retry is safe however late it comes."""
