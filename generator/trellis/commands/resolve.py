"""`trellis resolve`: the conflicts of a `git merge` that need nobody."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from trellis import console
from trellis.change import branch_merge
from trellis.change.branch_merge import Resolution
from trellis.change.report import CONFLICTS


def resolve(
    *, json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False
) -> None:
    """Resolve the conflicts of a git merge between branches that have both changed the service.

    Imports, lists, dependencies and resources of both sides are kept, and two heads of the
    migrations are joined. Everything else stays in conflict.
    """
    resolution = branch_merge.resolve_conflicts(Path.cwd().resolve())
    if json:
        console.say_document(asdict(resolution))
    else:
        console.say_lines(_format(resolution))
    if resolution.conflicts:
        raise typer.Exit(CONFLICTS)


def _format(resolution: Resolution) -> list[str]:
    lines = [f"resolved {path}" for path in resolution.resolved]
    lines += [f"added {path}, which joins two heads" for path in resolution.added]
    lines += [f"still in conflict: {path}" for path in resolution.conflicts]
    lines += [f"look at {problem}" for problem in resolution.problems]
    if not lines:
        return ["There is nothing to resolve."]
    if resolution.is_lock_stale:
        lines += ["Renew uv.lock, which has our side's versions: uv lock && git add uv.lock"]
    if resolution.conflicts:
        return [*lines, "", "Edit what is still in conflict, git add it, and run this again."]
    return [*lines, "", "Next:", "  git diff --cached", "  make check", "  git commit"]
