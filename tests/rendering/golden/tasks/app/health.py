"""Liveness and readiness probes.

Both run on the event loop, and the database is asked over a connection of its own: a busy
service still answers them.
"""

import logging

from anyio import fail_after
from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import NotReadyError
from app.openapi import problems

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/health", tags=["health"])

DEADLINE = 2.0  # seconds


class Health(BaseModel):
    status: str = "ok"


@router.get("/live")
async def live() -> Health:
    """Answers 200 while the process runs; the database is not asked."""
    return Health()


@router.get("/ready", responses=problems(503))
async def ready(request: Request) -> Health:
    """Answers 503 if the database cannot be reached or was never migrated."""
    state = request.app.state
    try:
        with fail_after(DEADLINE):
            await check(state.probe)
    except Exception as error:
        logger.warning("The database cannot be reached: %s", type(error).__name__)
        raise NotReadyError from error
    return Health()


async def check(probe: AsyncEngine) -> None:
    async with probe.connect() as connection:
        await connection.execute(text("SELECT version_num FROM alembic_version"))
