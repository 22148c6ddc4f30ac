"""What `new` says at its end: what was done, how to do it again, what comes next. Pure."""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trellis.blueprint.shorthand import format_resource
from trellis.service.toolchain import Outcome


@dataclass(frozen=True)
class Report:
    """The end of a run."""

    status: str
    destination: str
    files: Sequence[str]
    blueprint: Mapping[str, Any]
    command: str
    outcomes: Sequence[Outcome] = field(default_factory=list)
    enter: str = ""
    note: str = ""

    @property
    def todo(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.todo]

    def document(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {
            "status": self.status,
            "destination": self.destination,
            "files": list(self.files),
            "blueprint": dict(self.blueprint),
            "command": self.command,
            "done": [outcome.done for outcome in self.outcomes if outcome.done],
            "todo": [{"what": o.todo, "command": o.command} for o in self.todo],
            "notes": [self.note] if self.note else [],
        }

    @property
    def _notes(self) -> list[str]:
        return [f"  note: {self.note}"] if self.note else []

    def plan_lines(self, tree: Callable[[Sequence[str]], str]) -> list[str]:
        """The text of a dry run."""
        return [
            f"{self.destination}/",
            tree(self.files),
            "",
            f"{len(self.files)} files; nothing was written. To write them:",
            *self._notes,
            f"  {self.command}",
        ]

    def lines(self) -> list[str]:
        """The text for people."""
        done = [f"  - {outcome.done}" for outcome in self.outcomes if outcome.done]
        todo = [f"  {outcome.command}  # {outcome.todo}" for outcome in self.todo]
        return [
            f"{self.destination}: {len(self.files)} files",
            *self._notes,
            *done,
            "",
            "The same again:",
            f"  {self.command}",
            "",
            "Next:",
            *([f"  {self.enter}"] if self.enter else []),
            *todo,
            "  make dev",
        ]


def format_command(
    destination: str,
    blueprint: Mapping[str, Any],
    flags: Mapping[str, str],
    extra: Sequence[str] = (),
) -> str:
    """The one command that gives the same service, whatever is asked or proposed by default."""
    words = ["trellis", "new"]
    for key, value in blueprint.items():
        words += _format_answer(key, value, flags.get(key))
    words += [*extra, "--yes"]
    words += ["--", destination] if destination.startswith("-") else [destination]
    return shlex.join(words)


def _format_answer(key: str, value: Any, flag: str | None) -> list[str]:
    if flag and isinstance(value, bool):
        yes, _, no = flag.partition("/")
        return [yes if value else no]
    if key == "resources" and isinstance(value, list) and value:
        short = [format_resource(item) if isinstance(item, dict) else None for item in value]
        if all(short):
            return [word for text in short for word in ("-r", str(text))]
    if flag and isinstance(value, str):
        return [flag, value] if value else []
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return ["-d", f"{key}={text}"]


def format_rows(blueprint: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The choices and resources, for the review."""
    rows = []
    for key, value in blueprint.items():
        if isinstance(value, list):
            names = [_resource_row(item) for item in value] or ["none"]
            rows += [(key if not number else "", name) for number, name in enumerate(names)]
        else:
            shown = {True: "yes", False: "no", "": "-"}.get(value, value)
            rows.append((key, str(shown)))
    return rows


def _resource_row(resource: Mapping[str, Any]) -> str:
    return format_resource(resource) or json.dumps(resource, ensure_ascii=False)
