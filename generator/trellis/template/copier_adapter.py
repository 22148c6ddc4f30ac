"""The only module that imports Copier: its workers, checkouts and errors."""

from __future__ import annotations

import contextlib
import importlib.metadata
import traceback
from typing import TYPE_CHECKING, Any

from trellis import git
from trellis.errors import MachineError, MissingVersionError, TemplateError
from trellis.signals import silence
from trellis.template import containment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from copier._main import Worker as Worker  # noqa: PLC0414 - for those who hold one

# Settings that need Copier's trust. Copier would import the extensions before it checks.
CODE_SETTINGS = ("jinja_extensions", "tasks", "migrations")
# Filters that read the machine: its environment variables, its folders.
_MACHINE_FILTERS = ("expandvars", "expanduser", "fileglob", "realpath", "relpath")


def make_worker(
    url: str, destination: Path, values: Mapping[str, Any], version: str | None = None
) -> Worker:
    """The worker that renders a blueprint into a folder."""
    with silence():
        from copier._main import Worker
        from copier._settings import SettingsModel

    # Its own settings, not the user's: the blueprint says everything that a service is made from.
    return Worker(
        src_path=url,
        dst_path=destination,
        vcs_ref=version,
        data=dict(values),
        defaults=True,
        quiet=True,
        overwrite=True,
        settings=SettingsModel(),
    )


def copy_worker(first: Worker, destination: Path, values: Mapping[str, Any]) -> Worker:
    """A worker that shares the template and the environment of another one."""
    other = make_worker(first.template.url, destination, values)
    other.__dict__.update(
        template=first.template,
        jinja_env=first.jinja_env,
        # It would run git for every file, to look into an index that a new folder has not.
        _sync_git_index_executable_bit=_do_nothing,
    )
    return other


def prepare(one: Worker) -> None:
    """Makes the template's environment of Jinja; raises TemplateError where it would run code."""
    from trellis.template import bytecode_cache

    _refuse_code(one)
    for name in _MACHINE_FILTERS:
        one.jinja_env.filters.pop(name, None)
    version = importlib.metadata.version("copier")
    bytecode_cache.enable(one.jinja_env, version, sorted(one.template.envops.items()))


def _refuse_code(one: Worker) -> None:
    settings = one.template.config_data
    if found := [f"_{name}" for name in CODE_SETTINGS if settings.get(name)]:
        raise TemplateError(
            f"this template runs code of its own ({', '.join(found)}), which Trellis never does",
            where=one.template.url,
            fix="use a template without them; what Copier's settings trust makes no difference",
        )


def check_out(one: Worker, store: Path, folder: Path) -> None:
    """Gives the worker its template out of a repository on this machine.

    Copier would mirror it first, and look for submodules, which takes most of its time.
    """
    from copier._vcs import get_latest_tag

    wanted = one.template.ref or get_latest_tag(str(store))
    borrow = ["--shared"] if store.is_dir() else []
    target = ["--", str(store), str(folder)]
    git.git(store.parent, "clone", "--quiet", "--no-checkout", *borrow, *target, isolated=True)
    commit = _find_commit(folder, wanted) or _find_commit(folder, f"refs/remotes/origin/{wanted}")
    if not commit:
        what = f"there is no version {wanted} of the template"
        raise MissingVersionError(what, fix="use another one")
    git.git(folder, "checkout", "--quiet", "--force", "--detach", commit, isolated=True)
    one.template.__dict__["local_abspath"] = folder.resolve()


def _find_commit(folder: Path, name: str) -> str:
    words = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
    found = git.run(folder, *words, codes=(0, 1, 128), isolated=True)
    return found.decode().strip()


def check(one: Worker, address: str) -> None:
    """Raises TemplateError where there is no template, or it leads out of its folder."""
    fix = "check the address: --template, TRELLIS_TEMPLATE, or _src_path in .copier-answers.yml"
    try:
        root = one.template.local_abspath
    except ValueError as error:
        raise TemplateError("there is no such folder", where=address, fix=fix) from error
    containment.check_template(root)
    if not any(path.is_file() for path in root.glob("copier.y*ml")):
        raise TemplateError("this is not a template: it has no copier.yml", where=address, fix=fix)


def clean_up(one: Worker) -> None:
    """Removes the worker's clone."""
    with contextlib.suppress(OSError):
        one.template._cleanup()  # noqa: SLF001


def _do_nothing(*_: object) -> None:
    pass


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what Copier, Jinja and git raise into TemplateError."""
    from copier.errors import CopierError
    from jinja2 import TemplateError as JinjaError
    from plumbum import ProcessExecutionError

    try:
        yield
    except ProcessExecutionError as error:
        if machine := MachineError.find_in(str(error.stderr)):
            raise machine from error
        said = [line for line in str(error.stderr).splitlines() if line.strip()]
        what = f"git could not get the template: {said[-1] if said else 'no reason given'}"
        raise TemplateError(what, fix="check the address, and that git can reach it") from error
    except FileNotFoundError as error:
        what = f"the template cannot be rendered: the link {error.filename} has no target"
        raise TemplateError(what, fix="correct the link in the template") from error
    except (CopierError, JinjaError, ValueError, TypeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise TemplateError(
            f"the template cannot be rendered: {reason}",
            where=_find_spot(error),
            fix="this is the template's fault, not yours: please report it",
        ) from error


def _find_spot(error: Exception) -> str:
    """The line of a template file that an error comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    rendered = [frame for frame in frames if frame.filename.endswith(".jinja")]
    return f"{rendered[-1].filename}, line {rendered[-1].lineno}" if rendered else ""
