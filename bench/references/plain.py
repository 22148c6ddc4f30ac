"""The reference: FastAPI and SQLAlchemy as in their documentation, and nothing else."""

import datetime as dt
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlalchemy import BigInteger, DateTime, Identity, String, Text, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from tasks import TaskCreate, TaskRead

# The URL is that of a rendered service. As there, the pool has no overflow.
engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=15, max_overflow=0)
new_session = async_sessionmaker(engine, expire_on_commit=False)


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Base(DeclarativeBase):
    type_annotation_map = {dt.datetime: DateTime(timezone=True)}  # noqa: RUF012


class Task(Base):
    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    completed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[dt.datetime] = mapped_column(default=utc_now, onupdate=utc_now)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


async def get_session() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


app = FastAPI(lifespan=lifespan)
SessionDep = Annotated[AsyncSession, Depends(get_session)]


@app.get("/tasks", response_model=list[TaskRead])
async def list_tasks(
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> object:
    statement = select(Task).order_by(Task.id).limit(limit).offset(offset)
    return (await session.scalars(statement)).all()


@app.post("/tasks", status_code=201, response_model=TaskRead)
async def create_task(data: TaskCreate, session: SessionDep) -> object:
    task = Task(**data.model_dump())
    session.add(task)
    await session.commit()
    return task


@app.get("/tasks/{task_id}", response_model=TaskRead)
async def get_task(task_id: int, session: SessionDep) -> object:
    task = await session.get(Task, task_id)
    if task is None:
        raise HTTPException(404)
    return task
