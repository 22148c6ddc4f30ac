"""The list of tables: Alembic compares the database with them."""

from app.base import Base
from app.tasks.models import Task

__all__ = [
    "Base",
    "Task",
]
