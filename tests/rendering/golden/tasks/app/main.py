"""The application: `app` is what a server serves."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.database import make_engine, make_probe, make_reader, make_sessions
from app.database_errors import add_database_error_handlers
from app.errors import RequestCheck, add_error_handlers
from app.etags import ConditionalGet
from app.logs import configure_logging
from app.middleware import surround
from app.openapi import operation_id, problem_openapi
from app.routes import ROUTERS
from app.settings import Settings
from app.shutdown import drain_on_sigterm


def create_app(settings: Settings | None = None) -> FastAPI:
    """Builds the application. Nothing is opened before it starts."""
    settings = settings or Settings.load()
    configure_logging(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.draining = False
        app.state.engine = make_engine(settings)
        app.state.reader = make_reader(settings)
        app.state.sessions = make_sessions(app.state.engine)
        app.state.probe = make_probe(settings)
        drain_on_sigterm(app, settings)
        # What has been made so far stays, and requests leave few cycles behind: looking at
        # less garbage, less often, is a tenth of the speed.
        gc.freeze()
        gc.set_threshold(50_000)
        yield
        await app.state.probe.dispose()
        await app.state.reader.dispose()
        await app.state.engine.dispose()

    app = FastAPI(
        title="Tasks API",
        version="0.1.0",
        lifespan=lifespan,
        # Without it there is no /docs and no /redoc either.
        openapi_url=None if settings.in_production else "/openapi.json",
        generate_unique_id_function=operation_id,
    )
    app.openapi = problem_openapi(app)  # type: ignore[method-assign]
    app.add_middleware(ConditionalGet)
    app.add_middleware(RequestCheck, max_body_size=settings.max_body_size)
    app.router.max_body_size = settings.max_body_size  # as every route inherits it
    add_error_handlers(app)
    add_database_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    surround(app, settings)
    return app


app = create_app()
