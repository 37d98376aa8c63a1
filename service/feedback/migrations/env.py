"""What Alembic executes: the migrations, over the connection that `migrate` gives it."""

from alembic import context

from service.feedback.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table="feedback_version",
)
context.run_migrations()
