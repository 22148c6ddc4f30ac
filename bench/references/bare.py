"""FastAPI and asyncpg, without an ORM."""

import datetime as dt
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import asyncpg
from fastapi import FastAPI, HTTPException, Query
from tasks import TaskCreate, TaskRead

COLUMNS = "id, title, description, completed, created_at, updated_at"
GET = f"SELECT {COLUMNS} FROM tasks WHERE id = $1"
LIST = f"SELECT {COLUMNS} FROM tasks ORDER BY id LIMIT $1 OFFSET $2"
CREATE = f"""
    INSERT INTO tasks (title, description, completed, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $4) RETURNING {COLUMNS}
"""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    url = os.environ["DATABASE_URL"].replace("+asyncpg", "")
    async with asyncpg.create_pool(url, min_size=1, max_size=15) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/tasks", response_model=list[TaskRead])
async def list_tasks(
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> object:
    rows = await app.state.pool.fetch(LIST, limit, offset)
    return [dict(row) for row in rows]


@app.post("/tasks", status_code=201, response_model=TaskRead)
async def create_task(data: TaskCreate) -> object:
    now = dt.datetime.now(dt.UTC)
    async with app.state.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(CREATE, data.title, data.description, data.completed, now)
    return dict(row)


@app.get("/tasks/{task_id}", response_model=TaskRead)
async def get_task(task_id: int) -> object:
    row = await app.state.pool.fetchrow(GET, task_id)
    if row is None:
        raise HTTPException(404)
    return dict(row)
