"""Which tables exist: Alembic compares the database with these."""

from app.base import Base
from app.tasks.models import Task

__all__ = [
    "Base",
    "Task",
]
