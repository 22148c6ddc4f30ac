"""Lists: filters, sorting and keyset pagination."""

import base64
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.fields import Id

Item = TypeVar("Item", bound=BaseModel)
Select = sa.Select[*tuple[Any, ...]]

# The `sort` of a page, the last row's value of that field, and the last row's id.
CURSOR = TypeAdapter(tuple[str, object, Id])


class PagingQuery(BaseModel):
    """The query parameters of every list. A field that a subclass adds filters the column of the
    same name. Fields without a column are for your own queries."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    sort: str = "id"
    limit: int = Field(default=50, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1_000_000)
    cursor: str = Field(default="", max_length=4000, pattern=r"^[A-Za-z0-9_-]*$")

    @field_validator("*", mode="wrap")
    @classmethod
    def _refuse_white_space(cls, value: object, validate: ValidatorFunctionWrapHandler) -> object:
        """Pydantic ignores white space around numbers. In text it is part of the value."""
        parsed: object = validate(value)
        if isinstance(value, str) and not isinstance(parsed, str) and value != value.strip():
            raise ValueError("Input should have no white space around it")
        return parsed

    def filters(self) -> dict[str, object]:
        return self.model_dump(exclude=set(PagingQuery.model_fields))


@dataclass
class Page(Generic[Item]):
    """The items of one page, and the cursor of the next page if there is one."""

    items: list[Item]
    next_cursor: str | None = None


class PagedSelect:
    """A SELECT at module level. The statements of its pages are cached: building one takes
    longer than running it."""

    def __init__(self, select: Select) -> None:
        self.page = lru_cache(maxsize=200)(partial(page_statement, select))


async def fetch_page(
    session: AsyncSession, select: PagedSelect | Select, query: PagingQuery, schema: type[Item]
) -> Page[Item]:
    """Reads a page of a table or a model, and one more row to see if another page follows."""
    filters = query.filters()
    parameters = filters | {"limit": query.limit + 1, "offset": query.offset}
    if query.cursor:
        parameters |= read_cursor(query)
    page = select.page if isinstance(select, PagedSelect) else partial(page_statement, select)
    statement = page(query.sort, bool(query.cursor), *filters)
    result = await session.execute(statement, parameters)
    names = list(result.keys())
    # A SELECT of a model returns entities. Pydantic reads a table's rows fastest as dicts.
    if len(names) == 1:
        rows = list(result.scalars())
    else:
        rows = [dict(zip(names, row, strict=True)) for row in result]
    items = [schema.model_validate(row) for row in rows]
    if len(items) <= query.limit:
        return Page(items)
    return Page(items[:-1], write_cursor(query.sort, items[-2]))


def page_statement(select: Any, sort: str, after_cursor: bool, *filters: str) -> Any:
    """The statement of a page. Its parameters are the filters, "limit", "offset" and, from the
    cursor, the last row's "id" and its value of the sort field ("cursor")."""
    columns = select.selected_columns
    for name in filters:
        if name in columns:
            select = select.where(columns[name] == sa.bindparam(name))
    order = [columns.id]
    values = [sa.bindparam("id", type_=columns.id.type)]
    key = columns[sort.removeprefix("-")]
    if key is not columns.id:
        order.insert(0, key)
        values.insert(0, sa.bindparam("cursor", type_=key.type))
    descending = sort.startswith("-")
    if after_cursor:
        row, last = sa.tuple_(*order), sa.tuple_(*values)
        select = select.where(row < last if descending else row > last)
    select = select.order_by(*(column.desc() if descending else column for column in order))
    return select.offset(sa.bindparam("offset")).limit(sa.bindparam("limit"))


def write_cursor(sort: str, last: Any) -> str:
    value = getattr(last, sort.removeprefix("-"))
    document = CURSOR.dump_json((sort, value, last.id))
    return base64.urlsafe_b64encode(document).decode().rstrip("=")


def read_cursor(query: PagingQuery) -> dict[str, object]:
    """The parameters in a cursor. The sort field's value is validated like a filter."""
    key = query.sort.removeprefix("-")
    try:
        document = base64.urlsafe_b64decode(f"{query.cursor}==")
        sort, value, row_id = CURSOR.validate_json(document)
        parameters: dict[str, object] = {"id": row_id}
        if key != "id":
            checked = query.model_copy()
            setattr(checked, key, value)
            parameters["cursor"] = getattr(checked, key)
    except ValueError:
        sort, parameters = "", {}
    if sort != query.sort or None in parameters.values():
        raise invalid_parameter("cursor", "Input should be the cursor of a page of this list")
    return parameters


def refuse_repeated(request: Request, *, lists: Collection[str] = ()) -> None:
    """Refuses a repeated parameter that is not a list: only its last value would be used."""
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if count > 1 and name not in lists:
            raise invalid_parameter(name, "Input should be given once")


def invalid_parameter(name: str, message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": ("query", name), "msg": message}])


def with_next_link(request: Request, response: Response, page: Page[Item]) -> list[Item]:
    """Returns the items of a page, and sets the Link header to the next page."""
    if page.next_cursor:
        url = request.url.remove_query_params("offset")
        url = url.include_query_params(cursor=page.next_cursor)
        response.headers["Link"] = f'<{quote(url.path)}?{url.query}>; rel="next"'
    return page.items
