"""The report of a verb: files, conflicts, notes on the deployment. Pure."""

from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import asdict, dataclass, field
from typing import Any

from trellis.change.code_problems import Problem
from trellis.service.toolchain import Outcome, describe

CONFLICTS = 3
_NEXT = ("  git diff --cached", "  make check", "  git commit")
_SIGNS = {"added": "+", "modified": "~", "deleted": "-"}


@dataclass(frozen=True)
class Report:
    """The outcome of a verb or of its dry run."""

    status: str
    service: str
    version: str
    blueprint: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    conflicts: Sequence[str] = ()
    half_deleted: Sequence[str] = ()
    left_out: Sequence[str] = ()
    problems: Sequence[Problem] = ()
    diff: str = ""
    notes: Sequence[str] = ()
    outcomes: Sequence[Outcome] = ()
    abort: str = ""
    remarks: Sequence[str] = ()
    releases: str = ""

    @property
    def exit_code(self) -> int:
        return CONFLICTS if self.status == "conflicts" else 0

    def as_document(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {
            "status": self.status,
            "service": self.service,
            "template": self.version,
            "files": [{"path": path, "change": kind} for path, kind in self.files.items()],
            "conflicts": list(self.conflicts),
            "left_out": list(self.left_out),
            "problems": [asdict(problem) for problem in self.problems],
            "diff": self.diff,
            "blueprint": dict(self.blueprint),
            **describe(self.outcomes),
            "before_deploying": list(self.notes),
            "release_notes": self.releases,
            "abort": self.abort,
            "notes": list(self.remarks),
        }

    def format_plan(self) -> list[str]:
        """The text of a review: files, conflicts, problems, notes."""
        return [*self._format_files(), *self._format_conflicts(), *self._format_notes()]

    def format_dry_run(self) -> list[str]:
        """The text of a dry run: the difference itself, then what it means."""
        if self.status == "unchanged":
            return self.format_end()
        return [*self.diff.splitlines(), "", *self.format_plan(), "", "Nothing was written."]

    def format_end(self) -> list[str]:
        """The text for people."""
        if self.status == "unchanged":
            return [f"{self.service}: nothing to change"]
        return [
            *self._format_files(),
            *(f"  - {outcome.done}" for outcome in self.outcomes if outcome.done),
            *_section("Left to do:", [f"- {o.todo}: {o.command}" for o in self.outcomes if o.todo]),
            *self._format_notes(),
            *(self._format_conflicts() or ["", "Next:", *_NEXT]),
            *self._explain_conflicts(),
            f"To take it back: {self.abort}",
        ]

    def _format_files(self) -> list[str]:
        lines = [*self.releases.splitlines(), ""] if self.releases else []
        lines += [f"{self.service}: {count_files(self.files)}"]
        lines += [f"  note: {remark}" for remark in self.remarks]
        lines += [f"  {_SIGNS[kind]} {path}" for path, kind in self.files.items()]
        return [*lines, *_section("Left out, since you have deleted the file:", self.left_out)]

    def _format_conflicts(self) -> list[str]:
        reasons = dict.fromkeys(self.half_deleted, " (deleted on one side)")
        lines = [f"! {path}{reasons.get(path, '')}" for path in self.conflicts]
        return _section(f"{count_files(self.conflicts)} in conflict:", lines)

    def _explain_conflicts(self) -> Iterator[str]:
        if self.conflicts:
            yield ""
        if len(self.half_deleted) < len(self.conflicts):
            yield "Edit the text between <<<<<<< and >>>>>>>, then: git add, git commit."
        if self.half_deleted:
            yield "A file that is deleted on one side: git add keeps it, git rm does not."

    def _format_notes(self) -> list[str]:
        problems = [f"! {problem}" for problem in self.problems]
        return [
            *_section("Broken by this change, though not in conflict:", problems),
            *_section("Before you deploy:", [f"- {note}" for note in self.notes]),
        ]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    """A heading and indented lines; nothing where there are no lines."""
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def count_files(things: Sized) -> str:
    """The number of files, such as `1 file`."""
    return f"{len(things)} file{'' if len(things) == 1 else 's'}"
