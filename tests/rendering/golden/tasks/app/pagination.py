"""Lists: filters, sorting, and pages that continue by key."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncConnection

from app.columns import Base
from app.errors import NotFoundError
from app.schemas import Id

ID: TypeAdapter[Any] = TypeAdapter(Id)
UNREADABLE = (TypeError, ValueError, RecursionError)


class PagingQuery(BaseModel):
    """The paging of every list. Each field that a subclass adds is a filter."""

    model_config = ConfigDict(extra="forbid")

    sort: str = "id"
    limit: int = Field(default=50, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1_000_000)
    cursor: str = Field(default="", max_length=4000, pattern=r"^[A-Za-z0-9_-]*$")

    def filters(self) -> dict[str, Any]:
        return self.model_dump(exclude=set(PagingQuery.model_fields))


@dataclass
class ResultPage:
    """Some rows of a list, and the cursor of those that follow."""

    rows: Sequence[Any]
    next_cursor: str | None = None


async def fetch_page(
    connection: AsyncConnection,
    statement: Any,
    table: type[Base],
    query: PagingQuery,
) -> ResultPage:
    """Reads one row more than a page holds, to know whether another follows."""
    columns = sa.inspect(table).columns
    key = columns[query.sort.removeprefix("-")]
    order = [key] if key is columns.id else [key, columns.id]
    descending = query.sort.startswith("-")
    if query.cursor:
        row = sa.tuple_(*order)
        start = read_cursor(query)
        statement = statement.where(row < start if descending else row > start)
    directions = [column.desc() if descending else column.asc() for column in order]
    statement = statement.order_by(*directions)
    statement = statement.offset(query.offset).limit(query.limit + 1)
    result = await connection.execute(statement)
    rows = result.all()
    if len(rows) <= query.limit:
        return ResultPage(rows)
    last = rows[query.limit - 1]
    next_cursor = write_cursor(query.sort, getattr(last, key.key), last.id)
    return ResultPage(rows[: query.limit], next_cursor)


def write_cursor(sort: str, value: Any, row_id: Any) -> str:
    document = json.dumps(to_jsonable_python([sort, value, row_id]))
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")


def read_cursor(query: PagingQuery) -> list[Any]:
    """Where a page starts: after the value that the list is sorted by, and the id."""
    try:
        document = base64.urlsafe_b64decode(f"{query.cursor}==")
        sort, value, row_id = json.loads(document)
        start = [ID.validate_python(row_id)]
        key = query.sort.removeprefix("-")
        if key != "id":
            start.insert(0, getattr(query.model_validate({key: value}), key))
    except UNREADABLE:
        sort, start = None, []
    if sort != query.sort or None in start:
        raise NotFoundError("There is no page at this cursor.")
    return start


def add_next_link(request: Request, response: Response, page: ResultPage) -> None:
    if page.next_cursor:
        url = request.url.remove_query_params("offset")
        url = url.include_query_params(cursor=page.next_cursor)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
