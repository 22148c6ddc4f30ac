"""What every verb does: old blueprint, new blueprint, both rendered, and their difference merged
into the service. A verb says only what it changes.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trellis import console, locks
from trellis.blueprint import prompts, sources
from trellis.blueprint.questions import ANSWERS_FILE
from trellis.change import (
    apply,
    code_problems,
    deploy_notes,
    forgotten,
    lockfile,
    merge,
    migration_chain,
    migration_scripts,
    releases,
    worktree,
)
from trellis.change.merge import Merged
from trellis.change.report import Report, count_files
from trellis.errors import (
    BlueprintError,
    DeclinedError,
    MissingVersionError,
    ServiceError,
    TemplateError,
)
from trellis.files import LINK, File, Files
from trellis.service import staging
from trellis.service.find import Service, find_service
from trellis.template.version import Template, open_template

# A verb's part: the blueprint that is wanted, from the one that is there.
Transform = Callable[[Service, Template], Mapping[str, Any]]


@dataclass(frozen=True)
class Options:
    """What all verbs that change a service have in common."""

    dry_run: bool
    yes: bool
    lock: bool
    json: bool


@dataclass(frozen=True)
class Rendered:
    """A blueprint, and the files that a version of the template makes of it."""

    values: Mapping[str, Any]
    files: Files


def change_service(transform: Transform, options: Options, *, version: str | None = None) -> Report:
    """Changes the service that we are in. `version` is a template's newer version."""
    service = apply.open_service(dry_run=options.dry_run)
    service.refuse_if_dirty()
    with contextlib.ExitStack() as stack:
        lock = (
            None
            if options.dry_run
            else stack.enter_context(apply.lock_repository(service.repository))
        )
        if lock is not None and service != find_service():
            raise ServiceError(
                "the service was changed meanwhile", where=str(service.root), fix="try again"
            )
        scratch = stack.enter_context(locks.make_temporary())
        with console.progress("Reading the template"):
            old, new = _open_templates(stack, service, version)
        with console.progress("Rendering"):
            before = render(old, service.blueprint, scratch / "before")
            after = render(new, resolve(transform(service, new), new), scratch / "after")
        mine = merge.read_committed(service)
        if ANSWERS_FILE not in mine:
            what = f"the service has no {ANSWERS_FILE} in its last commit"
            raise ServiceError(what, where=str(service.root), fix=f"git add --force {ANSWERS_FILE}")
        with console.progress("Merging"):
            pair = _write_migrations(old, new, before, after, mine)
            base, goal = (
                merge.keep_line_ends(forgotten.leave_out(files, forgotten.read(mine)), mine)
                for files in pair
            )
            merged = merge.merge(service, base, goal, scratch)
            problems = _find_problems(mine, merged)
        report = _make_report(service, before, after, merged, (old, new))
        report = replace(report, problems=problems)
        if not merged.changes and not merged.stages:
            return replace(report, status="unchanged")
        worktree.refuse_to_overwrite(service, merged.changes)
        if options.dry_run:
            return report
        _review(report, options)
        merged, outcome = lockfile.renew(service, merged, mine, scratch, wanted=options.lock)
        apply.publish(service, merged.changes, merged.stages, lock)
    status = "conflicts" if merged.stages else "changed"
    return replace(report, status=status, outcomes=[outcome] if outcome else [])


def resolve(values: Mapping[str, Any], template: Template) -> dict[str, Any]:
    """The blueprint down to the last default; raises BlueprintError where it is refused."""
    complete = sources.normalize_answers(template.complete(values), template.questions)
    if problems := template.validate(complete):
        raise BlueprintError.from_problems(problems)
    return complete


def render(template: Template, values: Mapping[str, Any], folder: Path) -> Rendered:
    """The files that a template makes of a blueprint; raises BlueprintError where it is none."""
    known = {question.name for question in template.questions}
    values = {key: value for key, value in values.items() if key in known}
    if problems := template.validate(values):
        raise BlueprintError.from_problems(
            problems, where=ANSWERS_FILE, fix="correct it there, and commit"
        )
    template.render(values, folder)
    files = {name: _read_file(folder / name) for name in staging.list_files(folder)}
    return Rendered(template.complete(values), files)


