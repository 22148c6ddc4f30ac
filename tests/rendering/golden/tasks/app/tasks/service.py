"""The queries of tasks."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app import etags, pagination
from app.errors import NotFoundError
from app.fields import Id
from app.tasks.models import Task
from app.tasks.schemas import TaskCreate, TaskQuery, TaskRead, TaskUpdate

# Reads select rows of the table, which are faster than entities. The statements are constants:
# building one takes longer than running it.
SELECT = sa.select(Task.__table__)
GET = SELECT.filter_by(id=sa.bindparam("id"))
LIST = pagination.PagedSelect(SELECT)


async def list_tasks(session: AsyncSession, query: TaskQuery) -> pagination.Page[TaskRead]:
    return await pagination.fetch_page(session, LIST, query, TaskRead)


async def get_task(session: AsyncSession, task_id: Id) -> TaskRead:
    result = await session.execute(GET, {"id": task_id})
    row = result.one_or_none()
    if row is None:
        raise NotFoundError("There is no task with this id.")
    return TaskRead.model_validate(row)


async def get_task_for_update(
    session: AsyncSession, task_id: Id, if_match: str | None = None
) -> Task:
    """Locks the row until the end of the transaction, and checks its version."""
    task = await session.get(Task, task_id, with_for_update=etags.LOCK_ROW)
    if task is None:
        raise NotFoundError("There is no task with this id.")
    etags.require_match(task.version, if_match)
    return task


async def create_task(session: AsyncSession, data: TaskCreate) -> Task:
    task = Task(**data.model_dump())
    session.add(task)
    await session.flush()
    return task


async def update_task(
    session: AsyncSession, task_id: Id, data: TaskUpdate, if_match: str | None = None
) -> Task:
    task = await get_task_for_update(session, task_id, if_match)
    for name, value in data.model_dump().items():
        setattr(task, name, value)
    await session.flush()
    return task


async def delete_task(session: AsyncSession, task_id: Id, if_match: str | None = None) -> None:
    task = await get_task_for_update(session, task_id, if_match)
    await session.delete(task)
    await session.flush()
