"""The migrations match the models, and can be undone."""

from alembic import command
from alembic.config import Config


def test_migrations_match_the_models(alembic: Config) -> None:
    command.check(alembic)


def test_migrations_run_down_and_up_again(alembic: Config) -> None:
    command.downgrade(alembic, "base")
    command.upgrade(alembic, "head")
    command.check(alembic)
