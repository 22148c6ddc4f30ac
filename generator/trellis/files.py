"""Files as git knows them: mode and bytes; and what becomes of one."""

from collections.abc import Mapping
from dataclasses import dataclass

LINK = "120000"


@dataclass(frozen=True)
class File:
    """What git knows of a file: its mode, and its bytes."""

    mode: str
    data: bytes


Files = Mapping[str, File]


@dataclass(frozen=True)
class Change:
    """One file before and after; None where it is not there."""

    path: str
    before: File | None
    after: File | None

    @property
    def kind(self) -> str:
        if self.before is None:
            return "added"
        return "deleted" if self.after is None else "modified"
