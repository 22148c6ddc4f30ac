"""Lists: filters, sorting, and pages that continue by key."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFoundError
from app.fields import Id

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
    connection: AsyncConnection, statement: Any, query: PagingQuery, **parameters: Any
) -> ResultPage:
    """Reads one row more than a page holds, to know whether another follows."""
    filters = query.filters()
    page = page_statement(statement, query.sort, bool(query.cursor), *filters)
    parameters |= {f"filter_{name}": value for name, value in filters.items()}
    parameters |= {"limit": query.limit + 1, "offset": query.offset}
    if query.cursor:
        start = enumerate(read_cursor(query))
        parameters |= {f"after_{n}": value for n, value in start}
    result = await connection.execute(page, parameters)
    # Pydantic reads these twice as fast as SQLAlchemy's rows.
    names = result.keys()
    rows = [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in result]
    if len(rows) <= query.limit:
        return ResultPage(rows)
    last = rows[query.limit - 1]
    value = getattr(last, query.sort.removeprefix("-"))
    return ResultPage(rows[: query.limit], write_cursor(query.sort, value, last.id))


# Kept, since building a statement costs more than running it. The prefixes of parameters
# keep fields that are called "limit" or "parent" apart from what else is needed.
@lru_cache(maxsize=500)
def page_statement(statement: Any, sort: str, continued: bool, *filters: str) -> Any:
    """What all requests for lists that are filtered and sorted alike have in common."""
    columns = statement.selected_columns
    for name in filters:
        statement = statement.where(columns[name] == sa.bindparam(f"filter_{name}"))
    key = columns[sort.removeprefix("-")]
    order = [key] if key is columns.id else [key, columns.id]
    descending = sort.startswith("-")
    if continued:
        values = [sa.bindparam(f"after_{n}", type_=c.type) for n, c in enumerate(order)]
        row, start = sa.tuple_(*order), sa.tuple_(*values)
        statement = statement.where(row < start if descending else row > start)
    directions = [column.desc() if descending else column.asc() for column in order]
    statement = statement.order_by(*directions)
    return statement.offset(sa.bindparam("offset")).limit(sa.bindparam("limit"))


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
        query = {**request.query_params, "cursor": page.next_cursor}
        query.pop("offset", None)
        url = f"{request.url.path}?{urlencode(query)}"
        response.headers["Link"] = f'<{url}>; rel="next"'
