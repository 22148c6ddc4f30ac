"""The three-way merge: what was rendered, what is rendered now, and what people made of it.

Git does it, in a temporary repository that borrows the service's objects: nothing of the service
is touched. What git cannot merge, the deletion of a file that people have edited included, is a
conflict; nothing is decided here.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trellis import repository
from trellis.errors import ServiceError
from trellis.service import Service

_OLDEST_GIT = (2, 38)
_CONFLICTED = 1


@dataclass(frozen=True)
class File:
    """What git knows of a file: its mode, and its bytes."""

    mode: str
    data: bytes


Files = Mapping[str, File]


@dataclass(frozen=True)
class Change:
    """One file before and after; None where it is not there."""

    path: str
    before: File | None
    after: File | None

    @property
    def kind(self) -> str:
        if self.before is None:
            return "added"
        return "deleted" if self.after is None else "modified"


@dataclass(frozen=True)
class Stage:
    """One side of a conflict, as git's index records it."""

    path: str
    number: int
    file: File


@dataclass(frozen=True)
class Merged:
    """What is to become of the service's files."""

    changes: tuple[Change, ...]
    stages: tuple[Stage, ...]
    diff: str

    @property
    def conflicts(self) -> list[str]:
        """The files that somebody has to look at."""
        return sorted({stage.path for stage in self.stages})


def committed(service: Service) -> dict[str, File]:
    """The files of the service's last commit."""
    return _contents(service.root, service.repository.subtree(service.root))


def merge(service: Service, old: Files, new: Files, scratch: Path) -> Merged:
    """Merges the difference between two renderings into the service's last commit."""
    _check_git()
    bare = scratch / "merge.git"
    command = ["git", "-C", str(scratch), "init", "--quiet", "--bare", "--template=", str(bare)]
    repository.run(command)
    (bare / "objects/info").mkdir(exist_ok=True)
    borrowed = str(service.repository.objects).encode("utf-8", "surrogateescape")
    with (bare / "objects/info/alternates").open("wb") as alternates:
        alternates.write(borrowed + b"\n")
    mine = service.repository.subtree(service.root)
    stream = b"".join(_stream(old, new, mine))
    repository.run(["git", "-C", str(bare), "fast-import", "--quiet"], stream)
    tree, stages = _merge_tree(bare)
    before, after = _listing(bare, "yours"), _listing(bare, tree)
    paths = sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))
    needed = {entry[1] for p in paths for entry in (before.get(p), after.get(p)) if entry}
    blobs = _blobs(bare, needed | {stage[1] for stage in stages})

    def file(entry: tuple[str, str] | None) -> File | None:
        return File(entry[0], blobs[entry[1]]) if entry else None

    return Merged(
        tuple(Change(path, file(before.get(path)), file(after.get(path))) for path in paths),
        tuple(Stage(path, number, File(mode, blobs[oid])) for mode, oid, number, path in stages),
        repository.git(bare, "diff", "--no-color", "--no-ext-diff", "yours", tree),
    )


def _merge_tree(bare: Path) -> tuple[str, list[tuple[str, str, int, str]]]:
    words = ["-c", "merge.directoryRenames=false", "-c", "merge.renames=true"]
    words += ["-c", "merge.conflictStyle=merge", "merge-tree", "--write-tree", "--no-messages"]
    # Git exits 1 when there are conflicts, which is no failure here.
    completed = subprocess.run(  # noqa: S603
        ["git", "-C", str(bare), *words, "-z", "yours", "trellis"],  # noqa: S607
        capture_output=True,
        check=False,
    )
    if completed.returncode > _CONFLICTED:
        said = completed.stderr.decode("utf-8", "replace").strip().splitlines()[:1]
        raise ServiceError(f"could not be merged: {''.join(said)}", where=str(bare))
    tree, *entries = completed.stdout.decode("utf-8", "surrogateescape").rstrip("\0").split("\0")
    stages = []
    for entry in filter(None, entries):
        details, _, path = entry.partition("\t")
        mode, oid, number = details.split(" ")
        stages.append((mode, oid, int(number), path))
    return tree, stages


def _stream(old: Files, new: Files, mine: str) -> Iterator[bytes]:
    """For git fast-import: both renderings, and the service as if made from the old one."""
    who = b"committer Trellis <trellis@localhost> 0 +0000\ndata 0\n"
    yield b"commit refs/heads/before\n" + who
    yield from _entries(old)
    yield b"commit refs/heads/yours\n" + who + b"from refs/heads/before\ndeleteall\n"
    yield b'M 040000 %s ""\n' % mine.encode()
    yield b"commit refs/heads/trellis\n" + who + b"from refs/heads/before\ndeleteall\n"
    yield from _entries(new)


def _entries(files: Files) -> Iterator[bytes]:
    for path, file in files.items():
        quoted = path.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "surrogateescape")
        yield b'M %s inline "%s"\ndata %d\n' % (file.mode.encode(), quoted, len(file.data))
        yield file.data + b"\n"


def _contents(folder: Path, tree: str) -> dict[str, File]:
    listing = _listing(folder, tree)
    blobs = _blobs(folder, {oid for _, oid in listing.values()})
    return {path: File(mode, blobs[oid]) for path, (mode, oid) in listing.items()}


def _listing(folder: Path, tree: str) -> dict[str, tuple[str, str]]:
    found = {}
    for line in repository.git(folder, "ls-tree", "-r", "-z", "--full-tree", tree).split("\0"):
        details, _, path = line.partition("\t")
        if path:
            mode, kind, oid = details.split()
            if kind == "blob":  # a submodule is somebody else's
                found[path] = (mode, oid)
    return found


def _blobs(folder: Path, oids: set[str]) -> dict[str, bytes]:
    asked = "".join(f"{oid}\n" for oid in sorted(oids)).encode()
    said = repository.run(["git", "-C", str(folder), "cat-file", "--batch"], asked)
    found, place = {}, 0
    while place < len(said):
        end = said.index(b"\n", place)
        oid, _, size = said[place:end].split(b" ")
        found[oid.decode()] = said[end + 1 : end + 1 + int(size)]
        place = end + 2 + int(size)
    return found


def _check_git() -> None:
    said = repository.git(Path.cwd(), "version")
    match = re.search(r"(\d+)\.(\d+)", said)
    if match and (int(match[1]), int(match[2])) < _OLDEST_GIT:
        what = f"cannot be changed with {said.strip()}"
        raise ServiceError(what, where="git", fix="install git 2.38 or newer")
