"""The lock of a service's dependencies: never merged, but made anew where they have changed."""

from dataclasses import replace
from pathlib import Path

from trellis import console
from trellis.change.merge import Merged
from trellis.files import Change, Files
from trellis.service import toolchain
from trellis.service.find import Service


def renew(
    service: Service, merged: Merged, mine: Files, scratch: Path, *, wanted: bool
) -> tuple[Merged, toolchain.Outcome | None]:
    """Adds the renewed uv.lock where the dependencies have changed; it is never merged."""
    change = next((c for c in merged.changes if c.path == "pyproject.toml"), None)
    if change is None or change.after is None or "uv.lock" not in mine:
        return merged, None
    if "pyproject.toml" in merged.conflicts:
        what = "renew uv.lock (when the conflict in pyproject.toml is resolved)"
        return merged, toolchain.Outcome(todo=what, command="uv lock")
    with console.progress("Choosing the versions of its dependencies"):
        data, outcome = toolchain.relock(
            scratch / "lock", service.root, change.after.data, mine["uv.lock"].data, wanted=wanted
        )
    if data is None or data == mine["uv.lock"].data:
        return merged, outcome
    renewed = Change("uv.lock", mine["uv.lock"], replace(mine["uv.lock"], data=data))
    return replace(merged, changes=(*merged.changes, renewed)), outcome
