"""Builds and runs the image of a service without a container engine."""

import fnmatch
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

_ENGINE = Path(__file__).with_name("engine.py")
_NAMESPACE = ["unshare", "--mount", "--propagation", "private"]


@cache
def obstacle() -> str:
    """The reason why images cannot be built here; empty if they can."""
    if os.geteuid() != 0:
        return "only root may mount what stands for an image"
    if not all(map(shutil.which, ("unshare", "setpriv", "useradd", "chroot"))):
        return "util-linux is not complete here"
    if Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists():
        return "the machine's own Python cannot stand for the one of an image"
    trial = [*_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        return "this machine does not let even root mount anything"
    return ""


def context(service: Path, folder: Path) -> None:
    """The files that .dockerignore allows, and the Dockerfile."""
    lines = (service / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for path in service.rglob("*"):
        name = path.relative_to(service)
        if path.is_file() and (
            not ignored(PurePosixPath(name), lines) or str(name) == "Dockerfile"
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / name)


def ignored(path: PurePosixPath, patterns: list[str]) -> bool:
    """The last pattern that matches the path or one of its folders decides."""
    decided = False
    for pattern in patterns:
        kept = pattern.startswith("!")
        if any(
            fnmatch.fnmatchcase(name, word) for name in _names(path) for word in _forms(pattern)
        ):
            decided = not kept
    return decided


def _names(path: PurePosixPath) -> Iterator[str]:
    yield str(path)
    yield from (str(parent) for parent in path.parents if parent.name)


def _forms(pattern: str) -> list[str]:
    plain = pattern.lstrip("!").rstrip("/")
    return [plain, plain.removeprefix("**/")]


def proven(task: dict[str, Any]) -> dict[str, Any]:
    """Runs engine.py; returns its report."""
    command = [*_NAMESPACE, sys.executable, str(_ENGINE), json.dumps(task)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report
