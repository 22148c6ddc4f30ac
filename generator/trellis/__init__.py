"""Renders a complete FastAPI + ORM + Alembic service, and carries it afterwards."""

__version__ = "0.1.0"
