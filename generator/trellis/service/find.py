"""A service that exists: where it is, and what its answers file says it was made from."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trellis import git
from trellis.blueprint import sources
from trellis.blueprint.questions import ANSWERS_FILE, Question
from trellis.errors import ServiceError, TrellisError
from trellis.git import Repository
from trellis.names import nearest
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
        return self.repository.lead(self.root)

    @property
    def resources(self) -> list[Mapping[str, Any]]:
        service = self.blueprint.get("resources", [])
        return list(service) if isinstance(service, list) else []

    def find_resource(self, name: str) -> Mapping[str, Any] | None:
        """The resource of that name."""
        return next((r for r in self.resources if r.get("name") == name), None)

    def unknown_answers(self, questions: Sequence[Question]) -> list[str]:
        """A note on each recorded answer that no question asks for: a change leaves it out."""
        known = [question.name for question in questions]
        notes = []
        for key in map(str, self.blueprint):
            if key not in known:
                match = nearest(key, known)
                meant = f"; did you mean {match}?" if match else ""
                notes.append(f"{ANSWERS_FILE} answers {key!r}, which nobody asks{meant}")
        return notes

    def refuse_if_dirty(self) -> None:
        """Raises ServiceError when there is work that a merge could be confused with."""
        if self.repository.lock.exists():
            what = "the service is in use by git, or a git that was killed has left its lock behind"
            fix = "wait for it; if there is none, remove the lock"
            raise ServiceError(what, where=str(self.repository.lock), fix=fix)
        self.refuse_edits()

    def refuse_edits(self) -> None:
        """Raises ServiceError when git is in the middle of something, or there are changes."""
        if unmerged := self.repository.unmerged(self.root):
            what = f"the service has conflicts that are not resolved: {_some(unmerged)}"
            fix = "resolve and commit them, or give up the merge: " + format_abort_command(self)
            raise ServiceError(what, where=str(self.root), fix=fix)
        if dirty := self.repository.dirty(self.root):
            what = f"the service has changes that are not committed: {_some(dirty)}"
            raise ServiceError(what, where=str(self.root), fix="commit or stash them first")
        if operation := self.repository.operation:
            what, fix = operation
            what = f"the service is in a repository in which {what} is not finished"
            raise ServiceError(what, where=str(self.root), fix=f"finish it first: {fix}")
        if unmerged := self.repository.unmerged(self.repository.top):
            what = f"the repository has conflicts that are not resolved: {_some(unmerged)}"
            raise ServiceError(what, where=str(self.root), fix="resolve and commit them first")


def find_service(start: Path | None = None) -> Service:
    """The service that we are in; raises ServiceError."""
    start = (start or Path.cwd()).resolve()
    root = next((p for p in (start, *start.parents) if (p / ANSWERS_FILE).is_file()), None)
    if root is None:
        what = f"the service is not here: there is no {ANSWERS_FILE} in this folder, nor above it"
        raise ServiceError(what, where=str(start), fix="go to the folder of a service")
    if (root / ANSWERS_FILE).is_symlink():
        what = f"the service has a link for a {ANSWERS_FILE}, which is not followed"
        raise ServiceError(what, where=str(root), fix="put a file in its place")
    answers = sources.load(root / ANSWERS_FILE)
    values, source, version = _read(answers, root)
    return Service(root, git.open_repository(root), values, source, version)


def read_history(service: Service, limit: int = 20) -> Iterator[Service]:
    """The service as other commits have its answers, the latest first; as far as that is readable.

    The last commit is one of them between a verb and its commit.
    """
    words = ["log", f"--max-count={limit}", "--format=%H", "--", ANSWERS_FILE]
    for commit in git.git(service.root, *words).split():
        with contextlib.suppress(TrellisError):
            text = git.git(service.root, "show", f"{commit}:./{ANSWERS_FILE}")
            answers = sources.parse_yaml(text, ANSWERS_FILE)
            if isinstance(answers, dict):
                other = Service(service.root, service.repository, *_read(answers, service.root))
                if other != service:
                    yield other


def _read(answers: Mapping[str, Any], root: Path) -> tuple[dict[str, Any], str, str]:
    source, version = answers.get("_src_path"), answers.get("_commit")
    if not (isinstance(source, str) and isinstance(version, (str, int))):
        what = f"the service does not say in {ANSWERS_FILE} which template it was made from"
        fix = "restore _src_path and _commit there: git log -p " + ANSWERS_FILE
        raise ServiceError(what, where=str(root), fix=fix)
    values = {key: value for key, value in answers.items() if not str(key).startswith("_")}
    return values, source, str(version)


def format_abort_command(service: Service) -> str:
    """The command that takes a merge back, after which all is as it was committed."""
    if service.root == service.repository.top:
        return "git reset --hard"
    return "git restore --source=HEAD --staged --worktree -- ."


def find_references(resources: list[Mapping[str, Any]], name: str) -> Iterator[str]:
    """The fields of other resources that refer to one, as `post.author`."""
    for resource in resources:
        for field in resource.get("fields", []):
            if field.get("to") == name and resource.get("name") != name:
                yield f"{resource['name']}.{field['name']}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
