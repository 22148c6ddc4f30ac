"""The report of `trellis new`: what was done, the command for it, what comes next. Pure."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from trellis import console
from trellis.blueprint.shorthand import format_resource


def format_plan(document: Mapping[str, Any]) -> list[str]:
    """The text of a dry run, from the document of `--json`."""
    files = document["files"]
    return [
        f"{document['destination']}/",
        *console.format_tree(files),
        "",
        f"{len(files)} files; nothing was written. To write them:",
        *(f"  note: {note}" for note in document["notes"]),
        f"  {document['command']}",
    ]


def format_end(document: Mapping[str, Any], enter: str) -> list[str]:
    """The text for people, from the document of `--json`; `enter` goes to the service."""
    return [
        f"{document['destination']}: {len(document['files'])} files",
        *(f"  note: {note}" for note in document["notes"]),
        *(f"  - {done}" for done in document["done"]),
        "",
        "The command that makes the same service:",
        f"  {document['command']}",
        "",
        "Next:",
        f"  {enter}",
        *(f"  {todo['command']}  # {todo['what']}" for todo in document["todo"]),
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
            names = [_format_row(item) for item in value] or ["none"]
            rows += [(key if not number else "", name) for number, name in enumerate(names)]
        else:
            shown = {True: "yes", False: "no", "": "-"}.get(value, value)
            rows.append((key, str(shown)))
    return rows


def _format_row(resource: Mapping[str, Any]) -> str:
    return format_resource(resource) or json.dumps(resource, ensure_ascii=False)
