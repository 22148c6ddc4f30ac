"""Which versions of its template there are for a service, and the release notes between them."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trellis.errors import TemplateError
from trellis.service.find import Service
from trellis.template.version import Template, open_template

NEWS = 8
_HEADING = re.compile(r"^## \[?v?(\d+(?:\.\d+)*)\]?.*$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """From the version that a service was made from to another."""

    recorded: str
    target: str
    is_forward: bool
    is_back: bool
    notes: str = ""
    unknown_answers: Sequence[str] = ()


def find_step(service: Service, to: str | None) -> Step:
    """The step to a version, or to the newest; raises TemplateError for one that is nowhere."""
    with contextlib.ExitStack() as stack:
        recorded = stack.enter_context(open_template(service.address, service.version))
        if to is None:
            target = stack.enter_context(open_template(service.address))
        else:
            try:
                target = stack.enter_context(open_template(service.address, to))
            except TemplateError:
                if to.startswith("v"):
                    raise
                target = stack.enter_context(open_template(service.address, f"v{to}"))
        one, other = recorded.release, target.release
        comparable = one is not None and other is not None
        return Step(
            service.version,
            # Without releases the newest is what lies there; a release is never left for it.
            target.version or "",
            comparable and other > one,
            comparable and other < one and to is not None,
            read_release_notes(target.root, recorded, target),
            service.list_unknown_answers(recorded.questions),
        )


def read_release_notes(root: Path, old: Template, new: Template) -> str:
    """The sections of the template's CHANGELOG.md after the old version, up to the new one."""
    try:
        text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    if old.release is None or new.release is None:
        return ""
    return select_sections(text, old.release.release, new.release.release)


def select_sections(text: str, after: tuple[int, ...], until: tuple[int, ...]) -> str:
    """Of a changelog in Keep-a-Changelog form, what is newer than one version, up to another."""
    service = []
    headings = list(_HEADING.finditer(text))
    ends = [*(heading.start() for heading in re.finditer(r"^## |^\[", text, re.MULTILINE))]
    for heading in headings:
        version = tuple(map(int, heading[1].split(".")))
        if _pad(after) < _pad(version) <= _pad(until):
            end = min((place for place in ends if place > heading.start()), default=len(text))
            service.append(text[heading.start() : end].strip())
    return "\n\n".join(service)


def _pad(version: tuple[int, ...]) -> tuple[int, ...]:
    return (*version, 0, 0, 0, 0)[:4]
