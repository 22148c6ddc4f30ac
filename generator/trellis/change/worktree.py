"""The files of the work tree, with git's conversions; and those that git does not look at."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from trellis import git
from trellis.change import merge
from trellis.errors import ServiceError
from trellis.files import LINK, Change, File, Files
from trellis.service.find import Service


def read_files(found: Service, scratch: Path) -> Files:
    """The files of the work tree as git would commit them; not those that it ignores."""
    variables = _redirect_objects(found, scratch)
    index = scratch / "index"
    if found.repository.index.exists():
        shutil.copyfile(found.repository.index, index)
    variables["GIT_INDEX_FILE"] = str(index)
    git.run(found.root, "add", "--all", "--", ".", more=variables)
    words = [f"--prefix={found.lead}"] if found.lead else []
    tree = git.run(found.root, "write-tree", *words, more=variables).decode().strip()
    return merge.read_tree(found.root, tree, variables)


def refuse_to_overwrite(found: Service, changes: Sequence[Change]) -> None:
    """Raises ServiceError where a change would overwrite content that is in no commit."""
    for change, oid in zip(changes, _hash_files(found, changes), strict=True):
        if oid is None:
            continue
        if change.before is None:
            what = f"the service has a file that git ignores where one is to be: {change.path}"
            fix = "move it out of the way, or commit it"
            raise ServiceError(what, where=str(found.root), fix=fix)
        if oid != _hash(change.before, found):
            what = f"the service has changes in {change.path} that git does not look at"
            fix = f"git update-index --no-assume-unchanged --no-skip-worktree {change.path}"
            raise ServiceError(what, where=str(found.root), fix=fix)


def _redirect_objects(found: Service, scratch: Path) -> dict[str, str]:
    """The variables by which git writes objects to the scratch folder, and reads the service's."""
    folder = scratch / "objects"
    merge.borrow(folder, found.repository.objects)
    return {"GIT_OBJECT_DIRECTORY": str(folder)}


def _hash_files(found: Service, changes: Sequence[Change]) -> list[str | None]:
    """The id that git would give each file that lies there; None where there is none."""
    places = [found.root / change.path for change in changes]
    plain = [place for place in places if place.is_file() and not place.is_symlink()]
    top = found.repository.top
    given = b"".join(os.fsencode(place.relative_to(top)) + b"\n" for place in plain)
    said = git.run(top, "hash-object", "--stdin-paths", given=given)
    oids = dict(zip(plain, said.decode().split(), strict=True))
    return [oids.get(place) or _hash_other(found, place) for place in places]


def _hash_other(found: Service, place: Path) -> str | None:
    if place.is_symlink():
        return _hash(File(LINK, os.fsencode(place.readlink())), found)
    return "a folder" if place.exists() else None


def _hash(file: File, found: Service) -> str:
    text = b"blob %d\0" % len(file.data) + file.data
    return hashlib.new(found.repository.hash, text).hexdigest()
