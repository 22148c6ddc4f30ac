"""Which versions of its template there are for a service."""

import contextlib
from dataclasses import dataclass

from trellis import changelog
from trellis.errors import TemplateError
from trellis.service import Service

NEWS = 8


@dataclass(frozen=True)
class Step:
    """From the version that a service was made from to another."""

    recorded: str
    target: str
    is_forward: bool
    is_back: bool
    notes: str = ""


def step(found: Service, to: str | None) -> Step:
    """The step to a version, or to the newest; raises TemplateError for one that is nowhere."""
    from trellis import template

    with contextlib.ExitStack() as stack:
        recorded = stack.enter_context(template.opened(found.address, found.version))
        if to is None:
            target = stack.enter_context(template.opened(found.address))
        else:
            try:
                target = stack.enter_context(template.opened(found.address, to))
            except TemplateError:
                if to.startswith("v"):
                    raise
                target = stack.enter_context(template.opened(found.address, f"v{to}"))
        one, other = recorded.release, target.release
        comparable = one is not None and other is not None
        return Step(
            found.version,
            # Without releases the newest is what lies there; a release is never left for it.
            target.version or "",
            comparable and other > one,
            comparable and other < one and to is not None,
            changelog.between(target.root, recorded, target),
        )
