"""Which tables exist: Alembic compares the database with these."""

from app.columns import Base
from app.tasks.models import Task

__all__ = [
    "Base",
    "Task",
]
