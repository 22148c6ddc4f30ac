"""FastAPI alone: the same responses, from memory."""

import datetime as dt
from typing import Annotated

from fastapi import FastAPI, Query
from tasks import TaskCreate, TaskRead

NOW = dt.datetime.now(dt.UTC)
TASKS = [
    TaskRead(
        id=number,
        title=f"Task {number}",
        description="What has to be done",
        completed=False,
        created_at=NOW,
        updated_at=NOW,
    )
    for number in range(1, 101)
]

app = FastAPI()


@app.get("/tasks", response_model=list[TaskRead])
async def list_tasks(
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> object:
    return TASKS[offset : offset + limit]


@app.post("/tasks", status_code=201, response_model=TaskRead)
async def create_task(data: TaskCreate) -> object:
    return TASKS[0].model_copy(update=data.model_dump())


@app.get("/tasks/{task_id}", response_model=TaskRead)
async def get_task(task_id: int) -> object:
    return TASKS[task_id % 100]
