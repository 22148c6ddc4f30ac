"""The request and response bodies of tasks."""

import datetime as dt
from typing import Literal

from pydantic import MISSING, Field

from app import fields
from app.pagination import PagingQuery

TaskSort = Literal["id", "-id"]


class TaskCreate(fields.Schema):
    """A new task."""

    title: fields.Text = Field(min_length=1, max_length=200)
    description: fields.Text | None = Field(default=None, max_length=20000)
    completed: fields.Boolean = False


class TaskUpdate(fields.Schema):
    """The fields to change. A field that is left out keeps its value."""

    title: fields.Text | MISSING = Field(default=MISSING, min_length=1, max_length=200)
    description: fields.Text | MISSING | None = Field(default=MISSING, max_length=20000)
    completed: fields.Boolean | MISSING = MISSING


class TaskRead(fields.ReadSchema):
    """A task in a response."""

    id: int
    title: str
    description: str | None
    completed: bool
    created_at: dt.datetime
    updated_at: dt.datetime


class TaskQuery(PagingQuery):
    """The query parameters of a list of tasks."""

    sort: TaskSort = "id"
    completed: bool | MISSING = MISSING
