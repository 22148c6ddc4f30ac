"""A service that exists: where it is, and what its answers file says it was made from."""

import contextlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trellis import git
from trellis.blueprint import sources
from trellis.blueprint.questions import ANSWERS_FILE, Question
from trellis.errors import ServiceError, TrellisError
from trellis.git import Repository
from trellis.names import did_you_mean
from trellis.template.source import URL

_SHOWN = 3


@dataclass(frozen=True)
class Service:
    """A service, as its last commit has it."""

    root: Path
    repository: Repository
    blueprint: Mapping[str, Any]
    source: str
    version: str

    @property
    def address(self) -> str | None:
        """Where its template is; nothing where that is ours."""
        return None if self.source == URL else self.source

    @property
    def lead(self) -> str:
        """What git puts before its paths."""
        return self.repository.find_lead(self.root)

    @property
    def resources(self) -> list[Mapping[str, Any]]:
        service = self.blueprint.get("resources", [])
        return list(service) if isinstance(service, list) else []

    def find_resource(self, name: str) -> Mapping[str, Any] | None:
        """The resource of that name."""
        return next((r for r in self.resources if r.get("name") == name), None)

    def list_unknown_answers(self, questions: Sequence[Question]) -> list[str]:
        """A note on each recorded answer that no question asks for: a change leaves it out."""
        known = [question.name for question in questions]
        notes = []
        for key in map(str, self.blueprint):
            if key not in known:
                match = did_you_mean(key, known)
                note = f"{ANSWERS_FILE} answers {key!r}, which no question asks for"
                notes.append(f"{note}; {match}" if match else note)
        return notes

    def refuse_if_dirty(self) -> None:
        """Raises ServiceError when git holds the index, or there are uncommitted changes."""
        if self.repository.lock.exists():
            what = "the service is in use by git, or a git that was killed has left its lock behind"
            fix = f"wait for it; if no git is running: rm {shlex.quote(str(self.repository.lock))}"
            raise ServiceError(what, where=str(self.repository.lock), fix=fix)
        self.refuse_edits()

    def refuse_edits(self) -> None:
        """Raises ServiceError for conflicts, uncommitted changes or an unfinished operation."""
        if unmerged := self.repository.list_unmerged(self.root):
            what = f"the service has conflicts that are not resolved: {_shorten(unmerged)}"
            fix = "resolve and commit them, or undo the merge: "
            fix += self.repository.format_reset(self.root)
            raise ServiceError(what, where=str(self.root), fix=fix)
        if dirty := self.repository.list_dirty(self.root):
            what = f"the service has changes that are not committed: {_shorten(dirty)}"
            raise ServiceError(what, where=str(self.root), fix="commit or stash them first")
        if operation := self.repository.operation:
            what, fix = operation
            what = f"the service is in a repository in which {what} is not finished"
            raise ServiceError(what, where=str(self.root), fix=f"finish it first: {fix}")
        if unmerged := self.repository.list_unmerged(self.repository.top):
            what = f"the repository has conflicts that are not resolved: {_shorten(unmerged)}"
            raise ServiceError(what, where=str(self.root), fix="resolve and commit them first")


def find_root(start: Path) -> Path:
    """The folder of the service that a folder is in; raises ServiceError."""
    root = next((p for p in (start, *start.parents) if (p / ANSWERS_FILE).is_file()), None)
    if root is None:
        what = f"there is no service here: no {ANSWERS_FILE} in this folder, nor above it"
        raise ServiceError(what, where=str(start), fix="go to the folder of a service")
    return root


def find_service(start: Path | None = None) -> Service:
    """The service that we are in; raises ServiceError."""
    root = find_root((start or Path.cwd()).resolve())
    if (root / ANSWERS_FILE).is_symlink():
        what = f"the service has a link for a {ANSWERS_FILE}, which is not followed"
        raise ServiceError(what, where=str(root), fix="put a file in its place")
    answers = sources.load(root / ANSWERS_FILE)
    values, source, version = _read_origin(answers, root)
    return Service(root, git.open_repository(root), values, source, version)


def read_commit(service: Service, commit: str) -> Service:
    """The service as a commit has its answers; raises TrellisError where they cannot be read."""
    text = git.git(service.root, "show", f"{commit}:./{ANSWERS_FILE}")
    answers = sources.parse_yaml(text, ANSWERS_FILE)
    return Service(service.root, service.repository, *_read_origin(answers, service.root))


def read_history(service: Service, limit: int = 20) -> Iterator[Service]:
    """The service as other commits have its answers, the latest first; as far as that is readable.

    The last commit is one of them between a verb and its commit.
    """
    words = ["log", f"--max-count={limit}", "--format=%H", "--", ANSWERS_FILE]
    for commit in git.git(service.root, *words).split():
        with contextlib.suppress(TrellisError):
            other = read_commit(service, commit)
            if other != service:
                yield other


def _read_origin(answers: Any, root: Path) -> tuple[dict[str, Any], str, str]:
    known = answers if isinstance(answers, dict) else {}
    source, version = known.get("_src_path"), known.get("_commit")
    if not (isinstance(source, str) and isinstance(version, (str, int))):
        what = f"the service does not say in {ANSWERS_FILE} which template it was made from"
        fix = "restore _src_path and _commit there: git log -p " + ANSWERS_FILE
        raise ServiceError(what, where=str(root), fix=fix)
    values = {key: value for key, value in known.items() if not str(key).startswith("_")}
    return values, source, str(version)


def find_references(resources: list[Mapping[str, Any]], name: str) -> Iterator[str]:
    """The fields of other resources that refer to one, as `post.author`."""
    for resource in resources:
        for field in resource.get("fields", []):
            if field.get("to") == name and resource.get("name") != name:
                yield f"{resource['name']}.{field['name']}"


def _shorten(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
