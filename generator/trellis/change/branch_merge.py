"""The conflicts that `git merge` leaves when two branches have both changed a service."""

import contextlib
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trellis import git
from trellis.blueprint.questions import ANSWERS_FILE
from trellis.change import code_problems, drift, merge, migration_scripts, pipeline, text_merge
from trellis.change.code_problems import Problem
from trellis.change.text_merge import Text
from trellis.errors import TrellisError
from trellis.files import LINK, File, Files
from trellis.service.find import find_root, find_service, read_commit

# The mode and the object of each side of a conflict: the common ancestor, ours, theirs.
Sides = dict[int, tuple[str, str]]
Renderings = Sequence[Files]

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
    """The outcome of `trellis resolve`."""

    resolved: list[str]
    conflicts: list[str]
    added: list[str]
    is_lock_stale: bool
    problems: list[Problem]


def resolve_conflicts(start: Path) -> Resolution:
    """Resolves conflicts of text, and joins two heads of the migrations."""
    root = find_root(start)
    repository = git.open_repository(root)
    unmerged = _list_unmerged(root)
    resolved, is_lock_stale = [], False
    if ANSWERS_FILE in unmerged and _resolve(root, ANSWERS_FILE, unmerged[ANSWERS_FILE], []):
        resolved.append(ANSWERS_FILE)
    renderings = _render_branches(root) if unmerged else []
    for path in sorted(unmerged.keys() - {ANSWERS_FILE}):
        if path == "uv.lock" and 2 in unmerged[path]:  # noqa: PLR2004 - git's number for our side
            git.git(root, "checkout", "--ours", "--", path)
            git.git(root, "add", "--", path)
            is_lock_stale = True
        elif not _resolve(root, path, unmerged[path], renderings):
            continue
        resolved.append(path)
    conflicts = repository.list_unmerged(root)
    added = [] if conflicts else _join_heads(root)
    before = merge.read_tree(root, repository.find_subtree(root))
    problems = code_problems.find(before, _read_files(root), conflicts) if resolved else []
    return Resolution(resolved, conflicts, added, is_lock_stale, problems)


def _list_unmerged(root: Path) -> dict[str, Sides]:
    """The mode and the object of each side of each conflict in a service."""
    found: dict[str, Sides] = {}
    for line in git.git(root, "ls-files", "--unmerged", "-z", "--", ".").split("\0"):
        details, _, path = line.partition("\t")
        if path:
            mode, oid, number = details.split()
            found.setdefault(path, {})[int(number)] = (mode, oid)
    return found


def _render_branches(root: Path) -> Renderings:
    """What both branches render, and their merged blueprint; nothing where one is refused."""
    with contextlib.suppress(TrellisError):
        service = find_service(root)
        versions = [*(read_commit(service, name) for name in _LABELS), service]
        with pipeline.open_renderer() as render:
            return [render(version) for version in versions]
    return []


def _resolve(root: Path, path: str, sides: Sides, renderings: Renderings) -> bool:
    """Writes the merged file where something is gained; says whether it has no conflict left."""
    if not {2, 3} <= sides.keys() or {mode for mode, _ in sides.values()} - merge.PLAIN:
        return False
    place = root / path
    if not place.is_file() or b"<<<<<<< " not in place.read_bytes():
        return False  # somebody has begun to resolve it
    blobs = {number: git.run(root, "cat-file", "blob", oid) for number, (_, oid) in sides.items()}
    text = _merge_sides(root, path, blobs, renderings)
    if text is None:
        return False
    place.write_bytes(text.data)
    if not text.conflicts:
        git.git(root, "add", "--", path)
    return not text.conflicts


def _merge_sides(
    root: Path, path: str, blobs: Mapping[int, bytes], renderings: Renderings
) -> Text | None:
    """The merged file; None where it is left to git."""
    packages = frozenset(place.name.removesuffix(".py") for place in root.iterdir())
    with tempfile.TemporaryDirectory(prefix="trellis-") as scratch:

        def merge_texts(*versions: bytes) -> Text | None:
            sides = text_merge.Sides(*versions)
            return text_merge.merge(path, sides, packages, Path(scratch), labels=_LABELS)

        rendered = [files[path].data for files in renderings if path in files]
        if len(rendered) == len(_SIDES) and not drift.is_migration(path):
            ours, theirs, goal = rendered
            text = None
            # Where one branch has not edited the file, the other branch's edits are kept.
            if blobs[3] == theirs:
                text = merge_texts(ours, blobs[2], goal)
            elif blobs[2] == ours:
                text = merge_texts(theirs, blobs[3], goal)
            if text and not text.conflicts:
                return text
        text = merge_texts(*(blobs[number] for number in _SIDES)) if 1 in blobs else None
        return text if text and text.is_better else None


def _join_heads(root: Path) -> list[str]:
    """Writes a migration after two or more heads; gives its path."""
    scripts = migration_scripts.read(_read_files(root))
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


def _read_files(root: Path) -> dict[str, File]:
    """The files of the work tree that git knows."""
    found = {}
    for path in set(git.git(root, "ls-files", "-z", "--", ".").split("\0")):
        place = root / path
        if path and place.is_symlink():
            found[path] = File(LINK, b"")
        elif path and place.is_file():
            found[path] = File("100644", place.read_bytes())
    return found
