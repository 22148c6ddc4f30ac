"""What can be done with tasks."""

from types import SimpleNamespace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.errors import NotFoundError
from app.etags import FOR_CHANGE, check_match
from app.fields import Id
from app.pagination import ResultPage, fetch_page
from app.tasks.models import Task
from app.tasks.schemas import TaskCreate, TaskQuery, TaskUpdate

# Built once, since building a statement costs more than running it.
GET_ONE = sa.select(Task).filter_by(id=sa.bindparam("id"))
GET_MANY = sa.select(Task)


async def list_tasks(connection: AsyncConnection, query: TaskQuery) -> ResultPage:
    return await fetch_page(connection, GET_MANY, query)


async def get_task(connection: AsyncConnection, task_id: Id) -> SimpleNamespace:
    """A task to read."""
    result = await connection.execute(GET_ONE, {"id": task_id})
    row = result.one_or_none()
    if row is None:
        raise NotFoundError("There is no task with this id.")
    return SimpleNamespace(**row._asdict())


async def load_task(session: AsyncSession, task_id: Id, if_match: str | None = None) -> Task:
    """A task to change, which nobody else changes in the meantime."""
    task = await session.get(Task, task_id, with_for_update=FOR_CHANGE)
    if task is None:
        raise NotFoundError("There is no task with this id.")
    check_match(task, if_match)
    return task


async def create_task(session: AsyncSession, data: TaskCreate) -> Task:
    task = Task(**data.model_dump())
    session.add(task)
    await session.flush()
    return task


async def update_task(
    session: AsyncSession, task_id: Id, data: TaskUpdate, if_match: str | None = None
) -> Task:
    task = await load_task(session, task_id, if_match)
    for name, value in data.model_dump().items():
        setattr(task, name, value)
    await session.flush()
    return task


async def delete_task(session: AsyncSession, task_id: Id, if_match: str | None = None) -> None:
    task = await load_task(session, task_id, if_match)
    await session.delete(task)
    await session.flush()
