"""The release notes between two versions, from the template's CHANGELOG.md."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trellis.template import Template

_HEADING = re.compile(r"^## \[?v?(\d+(?:\.\d+)*)\]?.*$", re.MULTILINE)


def between(root: Path, old: "Template", new: "Template") -> str:
    """The sections of the versions after the old one, up to the new one."""
    try:
        text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    if old.release is None or new.release is None:
        return ""
    return sections(text, old.release.release, new.release.release)


def sections(text: str, after: tuple[int, ...], until: tuple[int, ...]) -> str:
    """Of a changelog in Keep-a-Changelog form, what is newer than one version, up to another."""
    found = []
    headings = list(_HEADING.finditer(text))
    ends = [*(heading.start() for heading in re.finditer(r"^## |^\[", text, re.MULTILINE))]
    for heading in headings:
        version = tuple(map(int, heading[1].split(".")))
        if _padded(after) < _padded(version) <= _padded(until):
            end = min((place for place in ends if place > heading.start()), default=len(text))
            found.append(text[heading.start() : end].strip())
    return "\n\n".join(found)


def _padded(version: tuple[int, ...]) -> tuple[int, ...]:
    return (*version, 0, 0, 0, 0)[:4]
