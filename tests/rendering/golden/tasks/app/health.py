"""Is the service alive, and can it reach its database?"""

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel

from app.database import ReadDep

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    status: str = "ok"


@router.get("/live")
async def live() -> Health:
    return Health()


@router.get("/ready")
async def ready(connection: ReadDep) -> Health:
    await connection.execute(sa.select(1))
    return Health()
