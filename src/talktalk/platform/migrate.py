"""Bring a database to the newest schema with Alembic.

A migration gives up quickly on a lock (4 s) rather than stop a running service, and one process
at a time migrates (an advisory lock).
"""

from pathlib import Path

from alembic import command
from alembic.config import Config

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Apply what is missing up to `revision`; does nothing on a database that is there already.

    Args:
        url: `postgresql+psycopg://…`
        revision: An Alembic revision id.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, revision)
