"""Notes on the deployment of a change. Pure."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trellis.change.migration_scripts import FOLDER
from trellis.files import Change, Files

_SETTING = re.compile(r"^#? ?([A-Z][A-Z0-9_]*)=", re.MULTILINE)
_DROPPING = re.compile(re.escape(FOLDER) + r"[0-9a-f]+_drop_(\w+)\.py")
_EMPTYING = re.compile(re.escape(FOLDER) + r"[0-9a-f]+_remove_(\w+)\.py")
DISTRIBUTION = re.compile(r"[ \[<>=!~;(@]")
_MOVED = {
    "database": (
        "no data is moved: rows that are in the old database stay there. Migrate the new one "
        "(uv run alembic upgrade head), then copy the rows, parents first"
    ),
    "primary_key": "the type of every id has changed: databases that exist have to be made anew",
    "api": "handlers of your own must follow: async def and await, or neither",
    "orm": "models and queries of your own must follow the other ORM",
    "python_version": "the image, CI and every machine need Python {value}",
}


def list_notes(
    before: Mapping[str, Any], after: Mapping[str, Any], old: Files, new: Files, changes: Any
) -> list[str]:
    """The notes: lost data first."""
    return [
        *_note_tables(changes),
        *_note_choices(before, after),
        *_note_names("settings", _list_settings(old), _list_settings(new), "see .env.example"),
        *_note_names(
            "dependencies",
            _list_dependencies(old),
            _list_dependencies(new),
            "uv sync installs them",
        ),
        *_note_migrations(changes),
    ]


def _note_tables(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        match = _DROPPING.fullmatch(change.path)
        if match and change.kind == "added":
            yield f"the table {match[1]} will be dropped, with its rows: back them up first"
        match = _EMPTYING.fullmatch(change.path)
        if match and change.kind == "added":
            yield f"a column will be dropped, with its values ({change.path}): back them up first"


def _note_choices(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if gone := [key for key in before if key not in after]:
        yield f"answers that are no longer asked for: {', '.join(gone)}"
    for key in after.keys() - before.keys():
        yield f"{key} is new, and taken to be {after[key]!r} (trellis change {key}=…)"
    changed = [key for key in before if key in after and before[key] != after[key]]
    if "database" in changed and before["database"] == "sqlite":
        yield "app.db, if there is one, is not ignored by git any more: move it out of the way"
    for key in sorted(set(changed) & _MOVED.keys(), key=list(_MOVED).index):
        yield f"{key} is now {after[key]}: " + _MOVED[key].format(value=after[key])


def _note_names(what: str, old: Sequence[str], new: Sequence[str], advice: str) -> Iterator[str]:
    if gone := [name for name in old if name not in new]:
        yield f"{what} that are gone: {', '.join(gone)}"
    if fresh := [name for name in new if name not in old]:
        yield f"{what} that are new: {', '.join(fresh)} ({advice})"


def _list_dependencies(files: Files) -> list[str]:
    project = files.get("pyproject.toml")
    try:
        document = tomllib.loads(project.data.decode()) if project else {}
        listed = document.get("project", {}).get("dependencies", [])
    except (ValueError, AttributeError):
        return []
    return [DISTRIBUTION.split(str(entry))[0] for entry in listed]


def _list_settings(files: Files) -> list[str]:
    example = files.get(".env.example")
    text = example.data.decode("utf-8", "replace") if example else ""
    return list(dict.fromkeys(_SETTING.findall(text)))


def _note_migrations(changes: Sequence[Change]) -> Iterator[str]:
    fresh = [c.path for c in changes if c.path.startswith(FOLDER) and c.kind == "added"]
    if fresh:
        count = "a migration" if len(fresh) == 1 else f"{len(fresh)} migrations"
        when = "before the new code serves"
        if any(_DROPPING.fullmatch(path) for path in fresh):
            when = "once no old code serves, which uses what is dropped"
        if any(_EMPTYING.fullmatch(path) for path in fresh):
            when = "while nothing serves: old code uses what is dropped, new code may not fill it"
        yield f"run {count} {when}: uv run alembic upgrade head"
