"""Which migrations a change of the blueprint brings, and after which they come.

A migration belongs to the databases that have run it: those that are there stay as they are, and
those that people have removed stay away. What is new follows the service's own head.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from trellis.change import migration_scripts
from trellis.change.migration_scripts import FOLDER, Script
from trellis.errors import BlueprintError, TemplateError
from trellis.files import File, Files

Macro = Callable[..., str]
_PLAIN = "100644"
_MACROS = {"create": "creation", "drop": "removal"}


def keep_history(old: Files, new: Files, mine: Files) -> tuple[dict[str, File], dict[str, File]]:
    """The two renderings, made to agree on every migration: on what the service has."""
    others = [{p: f for p, f in files.items() if not _is_script(p)} for files in (old, new)]
    present = {path: file for path, file in mine.items() if _is_script(path)}
    return {**others[0], **present}, {**others[1], **present}


def find_new(old: Files, new: Files, mine: Files) -> dict[str, File]:
    """The migrations that only the new rendering has."""
    return {p: f for p, f in new.items() if _is_script(p) and p not in old and p not in mine}


def refuse_if_shipped(rendered: Files, mine: Files) -> None:
    """Raises BlueprintError where migrations were written that other primary keys would break."""
    own = sorted(path for path in mine if _is_script(path) and mine[path] != rendered.get(path))
    if own:
        what = "primary_key cannot change any more: there are migrations beyond the rendered ones"
        fix = f"the first of them is {own[0]}; write the change as a migration of your own"
        raise BlueprintError(what, where=FOLDER, fix=fix)


class Chain:
    """The service's history, and the migrations that are written onto its end."""

    def __init__(self, scripts: list[Script]) -> None:
        self._scripts = scripts
        self.written: dict[str, File] = {}

    def create(self, macro: Macro, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """The tables of the resources that are new."""
        had = {resource["name"] for resource in before.get("resources", [])}
        for entry in _compute_domain(macro, after)["migrations"]:
            if entry["resource"]["name"] not in had:
                self._write_table(macro, "create", entry, after["primary_key"])

    def drop(self, macro: Macro, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """The tables of the resources that are gone, what refers to others first."""
        has = {resource["name"] for resource in after.get("resources", [])}
        for entry in reversed(_compute_domain(macro, before)["migrations"]):
            if entry["resource"]["name"] not in has:
                self._write_table(macro, "drop", entry, before["primary_key"])

    def adopt(self, files: Files) -> None:
        """Migrations as they are rendered, at the end of the history; not those made above."""
        left = migration_scripts.read(files)
        known = {script.revision for script in self._scripts}
        left = [script for script in left if script.revision not in known]
        names = {script.revision for script in left}
        while left:
            # Each after the one that it was rendered after.
            script = next(one for one in left if not names & set(one.follows))
            head = migration_scripts.find_head(self._scripts)
            text = files[script.path].data.decode()
            text = re.sub(r"(?m)^Revises:.*$", f"Revises: {head}" if head else "Revises:", text)
            value = f'"{head}"' if head else "None"
            text = re.sub(r"(?m)^down_revision = .*$", f"down_revision = {value}", text)
            self.written[script.path] = File(_PLAIN, text.encode())
            self._scripts.append(Script(script.path, script.revision, (head,) if head else ()))
            left.remove(script)
            names.discard(script.revision)

    def alter(self, macro: Macro, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """The columns of the fields that are new, and of those that are gone."""
        old, new = (_index_entries(_compute_domain(macro, values)) for values in (before, after))
        for name in old.keys() & new.keys():
            had, has = (_index_fields(entries[name]) for entries in (old, new))
            for field in [has[key] for key in has if key not in had]:
                if problem := macro("migrations", "addition_problem", field):
                    raise BlueprintError(problem, where=f"{name}.{field['name']}")
                self._write_column(macro, "add", "field_addition", new[name], field)
            for field in [had[key] for key in had if key not in has]:
                self._write_column(macro, "remove", "field_removal", old[name], field)

    def _write_column(
        self, macro: Macro, verb: str, kind: str, entry: dict[str, Any], field: dict[str, Any]
    ) -> None:
        head = migration_scripts.find_head(self._scripts)
        place = f"{entry['plural']}.{field['name']}"
        revision = macro("migrations", "revision", f"{verb} column {place} after {head}")
        text = macro("migrations", kind, {**entry, **_at(revision, head)}, field)
        self._write(f"{revision}_{verb}_{entry['plural']}_{field['name']}", text, revision, head)

    def _write_table(self, macro: Macro, verb: str, entry: dict[str, Any], key: str) -> None:
        head = migration_scripts.find_head(self._scripts)
        words = f"{verb} table {entry['plural']}"
        revision = macro("migrations", "revision", words)
        # A table that comes again, or goes: its place in the history tells this time from others.
        if verb == "drop" or any(script.revision == revision for script in self._scripts):
            revision = macro("migrations", "revision", f"{words} after {head}")
        text = macro("migrations", _MACROS[verb], {**entry, **_at(revision, head)}, key)
        self._write(f"{revision}_{verb}_{entry['plural']}", text, revision, head)

    def _write(self, name: str, text: str, revision: str, head: str | None) -> None:
        path = f"{FOLDER}{name}.py"
        self.written[path] = File(_PLAIN, text.encode())
        self._scripts.append(Script(path, revision, (head,) if head else ()))


def _at(revision: str, head: str | None) -> dict[str, Any]:
    return {"revision": revision, "down_revision": head}


def _index_entries(domain: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["resource"]["name"]: entry for entry in domain["migrations"]}


def _index_fields(entry: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in entry["resource"]["fields"]}


def _compute_domain(macro: Macro, values: Mapping[str, Any]) -> dict[str, Any]:
    text = macro("domain", "domain", values.get("resources", []), values.get("primary_key"))
    try:
        domain: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise TemplateError("the template's domain is not JSON") from error
    return domain


def _is_script(path: str) -> bool:
    return path.startswith(FOLDER) and path.endswith(".py")
