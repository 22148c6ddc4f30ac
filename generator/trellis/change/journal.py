"""Replaces files of a service, all of them or none. Standard library only: it runs as a process
of its own, in a session of its own, so that what ends Trellis does not end this half-way.

A journal is a folder `next` with what is to be, which one rename makes the folder `journal`: from
then on the change is being made. What finds a journal that nobody works on any more undoes it.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NEXT, CURRENT = "next", "journal"


class ChangedError(Exception):
    """A file is not what it was when the change was planned."""


def write(folder: Path, root: Path, head: str, changes: Sequence[Any], index: str) -> None:
    """Puts everything on the disk that `apply` will need; the service is not touched."""
    discard(staged := folder / NEXT)
    staged.mkdir(parents=True)
    entries = []
    for number, change in enumerate(changes):
        entry: dict[str, Any] = {"path": change.path}
        if before := _content(root / change.path):
            entry["before"] = {"mode": before[0], "hash": _hash(before[1])}
            _put(staged / f"{number}.before", before[1])
        if change.after is not None:
            # A mode that the merge leaves alone stays as it lies: git may not look at modes here.
            same = change.before and change.before.mode == change.after.mode
            mode = before[0] if before and same else change.after.mode
            entry["after"] = {"mode": mode, "hash": _hash(change.after.data)}
            _put(staged / f"{number}.after", change.after.data)
        entries.append(entry)
    plan = {"root": str(root), "head": head, "files": entries, "index": index}
    _put(staged / "plan.json", json.dumps(plan).encode())


def apply(folder: Path) -> None:
    """Makes the change that was written; raises when it cannot, after undoing what was done."""
    plan = json.loads((folder / NEXT / "plan.json").read_bytes())
    root = Path(plan["root"])
    for entry in plan["files"]:
        _refuse_links(root, entry["path"])
        if _state(root, entry) != "before":
            raise ChangedError(entry["path"])
    (folder / NEXT).rename(folder / CURRENT)
    try:
        for number, entry in enumerate(plan["files"]):
            _place(root, entry, "after", folder / CURRENT / f"{number}.after")
    except OSError:
        undo(folder)
        raise
    _record(root, plan)
    discard(folder / CURRENT)


def undo(folder: Path) -> list[str]:
    """Takes back a change that was not finished; returns the files that somebody has edited since.

    A change of which all is there is finished; that of an older commit is nobody's business.
    """
    journal = folder / CURRENT
    plan = json.loads((journal / "plan.json").read_bytes())
    root = Path(plan["root"])
    states = [_state(root, entry) for entry in plan["files"]]
    if all(state == "after" for state in states):
        _record(root, plan)
    else:
        for number, (entry, state) in enumerate(zip(plan["files"], states, strict=True)):
            _copy_of(root / entry["path"]).unlink(missing_ok=True)
            if state == "after" or (state == "before" and "before" not in entry):
                _place(root, entry, "before", journal / f"{number}.before")
    discard(journal)
    return [e["path"] for e, s in zip(plan["files"], states, strict=True) if s == "edited"]


def discard(folder: Path) -> None:
    """Removes a journal; its first step makes it none."""
    with contextlib.suppress(FileNotFoundError):
        (folder / "plan.json").unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _place(root: Path, entry: dict[str, Any], side: str, source: Path) -> None:
    target = root / entry["path"]
    if side not in entry:
        with contextlib.suppress(NotADirectoryError):
            target.unlink(missing_ok=True)
        _tidy(root, target.parent)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    _refuse_links(root, entry["path"])
    copy = _copy_of(target)
    try:
        if entry[side]["mode"] == "120000":
            copy.symlink_to(os.fsdecode(source.read_bytes()))
        else:
            _put(copy, source.read_bytes())
            usual = stat.S_IMODE((target if target.is_file() else copy).stat().st_mode)
            execute = (usual & 0o444) >> 2 if entry[side]["mode"] == "100755" else 0
            copy.chmod(usual & ~0o111 | execute)
        copy.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            copy.unlink(missing_ok=True)
        raise


def _state(root: Path, entry: dict[str, Any]) -> str:
    now = _identity(root / entry["path"])
    for side in ("after", "before"):
        wanted = entry.get(side)
        if now == ((wanted["mode"], wanted["hash"]) if wanted else None):
            return side
    return "edited"


def _identity(path: Path) -> tuple[str, str] | None:
    content = _content(path)
    return (content[0], _hash(content[1])) if content else None


def _content(path: Path) -> tuple[str, bytes] | None:
    """The mode and the bytes of a file; None where there is none."""
    try:
        if path.is_symlink():
            return "120000", os.fsencode(path.readlink())
        data = path.read_bytes()
        return "100755" if path.stat().st_mode & 0o100 else "100644", data
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _copy_of(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.trellis")


def _refuse_links(root: Path, path: str) -> None:
    folder = root
    for part in path.split("/")[:-1]:
        folder /= part
        if part in {"..", ".git", ""} or folder.is_symlink():
            raise OSError(errno.ELOOP, "leads out of the service", str(root / path))


def _record(root: Path, plan: dict[str, Any]) -> None:
    """Stages the change, so that one command shows or takes back all of it. Never a failure."""
    paths = "\0".join(entry["path"] for entry in plan["files"]).encode("utf-8", "surrogateescape")
    add = ["add", "--all", "--force", "--sparse", "--pathspec-from-file=-", "--pathspec-file-nul"]
    for words, given in ((add, paths), (["update-index", "--index-info"], plan["index"].encode())):
        if given:
            command = ["git", "--literal-pathspecs", "-C", str(root), *words]
            with contextlib.suppress(OSError):
                subprocess.run(command, input=given, capture_output=True, check=False)  # noqa: S603


def _put(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _tidy(root: Path, folder: Path) -> None:
    """Removes a folder in which nothing is left but what Python has compiled."""
    while folder != root:
        try:
            names = [entry.name for entry in folder.iterdir()]
            if names == ["__pycache__"]:
                shutil.rmtree(folder / "__pycache__")
            elif names:
                return
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            return
        folder = folder.parent


if __name__ == "__main__":
    try:
        apply(Path(sys.argv[1]))
    except (OSError, ChangedError) as error:
        sys.exit(json.dumps({"errno": getattr(error, "errno", None), "what": str(error)}))
