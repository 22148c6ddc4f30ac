"""What clients send and receive of tasks."""

import datetime as dt
from typing import Literal

from pydantic import MISSING, Field

from app.fields import ReadSchema, Schema, Str
from app.pagination import PagingQuery

TaskSort = Literal["id", "-id"]


class TaskCreate(Schema):
    """What a new task is made of."""

    title: Str = Field(min_length=1, max_length=200)
    description: Str | None = None
    completed: bool = False


class TaskUpdate(Schema):
    """What changes; anything left out stays as it is."""

    title: Str | MISSING = Field(default=MISSING, min_length=1, max_length=200)
    description: Str | MISSING | None = MISSING
    completed: bool | MISSING = MISSING


class TaskRead(ReadSchema):
    """A task as it is stored."""

    id: int
    title: str
    description: str | None
    completed: bool
    created_at: dt.datetime
    updated_at: dt.datetime


class TaskQuery(PagingQuery):
    """How a list of tasks is filtered, sorted and paged."""

    sort: TaskSort = "id"
    completed: bool | MISSING = MISSING