@contextlib.contextmanager
def open_renderer() -> Iterator[Callable[[Service], Files]]:
    """Renders what services are made from; each version of a template is opened once."""
    templates: dict[tuple[str, str], Template] = {}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(locks.make_temporary())

        def render_service(service: Service) -> Files:
            key = (service.source, service.version)
            if key not in templates:
                templates[key] = stack.enter_context(
                    open_template(service.address, service.version)
                )
            place = Path(tempfile.mkdtemp(dir=folder))
            return render(templates[key], service.blueprint, place).files

        yield render_service


def _read_file(path: Path) -> File:
    """A file as git would keep it: of a link, where it leads."""
    if path.is_symlink():
        return File(LINK, os.fsencode(path.readlink()))
    return File("100755" if path.stat().st_mode & 0o100 else "100644", path.read_bytes())


def _open_templates(
    stack: contextlib.ExitStack, service: Service, version: str | None
) -> tuple[Template, Template]:
    try:
        old = stack.enter_context(open_template(service.address, service.version))
    except MissingVersionError as error:
        if service.address:
            raise
        what = f"this installation of Trellis does not have version {service.version}"
        fix = "pipx upgrade fastapi-trellis"
        raise TemplateError(what, where=str(service.root), fix=fix) from error
    if version is None or version == old.version:
        return old, old
    return old, stack.enter_context(open_template(service.address, version))


def _write_migrations(
    old: Template, new: Template, before: Rendered, after: Rendered, mine: Files
) -> tuple[Files, Files]:
    base, goal = dict(before.files), dict(after.files)
    base[ANSWERS_FILE] = mine[ANSWERS_FILE]  # no one else's to edit
    if before.values.get("primary_key") != after.values.get("primary_key"):
        migration_chain.refuse_if_shipped(base, mine)
        return base, goal
    base, goal = migration_chain.keep_history(base, goal, mine)
    if not any(path.startswith(migration_scripts.FOLDER) for path in (*before.files, *after.files)):
        return base, goal
    fresh = migration_chain.find_new(before.files, after.files, mine)
    if fresh or before.values.get("resources") != after.values.get("resources"):
        chain = migration_chain.Chain(migration_scripts.read(mine))
        chain.drop(old.call_macro, before.values, after.values)
        chain.alter(new.call_macro, before.values, after.values)
        chain.create(new.call_macro, before.values, after.values)
        chain.adopt(fresh)
        goal.update(chain.written)
    return base, goal


def _make_report(
    service: Service,
    before: Rendered,
    after: Rendered,
    merged: Merged,
    templates: tuple[Template, Template],
) -> Report:
    old, template = templates
    same = old is template
    return Report(
        status="planned",
        service=str(service.root),
        version=template.version or "",
        blueprint=after.values,
        files={change.path: change.kind for change in merged.changes},
        conflicts=merged.conflicts,
        half_deleted=merged.half_deleted,
        left_out=merged.left_out,
        diff=merged.diff,
        notes=deploy_notes.list_notes(
            before.values, after.values, before.files, after.files, merged.changes
        ),
        releases="" if same else releases.read_release_notes(template.root, old, template),
        abort=service.repository.format_reset(service.root),
        remarks=[*service.list_unknown_answers(old.questions), *filter(None, [template.remark])],
    )


def _find_problems(mine: Files, merged: Merged) -> list[code_problems.Problem]:
    changed = {change.path: change.after for change in merged.changes}
    after = {path: file for path, file in {**mine, **changed}.items() if file is not None}
    return code_problems.find(mine, after, merged.conflicts)


def _review(report: Report, options: Options) -> None:
    if options.yes or options.json or not console.is_interactive():
        return
    console.say_lines(report.format_plan())
    question = f"Change {count_files(report.files)}?"
    if report.problems:
        question = f"Change {count_files(report.files)}, and mend these places afterwards?"

    def show() -> None:
        console.say_lines(report.diff.splitlines())

    if not prompts.confirm(question, show, default=not report.problems):
        raise DeclinedError("declined; nothing was written")
