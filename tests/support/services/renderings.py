"""Blueprints, and the services that the template makes of them."""

import hashlib
import itertools
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from trellis.blueprint import questions
from trellis.template.version import load_directory

from support import matrix

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = load_directory(ROOT)
ANSWERS_FILE = questions.ANSWERS_FILE

BLUEPRINTS: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tests/blueprints").glob("*.yml"))
}
EMPTY: dict[str, Any] = {"project_name": "Empty", "resources": []}

CHOICES = matrix.choices()
DEFAULTS = {key: values[0] for key, values in CHOICES.items()}
CORE = {variant.id: dict(variant.choices) for variant in matrix.core()}
COVERING = {variant.id: dict(variant.choices) for variant in matrix.covering()}


def combinations() -> dict[str, dict[str, Any]]:
    """All combinations of api, orm, database and primary_key. The other choices take turns."""
    axes = ("api", "orm", "database", "primary_key")
    rest = [key for key in CHOICES if key not in axes]
    dealt = {key: itertools.cycle(CHOICES[key]) for key in rest}
    return {
        "-".join(values): dict(zip(axes, values, strict=True))
        | {key: next(dealt[key]) for key in rest}
        for values in itertools.product(*(CHOICES[axis] for axis in axes))
    }


@dataclass(frozen=True)
class Service:
    """A rendered service, and the blueprint it was rendered from."""

    path: Path
    blueprint: Mapping[str, Any]

    @cached_property
    def files(self) -> dict[str, str]:
        """The files of the service: path → text."""
        return read_files(self.path)

    @property
    def resources(self) -> list[dict[str, Any]]:
        return list(self.blueprint["resources"])


class Renderings:
    """Renders each blueprint once for all workers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, *layers: Mapping[str, Any]) -> Service:
        """The service of the default answers, updated with each layer."""
        blueprint = TEMPLATE.complete({})
        for layer in layers:
            blueprint |= layer
        key = hashlib.sha256(json.dumps(blueprint, sort_keys=True, default=str).encode())
        path = self._folder / key.hexdigest()[:16]
        if not path.exists():
            scratch = self._folder / f"{path.name}-{secrets.token_hex(4)}"
            TEMPLATE.render(blueprint, scratch)
            with suppress(OSError):  # another worker has rendered it
                scratch.rename(path)
            shutil.rmtree(scratch, ignore_errors=True)
        return Service(path, blueprint)


def read_files(folder: Path) -> dict[str, str]:
    """All files below the folder as text, without those of git."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] != ".git"
    }


def copy_of_template(folder: Path) -> Path:
    """The template as plain files, for pytest-copie and Copier."""
    shutil.copytree(ROOT / "template", folder / "template")
    shutil.copyfile(ROOT / "copier.yml", folder / "copier.yml")
    return folder


def python_files(service: Service) -> Iterator[tuple[str, str]]:
    """Its Python files."""
    return ((name, text) for name, text in service.files.items() if name.endswith(".py"))


def shared_folder(basetemp: Path) -> Path:
    """The folder that all workers of one test run share."""
    return basetemp.parent if "PYTEST_XDIST_WORKER" in os.environ else basetemp
