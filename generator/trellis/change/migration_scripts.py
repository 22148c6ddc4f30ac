"""The migrations of a service, read from their text: no import of it, and no database."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from trellis.errors import ServiceError
from trellis.files import Files

FOLDER = "migrations/versions/"


@dataclass(frozen=True)
class Script:
    """One migration."""

    path: str
    revision: str
    follows: tuple[str, ...]


def read(files: Files) -> list[Script]:
    """The migrations among the files; raises ServiceError for one that cannot be read."""
    return [
        _read_script(path, file.data)
        for path, file in sorted(files.items())
        if path.startswith(FOLDER) and path.endswith(".py") and not path.endswith("__init__.py")
    ]


def find_head(scripts: Iterable[Script]) -> str | None:
    """The one revision that nothing follows; None where there are none."""
    scripts = list(scripts)
    by_revision: dict[str, Script] = {}
    for script in scripts:
        if other := by_revision.get(script.revision):
            places = f"{other.path} and {script.path}"
            what = f"the service has the revision {script.revision} twice: {places}"
            raise ServiceError(what, where=FOLDER, fix="give one of them an id of its own")
        by_revision[script.revision] = script
    followed = {revision for script in scripts for revision in script.follows}
    if missing := sorted(followed - by_revision.keys()):
        culprit = next(script for script in scripts if missing[0] in script.follows)
        what = f"the service has a migration that follows {missing[0]}, which does not exist"
        fix = "restore that migration, or correct down_revision"
        raise ServiceError(what, where=culprit.path, fix=fix)
    heads = sorted(by_revision.keys() - followed)
    if len(heads) > 1:
        what = f"the service has {len(heads)} heads in its migrations: {', '.join(heads)}"
        fix = "join them first: trellis resolve"
        raise ServiceError(what, where=FOLDER, fix=fix)
    if scripts and not heads:
        raise ServiceError(
            "the service has migrations that follow each other in a circle", where=FOLDER
        )
    return heads[0] if heads else None


def _read_script(path: str, text: bytes) -> Script:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise _make_error(path, "is no Python") from error
    values = dict(_list_assignments(tree))
    revision, follows = values.get("revision"), values.get("down_revision", ())
    if not isinstance(revision, str):
        raise _make_error(path, "does not say its revision as a plain string")
    if follows is None or isinstance(follows, str):
        follows = () if follows is None else (follows,)
    if not isinstance(follows, (tuple, list)) or not all(isinstance(one, str) for one in follows):
        raise _make_error(path, "does not say its down_revision as plain strings")
    if "down_revision" not in values:
        raise _make_error(path, "does not say its down_revision")
    return Script(path, revision, tuple(follows))


def _list_assignments(tree: ast.Module) -> Iterable[tuple[str, object]]:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(node, (ast.Assign, ast.AnnAssign)):
                yield target.id, _evaluate(node.value)


def _evaluate(node: ast.expr | None) -> object:
    try:
        return ast.literal_eval(node) if node is not None else None
    except (ValueError, TypeError, SyntaxError):
        return NotImplemented


def _make_error(path: str, what: str) -> ServiceError:
    return ServiceError(
        f"the service has a migration that {what}",
        where=path,
        fix="write: revision = '…', down_revision = '…'",
    )
