"""What can be done with tasks."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.errors import NotFoundError
from app.pagination import ResultPage, fetch_page
from app.schemas import Id
from app.tasks.models import Task
from app.tasks.schemas import TaskCreate, TaskQuery, TaskUpdate

# Built once, since building a statement costs more than running it.
GET_ONE = sa.select(Task).filter_by(id=sa.bindparam("id"))


async def list_tasks(connection: AsyncConnection, query: TaskQuery) -> ResultPage:
    statement = sa.select(Task).filter_by(**query.filters())
    return await fetch_page(connection, statement, Task, query)


async def get_task(connection: AsyncConnection, task_id: Id) -> sa.Row[Any]:
    """A task to read, as a row."""
    result = await connection.execute(GET_ONE, {"id": task_id})
    row = result.one_or_none()
    if row is None:
        raise NotFoundError("There is no task with this id.")
    return row


async def load_task(session: AsyncSession, task_id: Id) -> Task:
    """A task to change."""
    task = await session.get(Task, task_id)
    if task is None:
        raise NotFoundError("There is no task with this id.")
    return task


async def create_task(session: AsyncSession, data: TaskCreate) -> Task:
    task = Task(**data.model_dump())
    session.add(task)
    await session.flush()
    return task


async def update_task(session: AsyncSession, task_id: Id, data: TaskUpdate) -> Task:
    task = await load_task(session, task_id)
    for name, value in data.model_dump().items():
        setattr(task, name, value)
    await session.flush()
    return task


async def delete_task(session: AsyncSession, task_id: Id) -> None:
    task = await load_task(session, task_id)
    await session.delete(task)
    await session.flush()
