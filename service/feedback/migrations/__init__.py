"""Alembic's migrations of the feedback store, run by `service.feedback.migrate`."""
