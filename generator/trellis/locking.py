"""The lock of a service's dependencies: never merged, but made anew where they have changed."""

from dataclasses import replace
from pathlib import Path

from trellis import console, steps
from trellis.merging import Change, Files, Merged
from trellis.service import Service


def renewed(
    found: Service, merged: Merged, mine: Files, scratch: Path, *, wanted: bool
) -> tuple[Merged, steps.Outcome | None]:
    """Adds the renewed uv.lock where the dependencies have changed; it is never merged."""
    change = next((c for c in merged.changes if c.path == "pyproject.toml"), None)
    if change is None or change.after is None or "uv.lock" not in mine:
        return merged, None
    if "pyproject.toml" in merged.conflicts:
        what = "renew uv.lock (when the conflict in pyproject.toml is resolved)"
        return merged, steps.Outcome(todo=what, command="uv lock")
    with console.progress("Choosing the versions of its dependencies"):
        data, outcome = steps.relock(
            scratch / "lock", found.root, change.after.data, mine["uv.lock"].data, wanted=wanted
        )
    if data is None or data == mine["uv.lock"].data:
        return merged, outcome
    renewed = Change("uv.lock", mine["uv.lock"], replace(mine["uv.lock"], data=data))
    return replace(merged, changes=(*merged.changes, renewed)), outcome
