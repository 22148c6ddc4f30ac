"""The sessions of requests: one to write, one to read."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker


def make_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False)


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session
        await session.commit()


async def get_read_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.read_sessions() as session:
        yield session


# One transaction for a request that writes. It is rolled back if anything is raised. Otherwise
# it is committed before the response is sent (scope="function"). Services flush and never commit.
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]

# For a request that only reads. Its engine is AUTOCOMMIT: a write would be stored at once.
ReadDep = Annotated[AsyncSession, Depends(get_read_session, scope="function")]
