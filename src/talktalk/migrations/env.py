"""Alembic's environment: one connection, short lock waits, one migrator at a time."""

from alembic import context
from sqlalchemy import create_engine, pool, text

MIGRATION_LOCK = 7_274_617_461
"""Advisory lock key; any constant will do as long as it stays."""

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text("SET lock_timeout = '4s'"))
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
