"""The steps in which git writes one change into a service, under its lock of the index."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trellis import git, locks
from trellis.change.merge import Stage
from trellis.errors import ServiceError
from trellis.files import Change
from trellis.git import Repository

# Neither hooks nor a daemon of git's, which would hold our lock after git has ended.
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "--literal-pathspecs")


class Writing:
    """The steps of one change; `lock` is the lock of this run, which its git calls keep."""

    def __init__(self, repository: Repository, lock: int | None) -> None:
        self.repository = repository
        self.lock = lock
        self.folder = find_folder(repository) / "work"

    def git(self, *words: str, index: str, given: Sequence[str] = ()) -> str:
        """Runs git at the top of the repository, on an index of this change's folder."""
        text = "".join(f"{line}\0" for line in given).encode("utf-8", "surrogateescape")
        more = {"GIT_INDEX_FILE": str(self.folder / index)}
        said = git.run(self.repository.top, *_QUIET, *words, given=text, more=more, lock=self.lock)
        return said.decode("utf-8", "surrogateescape")

    def store(self, lead: str, changes: Sequence[Change]) -> str:
        """Writes the changed files into git's objects; returns the tree that is to be."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        oids = self._store_objects([change.after.data for change in changes if change.after])
        lines = []
        for change in changes:
            entry = f"{change.after.mode} {next(oids)}" if change.after else self._none
            lines.append(f"{entry}\t{lead}{change.path}")
        self.git("read-tree", self.repository.head, index="tree")
        self.git("update-index", "-z", "--index-info", index="tree", given=lines)
        return self.git("write-tree", index="tree").strip()

    def store_conflicts(self, lead: str, stages: Sequence[Stage]) -> list[str]:
        """The lines for update-index that record the sides of each conflict."""
        oids = self._store_objects([stage.file.data for stage in stages])
        lines = [f"{self._none}\t{lead}{path}" for path in sorted({s.path for s in stages})]
        for stage, oid in zip(stages, oids, strict=True):
            lines += [f"{stage.file.mode} {oid} {stage.number}\t{lead}{stage.path}"]
        return lines

    def begin(self, plan: dict[str, Any]) -> None:
        """Takes git's lock of the index; the lock file says what is being done."""
        file = self.folder / "plan"
        file.write_text(json.dumps(plan))
        try:
            _link(file, self.repository.lock)
        except FileExistsError as error:
            what = "the service is in use by git; nothing was written"
            raise ServiceError(what, where=str(self.repository.lock), fix="try again") from error

    def write(self, plan: dict[str, Any], conflicts: Sequence[str]) -> None:
        """Replaces the index, then the files, then the index by one that knows the files."""
        shutil.copyfile(self.repository.index, self.folder / "copy")
        # Of files that were only touched or copied, too, git has to know that they are as before.
        self.git("update-index", "-q", "--refresh", index="copy")
        for name in ("staged", "written"):
            shutil.copyfile(self.folder / "copy", self.folder / name)
        (self.folder / "copy").rename(self.folder / "before")
        merge = ["read-tree", "-m", "--no-recurse-submodules"]
        for index, how in (("staged", "-i"), ("written", "-u")):
            self.git(*merge, how, plan["head"], plan["tree"], index=index)
            if conflicts:
                self.git("update-index", "-z", "--index-info", index=index, given=conflicts)
                if how == "-u":
                    self._write_conflicts_outside_a_sparse_checkout(conflicts)
            (self.folder / index).replace(self.repository.index)

    def take_back(self, plan: dict[str, Any]) -> list[str]:
        """Undoes a change that did not end; returns the files that somebody has edited since."""
        edited: list[str] = []
        # The index is replaced before any file is.
        if (self.folder / "before").exists() and not (self.folder / "staged").exists():
            ours: list[tuple[str, bool]] = []
            for path, was, after in self._list_differences(plan["head"], plan["tree"]):
                content = _read_content(self.repository.top, path)
                # Git writes a file in place: a git that was killed leaves its beginning.
                if content is None or (after is not None and after.startswith(content)):
                    ours.append((path, was is not None))
                elif content != was:
                    edited.append(path)
            for path, _ in ours:
                _remove(self.repository.top, path)
            kept = [path for path, was in ours if was]
            words = ["checkout-index", "--force", "--index", "-z", "--stdin"]
            self.git(*words, index="before", given=kept)
            (self.folder / "before").replace(self.repository.index)
        self.repository.lock.unlink()
        return edited

    def _list_differences(
        self, old: str, new: str
    ) -> Iterator[tuple[str, bytes | None, bytes | None]]:
        """Each path that two trees differ in, with what git writes for it to the work tree."""
        words = ["diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff", old, new]
        said = self.git(*words, index="before").split("\0")
        pairs = [(e.split(" "), path) for e, path in zip(said[::2], said[1::2], strict=False)]
        for (_, _, before, after, _), path in pairs:
            yield path, self._read_filtered(before, path), self._read_filtered(after, path)

    def _read_filtered(self, oid: str, path: str) -> bytes | None:
        if not oid.strip("0"):
            return None
        words = ["cat-file", "--filters", f"--path={path}", oid]
        return git.run(self.repository.top, *_QUIET, *words, lock=self.lock)

    def _store_objects(self, files: Sequence[bytes]) -> Iterator[str]:
        """Writes the files into git's objects; their ids."""
        with locks.make_temporary() as folder:
            places = [folder / str(number) for number in range(len(files))]
            for place, data in zip(places, files, strict=True):
                place.write_bytes(data)
            words = ["hash-object", "-w", "--no-filters", "--stdin-paths"]
            given = "".join(f"{place}\n" for place in places).encode()
            said = git.run(self.repository.top, *words, given=given)
        return iter(said.decode().split())

    def _write_conflicts_outside_a_sparse_checkout(self, conflicts: Sequence[str]) -> None:
        known = self.git("ls-files", "-z", index="tree").split("\0")
        paths = {line.partition("\t")[2] for line in conflicts}.intersection(known)
        missing = [p for p in paths if not os.path.lexists(self.repository.top / p)]
        if missing:
            words = ["checkout-index", "--quiet", "--ignore-skip-worktree-bits", "-z", "--stdin"]
            self.git(*words, index="tree", given=missing)

    @property
    def _none(self) -> str:
        """The mode and the id by which update-index removes a path."""
        return "0 " + "0" * len(self.repository.head)


