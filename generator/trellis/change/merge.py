"""The three-way merge: what was rendered, what is rendered now, and what people made of it.

Git does it, in a temporary repository that borrows the service's objects: nothing of the service
is touched. What git cannot merge, the deletion of a file that people have edited included, is a
conflict; nothing is decided here.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trellis import git
from trellis.change import text_merge
from trellis.errors import ServiceError
from trellis.files import Change, File, Files
from trellis.service.find import Service

_OLDEST_GIT = (2, 38)
_COMMITTER = b"committer Trellis <trellis@localhost> 0 +0000\ndata 0\n"
PLAIN = {"100644", "100755"}

Entry = tuple[str, str, int, str]
Variables = Mapping[str, str] | None


@dataclass(frozen=True)
class Stage:
    """One side of a conflict, as git's index records it."""

    path: str
    number: int
    file: File


@dataclass(frozen=True)
class Merged:
    """The outcome of a merge."""

    changes: tuple[Change, ...]
    stages: tuple[Stage, ...]
    diff: str
    left_out: tuple[str, ...] = ()  # files that people have deleted, and the change alters

    @property
    def conflicts(self) -> list[str]:
        """The files in conflict."""
        return sorted({stage.path for stage in self.stages})

    @property
    def half_deleted(self) -> list[str]:
        """Files in conflict that one side has deleted; they stay as the other side has them."""
        sides = {(stage.path, stage.number) for stage in self.stages}
        return [p for p in self.conflicts if not {(p, 2), (p, 3)} <= sides]


def read_committed(service: Service) -> dict[str, File]:
    """The files of the service's last commit."""
    return read_tree(service.root, service.repository.find_subtree(service.root))


def merge(service: Service, old: Files, new: Files, scratch: Path) -> Merged:
    """Merges the difference between two renderings into the service's last commit."""
    _check_git()
    bare = scratch / "merge.git"
    init = ["init", "--quiet", "--bare", "--template=", str(bare)]
    git.run(scratch, *init, more={"GIT_DEFAULT_HASH": service.repository.hash})
    borrow(bare / "objects", service.repository.objects)
    mine = service.repository.find_subtree(service.root)
    stream = b"".join(_make_stream(old, new, mine))
    git.run(bare, "fast-import", "--quiet", given=stream)
    tree, stages = _merge_tree(bare)
    tree, stages, left_out = _resolve(bare, tree, stages, scratch)
    before, after = _list_tree(bare, "yours"), _list_tree(bare, tree)
    paths = sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))
    needed = {entry[1] for p in paths for entry in (before.get(p), after.get(p)) if entry}
    blobs = _read_blobs(bare, needed | {stage[1] for stage in stages})

    def file(entry: tuple[str, str] | None) -> File | None:
        return File(entry[0], blobs[entry[1]]) if entry else None

    return Merged(
        tuple(Change(path, file(before.get(path)), file(after.get(path))) for path in paths),
        tuple(Stage(path, number, File(mode, blobs[oid])) for mode, oid, number, path in stages),
        git.git(bare, "diff", "--no-color", "--no-ext-diff", "yours", tree),
        left_out,
    )


def _resolve(
    bare: Path, tree: str, stages: list[Entry], scratch: Path
) -> tuple[str, list[Entry], tuple[str, ...]]:
    """The merged tree, with the conflicts resolved that text_merge can resolve."""
    if not stages:
        return tree, stages, ()
    base, mine, other = (_list_tree(bare, name) for name in ("before", "yours", "trellis"))
    packages = frozenset(path.partition("/")[0].removesuffix(".py") for path in mine)
    blobs = _read_blobs(bare, {oid for _, oid, _, _ in stages})
    commands, resolved, left_out = [], set(), []
    for path in sorted({path for _, _, _, path in stages}):
        sides = {number: (mode, oid) for mode, oid, number, place in stages if place == path}
        if sides.keys() == {1, 3} and path in base and path in other:
            # People have deleted the whole file: what changes in it is of no use to them.
            commands.append(b"D " + _quote(path) + b"\n")
            left_out.append(path)
            resolved.add(path)
        if sides.keys() != {1, 2, 3} or {mode for mode, _ in sides.values()} - PLAIN:
            continue
        texts = text_merge.Sides(*(blobs[sides[number][1]] for number in (1, 2, 3)))
        text = text_merge.merge(path, texts, packages, scratch)
        if text is None or not text.is_better:
            continue
        mode = sides[3][0] if sides[1][0] == sides[2][0] else sides[2][0]
        commands += _format_entries({path: File(mode, text.data)})
        if not text.conflicts:
            resolved.add(path)
    if not commands:
        return tree, stages, ()
    stream = b"commit refs/heads/resolved\n" + _COMMITTER
    stream += b'M 040000 %s ""\n' % tree.encode() + b"".join(commands)
    git.run(bare, "fast-import", "--quiet", given=stream)
    tree = git.git(bare, "rev-parse", "resolved^{tree}").strip()
    return tree, [entry for entry in stages if entry[3] not in resolved], tuple(left_out)


