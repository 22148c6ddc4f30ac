"""The errors of Trellis, and their exit codes."""

import errno
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

EXIT_CODES = {
    0: "done",
    1: "declined at the review; nothing was written",
    2: "the command line could not be understood",
    3: "done, and conflicts were left that somebody has to resolve",
    4: "the blueprint was refused: a value, a name, a file",
    5: "the destination was refused, or could not be written",
    6: "the template could not be fetched or rendered",
    7: "the service cannot be changed: not committed, in use by another run, or unreadable",
    8: "status: a file is missing or stale; update --check: there is a newer version",
    70: "a defect of Trellis itself",
    74: "the operating system refused: a full disk, a missing permission",
    130: "interrupted (Ctrl-C); 129 and 143: terminated; 141: the reader of stdout has gone",
}

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_REFUSALS = re.compile(
    "|".join(
        re.escape(os.strerror(number))
        for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE)
    )
    + "|insufficient permission"
)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a blueprint: a path into it, and what about it."""

    where: str
    what: str

    @property
    def key(self) -> str:
        """The key of the blueprint that it is about."""
        return self.where.partition("[")[0].partition(".")[0]

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class TrellisError(Exception):
    """A refusal: what is wrong, where, and how to fix it."""

    kind = "error"
    exit_code = 70

    def __init__(
        self, what: str, *, where: str = "", fix: str = "", problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix
        self.problems = tuple(problems)


class DeclinedError(TrellisError):
    """The review ended with a no."""

    kind = "declined"
    exit_code = 1


class UsageError(TrellisError):
    """The command line itself."""

    kind = "usage"
    exit_code = 2


class BlueprintError(TrellisError):
    """A value that would not give working code, or a file that is no blueprint."""

    kind = "blueprint"
    exit_code = 4

    @classmethod
    def from_problems(
        cls, problems: Sequence[Problem], *, where: str = "", fix: str = ""
    ) -> "BlueprintError":
        return cls(str(problems[0]), where=where, fix=fix, problems=problems)


class DestinationError(TrellisError):
    """A place that Trellis does not write to."""

    kind = "destination"
    exit_code = 5


class ServiceError(TrellisError):
    """A service that is in no state to be changed, or in use by another run."""

    kind = "service"
    exit_code = 7


class GitError(ServiceError):
    """A call of git that failed."""


class TemplateError(TrellisError):
    """A template that cannot be fetched, read or rendered."""

    kind = "template"
    exit_code = 6


class MissingVersionError(TemplateError):
    """A version that the template's repository does not have."""


class MachineError(TrellisError):
    """The operating system refused: a full disk, a missing permission."""

    kind = "machine"
    exit_code = 74

    @classmethod
    def from_os_error(cls, error: OSError) -> "MachineError":
        where = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
        return cls(f"the machine refused: {error.strerror or error}", where=where)

    @classmethod
    def find_in(cls, text: str, *, where: str = "") -> "MachineError | None":
        """The error of the operating system that a tool's output names, if any."""
        # Git has two ways to say that a disk is full.
        text = text.replace("Out of diskspace", os.strerror(errno.ENOSPC))
        line = next((line for line in text.splitlines() if _REFUSALS.search(line)), None)
        return cls(f"the machine refused: {line.strip()}", where=where) if line else None


class Stopped(BaseException):
    """A signal or a closed pipe has ended this run; raised so that temporary files are removed."""

    def __init__(self, kind: str, exit_code: int) -> None:
        super().__init__(kind)
        self.kind = kind
        self.exit_code = exit_code


def escape(text: str) -> str:
    """The text on one line, with nothing in it that could move a terminal's cursor or order."""
    return "".join(_escape_character(character) for character in text)


def _escape_character(character: str) -> str:
    if character in _BIDI or unicodedata.category(character) in _HIDDEN_CATEGORIES:
        return character.encode("unicode_escape").decode("ascii")
    return character


def message_lines(error: TrellisError, limit: int = 5) -> list[str]:
    """At most `limit` lines: what, where, how to fix."""
    tail = [f"  in:  {escape(error.where)}"] if error.where else []
    tail += [f"  fix: {escape(error.fix)}"] if error.fix else []
    heads = [escape(str(problem)) for problem in error.problems] or [escape(error.what)]
    room = limit - len(tail)
    if len(heads) > room:
        heads = [*heads[: room - 1], f"… and {len(heads) - room + 1} more"]
    return [f"error: {heads[0]}", *(f"       {head}" for head in heads[1:]), *tail]


def as_document(error: TrellisError) -> dict[str, object]:
    """The error for `--json`."""
    return {
        "error": {
            "kind": error.kind,
            "exit_code": error.exit_code,
            "message": error.what,
            "where": error.where,
            "fix": error.fix,
            "problems": [{"where": p.where, "what": p.what} for p in error.problems],
        }
    }