def read_plan(repository: Repository) -> dict[str, Any] | None:
    """The plan that a run has put into the lock of the index; None where there is none."""
    try:
        plan = json.loads(repository.lock.read_bytes())
    except (OSError, ValueError):
        return None
    return plan if isinstance(plan, dict) and "trellis" in plan else None


def _link(file: Path, place: Path) -> None:
    """Links a file to a second name; the link is never seen half-written."""
    try:
        os.link(file, place)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with place.open("xb") as copy:
            copy.write(file.read_bytes())


def _leads_out(top: Path, path: str) -> bool:
    """Whether a folder on the way to a file is a symbolic link, which git does not follow."""
    return any((top / folder).is_symlink() for folder in Path(path).parents)


def _read_content(top: Path, path: str) -> bytes | None:
    """The bytes of a file or where a link leads; None where there is neither."""
    place = top / path
    try:
        if _leads_out(top, path):
            return None
        return os.fsencode(place.readlink()) if place.is_symlink() else place.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _remove(top: Path, path: str) -> None:
    """Removes a file, and the folders that are empty without it."""
    place = top / path
    if _leads_out(top, path):
        return
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
        place.unlink()
    with contextlib.suppress(OSError):
        while (place := place.parent) != top:
            place.rmdir()


def tidy(root: Path, changes: Sequence[Change]) -> None:
    """Removes folders in which nothing is left but what Python has compiled."""
    for change in changes:
        folder = (root / change.path).parent
        if change.after is None and _list_names(folder) == ["__pycache__"]:
            shutil.rmtree(folder / "__pycache__", ignore_errors=True)
            _remove(root, change.path)


def _list_names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def find_folder(repository: Repository) -> Path:
    return repository.git_dir / "trellis"
