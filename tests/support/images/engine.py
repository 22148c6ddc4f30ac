"""Builds and runs a Dockerfile without a container engine.

This machine is the base image: each stage is an overlay of its files, which ends with the process.
It runs as root in a mount namespace (see images.py), and prints the results as JSON.
"""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.services.parsing import Stage, dockerfile

PASSED = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "UV_DEFAULT_INDEX")
INSTALLERS = ("pip", "uv")
PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Image:
    """A stage that was built: its files, and its instructions for running."""

    root: Path
    layer: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    folder: str = "/"
    health: list[str] = field(default_factory=list)
    # USER, VOLUME, CMD: as they were written.
    says: dict[str, str] = field(default_factory=dict)

    def at(self, path: str) -> Path:
        """The path on this machine of a path in the image."""
        return self.root / str(Path(self.folder, path))[1:]


def build(context: Path, uv: str, cache: str, port: int) -> Image:
    """Builds all stages in order. The last one is the image."""
    # Port 8000 of this machine may be in use, and the image shares its network.
    text = (context / "Dockerfile").read_text(encoding="utf-8").replace("8000", str(port))
    built: dict[str, Image] = {}
    for number, stage in enumerate(dockerfile(text)):
        image = built[stage.name] = started_from(stage, number, uv)
        for word, words in stage.instructions:
            follow(image, word, words, context, built, cache)
    return image


def started_from(stage: Stage, number: int, uv: str) -> Image:
    """The image of uv, or this machine with its Python at the path of the image python:…."""
    scratch = Path("/run/engine", str(number))
    scratch.mkdir(parents=True)
    # As in its own image, there is only the program uv.
    if "astral-sh/uv" in stage.base:
        shutil.copy(uv, scratch / "uv")
        return Image(scratch, scratch)
    root, layer = scratch / "root", scratch / "layer"
    overlay(Path("/"), root, layer)
    do("mount", "-t", "proc", "proc", str(root / "proc"))
    do("mount", "--bind", "/dev", str(root / "dev"))
    do("mount", "-t", "tmpfs", "tmpfs", str(root / "tmp"))
    prefix = Path(sys.base_prefix).resolve()
    overlay(prefix, root / "usr/local", scratch / "python")
    # Python may look for its library at the path where it was built.
    for parent in prefix.parents[:-1]:
        (root / str(parent)[1:]).chmod(0o755)
    for name in ("uv", "uvx"):
        (root / "usr/local/bin" / name).unlink(missing_ok=True)
    return Image(root, layer)


def overlay(lower: Path, place: Path, layer: Path) -> None:
    """Mounts a folder at another path, where changes do not affect the folder."""
    work = layer.with_name(f"{layer.name}-work")
    for folder in (place, layer, work):
        folder.mkdir(exist_ok=True)
    options = f"lowerdir={lower},upperdir={layer},workdir={work}"
    do("mount", "-t", "overlay", "-o", options, "overlay", str(place))


def follow(
    image: Image, word: str, words: str, context: Path, built: dict[str, Image], cache: str
) -> None:
    """Executes one instruction."""
    if word == "COPY":
        copy(image, words, context, built)
    elif word == "RUN":
        run(image, words, cache)
    elif word == "ENV":
        for item in shlex.split(words):
            key, _, value = item.partition("=")
            image.env[key] = value.replace("$PATH", image.env["PATH"])
    elif word == "WORKDIR":
        image.folder = words
        image.at(".").mkdir(parents=True, exist_ok=True)
    elif word == "HEALTHCHECK":
        image.health = json.loads(words[words.index("[") :])
    else:
        image.says[word] = words


def copy(image: Image, words: str, context: Path, built: dict[str, Image]) -> None:
    """Copies files into a folder, or the content of a folder."""
    *sources, last = words.split()
    origin = context
    if sources[0].startswith("--from="):
        origin = built[sources.pop(0).partition("=")[2]].root
    for source in (origin / name.lstrip("/") for name in sources):
        target = image.at(last)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy(source, target / source.name if last.endswith("/") else target)


