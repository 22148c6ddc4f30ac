"""`make demo`: renders the default service, migrates its database and serves it.

With `--check` it runs on a free port, is tested over HTTP, and stops.
"""
# ruff: noqa: T201

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.api import exercise
from support.running import environments
from support.services.renderings import ROOT, TEMPLATE

FOLDER = ROOT / "demo" / "tasks-api"


def make(folder: Path) -> dict[str, str]:
    """Renders, installs and migrates, and prints each command."""
    env = environments.environment(ENVIRONMENT="development")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    step(ROOT, env, sys.executable, "-m", "trellis", "new", str(folder.relative_to(ROOT)), "--yes")
    step(folder, env, "make", "migrate")
    return env


def step(folder: Path, env: dict[str, str], *command: str) -> None:
    """Runs a command, which must succeed."""
    shown = ["trellis" if word == "trellis" else word for word in command if word != "-m"]
    words = shlex.join(shown[1:] if shown[0] == sys.executable else shown)
    print(f"$ {words}", flush=True)
    if subprocess.run(command, cwd=folder, env=env, check=False).returncode:
        sys.exit(f"demo: `{words}` failed")


def serve() -> None:
    """Serves until Ctrl-C."""
    env = make(FOLDER)
    port = available(int(os.environ.get("PORT", "8000")))
    print(requests_to_try(f"http://localhost:{port}"), flush=True)
    command = [str(FOLDER / ".venv/bin/uvicorn"), "app.main:app", "--port", str(port)]
    with subprocess.Popen(command, cwd=FOLDER, env=env) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        with contextlib.suppress(KeyboardInterrupt):
            server.wait()


def check() -> None:
    """Tests the service over HTTP, and stops it."""
    folder = ROOT / "demo" / "checked"
    env = make(folder)
    with environments.served(folder, env) as address:
        print(f"serving on {address}", flush=True)
        exercise.everything(address, TEMPLATE.complete({})["resources"])
    shutil.rmtree(folder)
    print("demo-check: it answers as promised")


def available(port: int) -> int:
    """The port, or a free one if it is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return environments.free_port()
    return port


def requests_to_try(address: str) -> str:
    """The commands to try in another terminal."""
    task = """'{"title": "Water the trellis"}'"""
    done = """'{"completed": true}'"""
    json = "-H 'content-type: application/json'"
    return f"""
The service is in {FOLDER.relative_to(ROOT)}, its documentation on {address}/docs.
In another terminal:

  curl -i {address}/tasks {json} -d {task}
  curl -i '{address}/tasks?completed=false&limit=10'
  curl -i -X PATCH {address}/tasks/1 {json} -d {done}
  curl -i -X DELETE {address}/tasks/1
  curl -i {address}/tasks/1

Ctrl-C stops it.
"""


if __name__ == "__main__":
    check() if sys.argv[1:] == ["--check"] else serve()
