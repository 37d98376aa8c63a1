"""Bring a database to the schema of this release."""

import logging
from pathlib import Path

from sqlalchemy import Connection

from service.feedback.database import take_lock

__all__ = ["LaterSchema", "migrate"]


class LaterSchema(Exception):
    """A later release has migrated the database: this one can't know what it holds."""


def migrate(connection: Connection) -> None:
    """Run the migrations that the database lacks, all in one transaction.

    Processes that start at once take turns: the first migrates, the others find it done.
    Raises LaterSchema for a database that a later release has migrated.
    """
    # It would list its plugins when it is imported.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    from alembic import command  # not before it is needed: it takes a tenth of a second
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    take_lock(connection)
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise LaterSchema("a later release has migrated the database: use that one") from None
    connection.commit()
