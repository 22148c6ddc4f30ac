"""The conflicts that `git merge` leaves when two branches have both changed a service."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from trellis import git
from trellis.blueprint.questions import ANSWERS_FILE
from trellis.change import code_problems, merge, migration_scripts, text_merge
from trellis.change.code_problems import Problem
from trellis.errors import ServiceError
from trellis.files import LINK, File

_SIDES = (1, 2, 3)
_LABELS = ("HEAD", "MERGE_HEAD")
_MERGE_SCRIPT = '''\
"""merge {words}

Revision ID: {revision}
Revises: {follows}
"""

revision = "{revision}"
down_revision = ({heads})
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
'''


@dataclass(frozen=True)
class Resolution:
    """What became of the conflicts."""

    resolved: list[str]
    conflicts: list[str]
    added: list[str]
    is_lock_stale: bool
    problems: list[Problem]


def resolve_conflicts(start: Path) -> Resolution:
    """Resolves the conflicts that need nobody, and joins two heads of the migrations."""
    root = next((p for p in (start, *start.parents) if (p / ANSWERS_FILE).is_file()), None)
    if root is None:
        what = f"the service is not here: there is no {ANSWERS_FILE} in this folder, nor above it"
        raise ServiceError(what, where=str(start), fix="go to the folder of a service")
    repository = git.open_repository(root)
    resolved, is_lock_stale = [], False
    packages = frozenset(path.name.removesuffix(".py") for path in root.iterdir())
    for path, sides in _unmerged(root).items():
        if path == "uv.lock" and 2 in sides:  # noqa: PLR2004 - git's number for our side
            git.git(root, "checkout", "--ours", "--", path)
            is_lock_stale = True
        elif _resolve(root, path, sides, packages):
            pass
        else:
            continue
        git.git(root, "add", "--", path)
        resolved.append(path)
    conflicts = repository.unmerged(root)
    added = [] if conflicts else _join_heads(root)
    before = merge.contents(root, repository.subtree(root))
    problems = code_problems.find(before, _files(root), conflicts) if resolved else []
    return Resolution(resolved, conflicts, added, is_lock_stale, problems)


def _unmerged(root: Path) -> dict[str, dict[int, tuple[str, str]]]:
    """The mode and the object of each side of each conflict in a service."""
    found: dict[str, dict[int, tuple[str, str]]] = {}
    for line in git.git(root, "ls-files", "--unmerged", "-z", "--", ".").split("\0"):
        details, _, path = line.partition("\t")
        if path:
            mode, oid, number = details.split()
            found.setdefault(path, {})[int(number)] = (mode, oid)
    return found


def _resolve(
    root: Path, path: str, sides: dict[int, tuple[str, str]], packages: frozenset[str]
) -> bool:
    """Writes the merged file where something is gained; says whether it has no conflict left."""
    if tuple(sorted(sides)) != _SIDES or {mode for mode, _ in sides.values()} - merge.PLAIN:
        return False
    place = root / path
    if not place.is_file() or b"<<<<<<< " not in place.read_bytes():
        return False  # somebody has begun to resolve it
    blobs = [git.run(["git", "-C", str(root), "cat-file", "blob", sides[n][1]]) for n in _SIDES]
    with tempfile.TemporaryDirectory(prefix="trellis-") as scratch:
        text = text_merge.merge(
            path, text_merge.Sides(*blobs), packages, Path(scratch), labels=_LABELS
        )
    if text is None:
        return False
    place.write_bytes(text.data)
    return not text.conflicts


def _join_heads(root: Path) -> list[str]:
    """Writes a migration after two or more heads; gives its path."""
    paths = [p.relative_to(root).as_posix() for p in root.glob(f"{migration_scripts.FOLDER}*.py")]
    scripts = migration_scripts.read({path: (root / path).read_bytes() for path in paths})
    followed = {revision for script in scripts for revision in script.follows}
    heads = sorted({script.revision for script in scripts} - followed)
    if len(heads) < 2:  # noqa: PLR2004 - one head is how it should be
        return []
    revision = hashlib.sha256(f"merge {heads}".encode()).hexdigest()[:12]
    path = f"{migration_scripts.FOLDER}{revision}_merge_{'_'.join(heads)}.py"
    text = _MERGE_SCRIPT.format(
        words=" and ".join(heads),
        revision=revision,
        follows=", ".join(heads),
        heads=", ".join(f'"{head}"' for head in heads),
    )
    (root / path).write_text(text, encoding="utf-8")
    git.git(root, "add", "--", path)
    return [path]


def _files(root: Path) -> dict[str, File]:
    """The files of the work tree that git knows."""
    found = {}
    for path in set(git.git(root, "ls-files", "-z", "--", ".").split("\0")):
        place = root / path
        if path and place.is_symlink():
            found[path] = File(LINK, b"")
        elif path and place.is_file():
            found[path] = File("100644", place.read_bytes())
    return found
