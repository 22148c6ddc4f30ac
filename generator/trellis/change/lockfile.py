"""uv.lock, which is never merged: it is made again where the dependencies have changed."""

from dataclasses import replace
from pathlib import Path

from trellis import console
from trellis.change.merge import Merged
from trellis.files import Change, Files
from trellis.service import toolchain
from trellis.service.find import Service
from trellis.service.toolchain import Outcome


def renew(
    service: Service, merged: Merged, mine: Files, scratch: Path, *, wanted: bool
) -> tuple[Merged, Outcome | None]:
    """Adds the renewed uv.lock to the merge, and what was done or is left to do."""
    change = next((c for c in merged.changes if c.path == "pyproject.toml"), None)
    if change is None or change.after is None or "uv.lock" not in mine:
        return merged, None
    if "pyproject.toml" in merged.conflicts:
        what = "renew uv.lock (when the conflict in pyproject.toml is resolved)"
        return merged, Outcome(todo=what, command="uv lock")
    folder, before = scratch / "lock", mine["uv.lock"]
    folder.mkdir()
    (folder / "pyproject.toml").write_bytes(change.after.data)
    (folder / "uv.lock").write_bytes(before.data)
    with console.progress("Choosing the versions of its dependencies"):
        reason = toolchain.attempt_lock(folder, service.root, wanted=wanted)
    if reason:
        return merged, Outcome(todo=f"renew uv.lock ({reason})", command="uv lock && uv sync")
    outcome = Outcome(done="renewed uv.lock; uv sync installs it")
    after = replace(before, data=(folder / "uv.lock").read_bytes())
    if after == before:
        return merged, outcome
    return replace(merged, changes=(*merged.changes, Change("uv.lock", before, after))), outcome
