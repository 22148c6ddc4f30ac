"""The routes of tasks."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app import etags, pagination
from app.database import ReadDep, SessionDep
from app.fields import Id
from app.openapi import IF_NONE_MATCH, NEW_ROW, NOT_MODIFIED, PAGE, ROW, problems
from app.tasks import models, service
from app.tasks.schemas import TaskCreate, TaskQuery, TaskRead, TaskUpdate

router = APIRouter(tags=["tasks"])


@router.get("/tasks", responses=PAGE | problems())
async def list_tasks(
    query: Annotated[TaskQuery, Query()],
    session: ReadDep,
    request: Request,
    response: Response,
) -> list[TaskRead]:
    pagination.refuse_repeated(request)
    page = await service.list_tasks(session, query)
    return pagination.with_next_link(request, response, page)


@router.post(
    "/tasks",
    status_code=201,
    response_model=TaskRead,
    responses=NEW_ROW | problems(400, 408, 409, 413),
)
async def create_task(data: TaskCreate, session: SessionDep, response: Response) -> models.Task:
    task = await service.create_task(session, data)
    response.headers["Location"] = f"/tasks/{task.id}"
    response.headers["ETag"] = etags.etag(task.version)
    return task


@router.get(
    "/tasks/{task_id}", responses=ROW | NOT_MODIFIED | problems(404), openapi_extra=IF_NONE_MATCH
)
async def get_task(task_id: Id, session: ReadDep, response: Response) -> TaskRead:
    task = await service.get_task(session, task_id)
    response.headers["ETag"] = etags.etag(task.version)
    return task


@router.patch(
    "/tasks/{task_id}",
    response_model=TaskRead,
    responses=ROW | problems(400, 404, 408, 409, 412, 413),
)
async def update_task(
    task_id: Id,
    data: TaskUpdate,
    session: SessionDep,
    response: Response,
    if_match: etags.IfMatch = None,
) -> models.Task:
    task = await service.update_task(session, task_id, data, if_match)
    response.headers["ETag"] = etags.etag(task.version)
    return task


@router.delete("/tasks/{task_id}", status_code=204, responses=problems(404, 409, 412))
async def delete_task(task_id: Id, session: SessionDep, if_match: etags.IfMatch = None) -> None:
    await service.delete_task(session, task_id, if_match)
