"""Alembic's entry point: revisions run on the connection, and within the transaction, they are given."""

from alembic import context

from xenia.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
