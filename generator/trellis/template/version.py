"""One version of a template: its questions, its rules, its rendering."""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trellis import locks
from trellis.blueprint.questions import Question
from trellis.errors import Problem, TemplateError
from trellis.signals import silence
from trellis.template import containment, copier_adapter, source, validators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from trellis.template.copier_adapter import Worker

    Environment = Callable[[], AbstractContextManager[None]]


class Template:
    """One version of a template, on disk."""

    def __init__(self, worker: Worker, environment: Environment) -> None:
        self._worker = worker
        self._git_environment = environment
        copier_adapter.prepare(worker)
        self.questions = tuple(
            Question.read(name, details)
            for name, details in worker.template.questions_data.items()
            if details.get("when") is not False
        )
        self.data = {
            name: details.get("default")
            for name, details in worker.template.questions_data.items()
            if details.get("when") is False and not isinstance(details.get("default"), str)
        }
        self._rules = validators.Rules(worker.jinja_env, self.questions, self.data)
        self.version = worker.template.commit
        self.release: Any = worker.template.version
        self.remark = ""
        self.root = Path(worker.template.local_abspath)

    def complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """An answer to each question: the value, else the default.

        A default may look at answers to questions that are no longer asked, as with Copier.
        """
        return self._rules.complete(values)

    def validate(self, values: Mapping[str, Any]) -> list[Problem]:
        """What the template's own rules say against the values, completed."""
        with copier_adapter.translate_errors():
            return self._rules.validate(values)

    def render(self, values: Mapping[str, Any], destination: Path) -> None:
        """Renders the blueprint into `destination`; raises TemplateError."""
        worker = copier_adapter.copy_worker(self._worker, destination, values)
        with self._git_environment(), silence(), copier_adapter.translate_errors():
            worker.run_copy()
        containment.check_rendering(destination)

    def call_macro(self, file: str, name: str, *values: Any) -> str:
        """What a macro of the template makes of the values; raises TemplateError."""
        from jinja2 import TemplateNotFound

        path = f"template/macros/{file}.jinja"
        with copier_adapter.translate_errors():
            try:
                template = self._worker.jinja_env.get_template(path)
                found = getattr(template.make_module(self.data), name)
            except (TemplateNotFound, AttributeError) as error:
                what = f"version {self.version} of the template has no {name} in {path}"
                raise TemplateError(what, fix="take a newer one first: trellis update") from error
            return str(found(*values))


@contextlib.contextmanager
def open_template(address: str | None = None, version: str | None = None) -> Iterator[Template]:
    """A version of the template at `address` (ours by default): the newest release, else HEAD."""
    if shutil.which("git") is None:
        raise TemplateError("git is not installed", fix="install git; it holds the template")
    with locks.make_temporary() as scratch:
        origin = source.find_source(address, scratch)
        environment = functools.partial(source.git_environment, origin)
        with environment(), silence(), copier_adapter.translate_errors():
            worker = copier_adapter.make_worker(origin.url, scratch / "nowhere", {}, version)
            try:
                if origin.store:
                    copier_adapter.check_out(worker, origin.store, scratch / "checkout")
                copier_adapter.check(worker, origin.url)
                template = Template(worker, environment)
            except BaseException:
                copier_adapter.clean_up(worker)
                raise
        template.remark = origin.remark
        try:
            yield template
        finally:
            copier_adapter.clean_up(worker)


@functools.cache
def load_directory(root: Path) -> Template:
    """The template as it lies in a directory, without git: the fast way for many renderings."""
    worker = copier_adapter.make_worker(source.URL, root / "nowhere", {})
    worker.template.__dict__.update(vcs=None, commit=None, local_abspath=root.resolve())
    return Template(worker, contextlib.nullcontext)


@functools.cache
def open_own() -> Template:
    """Our own template as it lies on disk."""
    if root := source.find_checkout():
        return load_directory(root)
    # Of a bundle, a copy that outlives git's: it is gone when the process ends.
    copy = _KEPT.enter_context(locks.make_temporary())
    with open_template() as template:
        shutil.copytree(template.root, copy / "template")
    return load_directory(copy / "template")


_KEPT = contextlib.ExitStack()
atexit.register(_KEPT.close)
