"""The application: `app` is what a server serves."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import dialect
from app.database import make_sessions
from app.errors import add_error_handlers
from app.logs import configure_logging
from app.middleware import add_middleware
from app.openapi import operation_id, problem_openapi
from app.routes import ROUTERS
from app.settings import Settings

logger = logging.getLogger(__name__)

NO_AUTHENTICATION = (
    "This service has no authentication: everyone who can reach it can read and write."
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Builds the application. The lifespan opens the engines."""
    settings = settings or Settings.load()
    configure_logging(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.in_production:
            logger.warning(NO_AUTHENTICATION)
        app.state.engine = dialect.make_engine(settings)
        app.state.read_engine = dialect.make_read_engine(settings)
        app.state.probe = dialect.make_probe_engine(settings)
        app.state.sessions = make_sessions(app.state.engine)
        app.state.read_sessions = make_sessions(app.state.read_engine)
        # Exclude the application's objects from garbage collection: a full one would take 60 ms more.
        gc.collect()
        gc.freeze()
        yield
        gc.unfreeze()
        await app.state.probe.dispose()
        await app.state.read_engine.dispose()
        await app.state.engine.dispose()

    app = FastAPI(
        title="Tasks API",
        version="0.1.0",
        lifespan=lifespan,
        # None also removes /docs and /redoc.
        openapi_url=None if settings.in_production else "/openapi.json",
        generate_unique_id_function=operation_id,
    )
    app.openapi = problem_openapi(app)  # type: ignore[method-assign]
    add_middleware(app, settings)
    add_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


app = create_app()
