"""Which blueprint the command line asks for, down to the last default."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trellis.blueprint import prompts, sources
from trellis.errors import BlueprintError, Problem
from trellis.names import name_project
from trellis.service.destination import Destination
from trellis.template.version import Template


@dataclass(frozen=True)
class Request:
    """The parameters of `trellis new`."""

    destination: str
    flags: Mapping[str, Any]
    resources: Sequence[str] = ()
    blueprint: Path | None = None
    data: Sequence[str] = ()
    template: str | None = None
    yes: bool = False
    git: bool = True
    install: bool = True
    dry_run: bool = False
    json: bool = False


def resolve(
    request: Request,
    place: Destination,
    template: Template,
    flags: Mapping[str, str],
    *,
    asks: bool,
) -> dict[str, Any]:
    """The blueprint: defaults < file < -d < flags < answers at the prompts."""
    questions = template.questions
    given = sources.GivenValues()
    if request.blueprint:
        given.add(sources.load(request.blueprint), str(request.blueprint))
    given.add(sources.parse_assignments(request.data, questions), "-d")
    for key, value in request.flags.items():
        given.add({key: value}, flags[key])
    if request.resources:
        given.add({"resources": sources.parse_resources(request.resources, given)}, "-r")
    mistyped = sources.find_type_problems(given, questions)
    wrong = {problem.key for problem in mistyped}
    fit = {key: value for key, value in given.values.items() if key not in wrong}
    values = sources.normalize_answers(fit, questions)
    defaults = _propose(place, template)
    complete = sources.normalize_answers({**defaults, **values}, questions)
    problems = [*mistyped, *(p for p in template.validate(complete) if p.key not in wrong)]
    if asks:
        _refuse([p for p in problems if p.key in given.values], given)
        values = prompts.ask(questions, values, defaults, template.validate)
        complete = sources.normalize_answers(values, questions)
        problems = template.validate(complete)
    _refuse(problems, given)
    return complete


def _propose(place: Destination, template: Template) -> dict[str, Any]:
    """The template's defaults, with the folder's name and the running Python where they fit."""
    defaults = template.complete({})
    if "project_name" in defaults:
        defaults["project_name"] = name_project(place.path.name)
    running = sources.get_running_python()
    offered = next((q.values for q in template.questions if q.name == "python_version"), ())
    if running in offered:
        defaults["python_version"] = running
    return defaults


def _refuse(problems: Sequence[Problem], given: sources.GivenValues) -> None:
    if not problems:
        return
    unnamed = "project_name" not in given.values
    from_folder = unnamed and any(problem.key == "project_name" for problem in problems)
    fix = "give the project a name of its own: --name 'Blog API'" if from_folder else ""
    raise BlueprintError.from_problems(problems, where=given.find_sources(problems), fix=fix)
