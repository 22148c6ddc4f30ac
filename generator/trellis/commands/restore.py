"""`trellis restore`, `trellis forget`: rendered files that come back, and those that stay away."""

import contextlib
from collections.abc import Callable, Collection
from typing import Annotated

import typer

from trellis import console
from trellis.blueprint import prompts
from trellis.blueprint.questions import ANSWERS_FILE
from trellis.change import apply, drift, forgotten
from trellis.change.drift import Inspection
from trellis.change.report import count_files
from trellis.commands.shared import DryRun, Json, Yes
from trellis.commands.status import inspect, select
from trellis.errors import DeclinedError, UsageError
from trellis.files import Change

Paths = Annotated[
    list[str], typer.Argument(metavar="FILE…", help="Files and folders, from where you are.")
]
# What a verb does with the paths that were named: the changes to the service.
Plan = Callable[[Inspection, list[str]], list[Change]]


def restore(paths: Paths, *, dry_run: DryRun = False, yes: Yes = False, json: Json = False) -> None:
    """Bring files back to what the blueprint renders, after showing the difference.

    Files that were forgotten are remembered again.
    """
    _run(_plan_restore, "restored", paths, dry_run=dry_run, yes=yes, json=json)


def forget(paths: Paths, *, dry_run: DryRun = False, yes: Yes = False, json: Json = False) -> None:
    """Exclude rendered files from later changes and updates.

    The files are listed in .trellisignore; deleting them is up to you. trellis restore brings
    them back.
    """
    _run(_plan_forget, "forgotten", paths, dry_run=dry_run, yes=yes, json=json)


def _plan_restore(seen: Inspection, names: list[str]) -> list[Change]:
    chosen = [name for name in names if not (drift.is_migration(name) and name in seen.mine)]
    if not chosen:
        what = f"{names[0]} is a migration, which stays as databases have run it"
        raise UsageError(what, fix="write another one")
    changes = [Change(name, seen.mine.get(name), seen.rendered[name]) for name in chosen]
    return [*changes, _change_list(seen, forgotten.read(seen.mine) - set(chosen))]


def _plan_forget(seen: Inspection, names: list[str]) -> list[Change]:
    if names == [ANSWERS_FILE]:
        raise UsageError(f"{ANSWERS_FILE} cannot be forgotten: it holds the blueprint")
    return [_change_list(seen, forgotten.read(seen.mine) | {*names} - {ANSWERS_FILE})]


def _change_list(seen: Inspection, paths: Collection[str]) -> Change:
    before = seen.mine.get(forgotten.FILE)
    same = forgotten.read(seen.mine) == paths
    return Change(forgotten.FILE, before, before if same else forgotten.write(paths))


def _run(
    plan: Plan, outcome: str, paths: list[str], *, dry_run: bool, yes: bool, json: bool
) -> None:
    service = apply.open_service(dry_run=dry_run)
    with contextlib.ExitStack() as stack:
        lock = None
        if not dry_run:
            lock = stack.enter_context(apply.lock_repository(service.repository))
        service.refuse_if_dirty()
        with console.progress("Comparing"):
            seen = inspect(service, with_past=False)
        names = [
            name for path in paths for name in _select_rendered(select(service, seen, path), seen)
        ]
        changes = [change for change in plan(seen, names) if change.before != change.after]
        text = drift.diff_changes(changes)
        if not json:
            console.say_lines(text.splitlines())
        asks = console.is_interactive() and not (yes or json or dry_run) and changes
        if asks and not prompts.confirm(f"Change {count_files(changes)}?"):
            raise DeclinedError("declined; nothing was written")
        if changes and not dry_run:
            apply.publish(service, changes, [], lock)
    status = "planned" if dry_run else outcome
    status = status if changes else "unchanged"
    if json:
        document = {"status": status, "files": names, "diff": text}
        console.say_document({**document, "file": names[0]} if len(names) == 1 else document)
    else:
        console.say_lines(f"{name}: {status}" for name in names)


def _select_rendered(names: list[str], seen: Inspection) -> list[str]:
    """Those of the files that are rendered; raises UsageError when none is."""
    known = [name for name in names if name in seen.rendered]
    if not known:
        raise UsageError(f"{names[0]} is not rendered: it is the team's own", fix="git log tells")
    return known
