"""What the migrations promise."""

from alembic import command
from alembic.config import Config


def test_the_tables_are_those_of_the_models(alembic: Config) -> None:
    command.check(alembic)


def test_every_migration_can_be_undone_and_done_again(alembic: Config) -> None:
    command.downgrade(alembic, "base")
    command.upgrade(alembic, "head")
    command.check(alembic)
