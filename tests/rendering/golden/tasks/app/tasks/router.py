"""The routes of tasks."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.database import ReadDep, SessionDep
from app.etags import IfMatch, with_etag
from app.fields import Id
from app.openapi import problems
from app.pagination import add_next_link
from app.tasks import service
from app.tasks.schemas import TaskCreate, TaskQuery, TaskRead, TaskUpdate

router = APIRouter(prefix="/tasks", tags=["tasks"])


@router.get("", response_model=list[TaskRead], responses=problems(404))
async def list_tasks(
    query: Annotated[TaskQuery, Query()],
    connection: ReadDep,
    request: Request,
    response: Response,
) -> Any:
    page = await service.list_tasks(connection, query)
    add_next_link(request, response, page)
    return page.rows


@router.post("", status_code=201, response_model=TaskRead, responses=problems(400, 409, 413))
async def create_task(data: TaskCreate, session: SessionDep, response: Response) -> Any:
    task = await service.create_task(session, data)
    response.headers["Location"] = f"{router.prefix}/{task.id}"
    return with_etag(response, task)


@router.get("/{task_id}", response_model=TaskRead, responses=problems(404))
async def get_task(task_id: Id, connection: ReadDep, response: Response) -> Any:
    task = await service.get_task(connection, task_id)
    return with_etag(response, task)


@router.patch("/{task_id}", response_model=TaskRead, responses=problems(400, 404, 409, 412, 413))
async def update_task(
    task_id: Id,
    data: TaskUpdate,
    session: SessionDep,
    response: Response,
    if_match: IfMatch = None,
) -> Any:
    task = await service.update_task(session, task_id, data, if_match)
    return with_etag(response, task)


@router.delete("/{task_id}", status_code=204, responses=problems(404, 409, 412))
async def delete_task(task_id: Id, session: SessionDep, if_match: IfMatch = None) -> None:
    await service.delete_task(session, task_id, if_match)