def _merge_tree(bare: Path) -> tuple[str, list[Entry]]:
    words = ["-c", "merge.directoryRenames=true", "-c", "merge.renames=true"]
    words += ["-c", "merge.conflictStyle=merge", "merge-tree", "--write-tree", "--no-messages"]
    said = git.run(bare, *words, "-z", "yours", "trellis", codes=(0, 1))  # 1: with conflicts
    tree, *entries = said.decode("utf-8", "surrogateescape").rstrip("\0").split("\0")
    stages = []
    for entry in filter(None, entries):
        details, _, path = entry.partition("\t")
        mode, oid, number = details.split(" ")
        stages.append((mode, oid, int(number), path))
    return tree, stages


def keep_line_ends(files: Files, mine: Files) -> dict[str, File]:
    """The files, with CRLF where the service has the same file with CRLF throughout."""
    converted = dict(files)
    for path in files.keys() & mine.keys():
        lines = mine[path].data.count(b"\n")
        if lines and mine[path].data.count(b"\r\n") == lines:
            data = files[path].data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            converted[path] = File(files[path].mode, data)
    return converted


def _make_stream(old: Files, new: Files, mine: str) -> Iterator[bytes]:
    """For git fast-import: both renderings, and the service as if made from the old one."""
    yield b"commit refs/heads/before\n" + _COMMITTER
    yield from _format_entries(old)
    yield b"commit refs/heads/yours\n" + _COMMITTER + b"from refs/heads/before\ndeleteall\n"
    yield b'M 040000 %s ""\n' % mine.encode()
    yield b"commit refs/heads/trellis\n" + _COMMITTER + b"from refs/heads/before\ndeleteall\n"
    yield from _format_entries(new)


def _format_entries(files: Files) -> Iterator[bytes]:
    for path, file in files.items():
        yield b"M %s inline %s\n" % (file.mode.encode(), _quote(path))
        yield b"data %d\n" % len(file.data) + file.data + b"\n"


def _quote(path: str) -> bytes:
    quoted = path.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "surrogateescape")
    return b'"%s"' % quoted


def read_tree(folder: Path, tree: str, variables: Variables = None) -> dict[str, File]:
    """The files of a tree; `variables` are git's, where its objects are elsewhere."""
    listing = _list_tree(folder, tree, variables)
    blobs = _read_blobs(folder, {oid for _, oid in listing.values()}, variables)
    return {path: File(mode, blobs[oid]) for path, (mode, oid) in listing.items()}


def _list_tree(folder: Path, tree: str, variables: Variables = None) -> dict[str, tuple[str, str]]:
    found = {}
    said = git.run(folder, "ls-tree", "-r", "-z", "--full-tree", tree, more=variables)
    for line in said.split(b"\0"):
        details, _, path = line.decode("utf-8", "surrogateescape").partition("\t")
        if path:
            mode, kind, oid = details.split()
            if kind == "blob":  # a submodule is somebody else's
                found[path] = (mode, oid)
    return found


def _read_blobs(folder: Path, oids: set[str], variables: Variables = None) -> dict[str, bytes]:
    asked = "".join(f"{oid}\n" for oid in sorted(oids)).encode()
    return dict(_split_batch(git.run(folder, "cat-file", "--batch", given=asked, more=variables)))


def _split_batch(said: bytes) -> Iterator[tuple[str, bytes]]:
    """The objects in what `git cat-file --batch` says."""
    place = 0
    while place < len(said):
        end = said.index(b"\n", place)
        oid, _, size = said[place:end].split(b" ")
        yield oid.decode(), said[end + 1 : end + 1 + int(size)]
        place = end + 2 + int(size)


def borrow(folder: Path, objects: Path) -> None:
    """Makes a folder for objects, in which those of a repository are found, too."""
    (folder / "info").mkdir(parents=True, exist_ok=True)
    quoted = os.fsencode(objects).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    quoted = quoted.replace(b"\n", b"\\n")
    (folder / "info/alternates").write_bytes(b'"' + quoted + b'"\n')


def _check_git() -> None:
    said = git.git(Path.cwd(), "version")
    match = re.search(r"(\d+)\.(\d+)", said)
    if match and (int(match[1]), int(match[2])) < _OLDEST_GIT:
        what = f"{said.strip()} is too old: git 2.38 brought the merge that Trellis uses"
        raise ServiceError(what, where="git", fix="install git 2.38 or newer")