def run(image: Image, words: str, cache: str) -> None:
    """Runs a command as root, with a cache if the instruction mounts one."""
    mounted = []
    while words.startswith("--mount="):
        option, _, words = words.partition(" ")
        target = image.at(dict(item.split("=") for item in option[8:].split(","))["target"])
        target.mkdir(parents=True, exist_ok=True)
        do("mount", "--bind", cache, str(target))
        mounted.append(target)
    env = image.env | {name: os.environ[name] for name in PASSED if name in os.environ}
    command = ["chroot", str(image.root), "env", "-i", f"--chdir={image.folder}"]
    do(*command, *(f"{k}={v}" for k, v in env.items()), "sh", "-c", words)
    for target in mounted:
        do("umount", str(target))


class Container:
    """The image, restricted as in compose.yaml: read-only, without capabilities."""

    def __init__(self, image: Image, env: dict[str, str], sockets: list[str]) -> None:
        self.image = image
        self.env = image.env | env
        if volume := image.says.get("VOLUME"):
            # A new volume has the owner of its folder in the image.
            place, owner = image.at(volume), image.at(volume).stat()
            do("mount", "-t", "tmpfs", "tmpfs", str(place))
            place.chmod(owner.st_mode)
            os.chown(place, owner.st_uid, owner.st_gid)
        for socket in sockets:
            place = image.at(socket)
            place.parent.mkdir(parents=True)
            place.touch()
            do("mount", "--bind", socket, str(place))
        for place in ("", "usr/local"):
            do("mount", "-o", "remount,ro", str(image.root / place))

    def command(self, *words: str) -> list[str]:
        user = self.image.says["USER"]
        return [
            "unshare", "--pid", "--fork", "--kill-child", "chroot", str(self.image.root),
            "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs",
            "--inh-caps=-all", "--bounding-set=-all", "env", "-i", f"--chdir={self.image.folder}",
            *(f"{key}={value}" for key, value in self.env.items()), *words,
        ]  # fmt: skip

    def run(self, *words: str) -> dict[str, object]:
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False)
        return {"code": done.returncode, "said": done.stdout + done.stderr}


def serve(container: Container, requests: list[dict[str, str]], log: Path) -> dict[str, object]:
    """Starts the container, waits until it is healthy, sends requests, and stops it."""
    image = container.image
    with log.open("wb") as output:
        server = subprocess.Popen(
            container.command(*json.loads(image.says["CMD"])),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    started = time.monotonic()
    health: dict[str, object] = {"code": 1}
    while health["code"] and server.poll() is None and time.monotonic() < started + 60:
        health = container.run(*image.health)
    answers = [answer(request) for request in requests] if server.poll() is None else []
    # The first process of the container is the child of the process that made the namespace.
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGTERM)
    try:
        code = server.wait(35)
    except subprocess.TimeoutExpired:
        code = "killed"
        server.kill()
    said = log.read_text(errors="replace")
    return {
        "health": health,
        "answers": answers,
        "exit": code,
        "said": said,
        "health_after": container.run(*image.health)["code"],
    }


def answer(request: dict[str, str]) -> dict[str, object]:
    body = request.get("body")
    sent = urllib.request.Request(  # noqa: S310
        request["url"],
        data=body.encode() if body else None,
        headers={"Content-Type": "application/json", "X-Forwarded-For": "192.0.2.1"},
    )
    with urllib.request.urlopen(sent, timeout=30) as response:  # noqa: S310
        headers = {name.lower(): value for name, value in response.headers.items()}
        return {"status": response.status, "headers": headers, "body": response.read().decode()}


def do(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")


def main(task: dict[str, object]) -> dict[str, object]:
    do("mount", "-t", "tmpfs", "tmpfs", "/run")
    image = build(Path(task["context"]), task["uv"], task["cache"], task["port"])
    container = Container(image, task["env"], task["sockets"])
    report: dict[str, object] = {
        "user": container.run("id", "-u"),
        "installers": [container.run(f"/usr/local/bin/{tool}", "--version") for tool in INSTALLERS],
        "writing": [container.run("touch", f"{place}/mine") for place in task["places"]],
        "files": sorted(p.relative_to(image.layer).as_posix() for p in image.layer.rglob("*")),
        "before": [container.run(*words) for words in task["before"]],
    }
    # Root cannot write either.
    with contextlib.suppress(OSError):
        image.at("/srv/mine").touch()
        report["root_wrote"] = True
    report |= serve(container, task["requests"], Path(task["context"], "server.log"))
    report["after"] = [container.run(*words) for words in task["after"]]
    return report


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))  # noqa: T201
