"""The other figures: memory, import time, round trips, deep pages."""

import re
import subprocess
import time
import urllib.request
from pathlib import Path

from contenders import Contender, Server, serving
from postgres import Postgres, tapped

REPEATED = 20


def memory(server: Server) -> float:
    """The memory of a worker after its first request, in megabytes, with shared libraries."""
    return float(server.process.memory_info().rss) / 1e6


def import_time(
    python: Path, contenders: list[Contender], postgres: Postgres, rounds: int
) -> dict[str, float]:
    """The shortest time of `import app.main` in seconds."""
    return {
        contender.name: min(importing(python, contender, postgres) for _ in range(rounds))
        for contender in contenders
        if contender.app == "app.main:app"
    }


def importing(python: Path, contender: Contender, postgres: Postgres) -> float:
    code = "import time; t = time.perf_counter(); import app.main; print(time.perf_counter() - t)"
    completed = subprocess.run(
        [python, "-c", code],
        cwd=contender.folder,
        env=contender.environment(postgres.url(contender.database)),
        check=True,
        capture_output=True,
        text=True,
    )
    return float(completed.stdout)


def round_trips(
    python: Path, contenders: list[Contender], postgres: Postgres, loads: dict[str, list[str]]
) -> dict[tuple[str, str], float]:
    """The number of round trips to the database in one request, counted by a proxy."""
    counted = {}
    for contender in contenders:
        if not contender.database:
            continue
        with (
            tapped(postgres.socket) as (socket, tap),
            serving(python, contender, postgres.url(contender.database, socket)) as server,
        ):
            for load, (method, path, *_) in loads.items():
                for _ in range(5):  # prepares statements
                    ask(server, method, path)
                before = tap.round_trips
                for _ in range(REPEATED):
                    ask(server, method, path)
                time.sleep(0.05)
                counted[load, contender.name] = (tap.round_trips - before) / REPEATED
    return counted


def ask(server: Server, method: str, path: str) -> str:
    """The Link header of the response."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}",
        method=method,
        data=b'{"title": "Water the trellis"}' if method == "POST" else None,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        answer.read()
        return answer.headers.get("Link", "")


def page_after(server: Server, row: int) -> str:
    """The path of the page of 50 rows after that row, by key."""
    link = ask(server, "GET", f"/tasks?limit=1&offset={row - 1}")
    path = re.search("<(.*)>", link)
    assert path, f"no page after row {row}: {link!r}"
    return path[1].replace("limit=1", "limit=50")
