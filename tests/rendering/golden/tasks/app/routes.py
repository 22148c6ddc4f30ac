"""The list of routers."""

from app import health
from app.tasks import router as tasks

ROUTERS = [
    health.router,
    tasks.router,
]
