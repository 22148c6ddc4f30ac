"""Where a blueprint's values come from: a file, `-d`, flags; which of them wins, and its type."""

import datetime as dt
import stat
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trellis.blueprint.questions import Question
from trellis.blueprint.shorthand import parse_resource
from trellis.errors import BlueprintError, Problem, UsageError
from trellis.names import not_one_of

MAX_BYTES = 1_000_000
MAX_VALUES = 50_000
MAX_NUMBER = 10**40
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass
class GivenValues:
    """Values and, for the message of a refusal, where each was given."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def add(self, values: Mapping[str, Any], source: str) -> None:
        """Later layers win."""
        self.values.update(values)
        self.sources.update(dict.fromkeys(map(str, values), source))

    def find_sources(self, problems: Sequence[Problem]) -> str:
        """Where the values were given that the problems are about."""
        keys = {problem.key for problem in problems} & self.sources.keys()
        return ", ".join(sorted({self.sources[key] for key in keys}))


def load(path: Path) -> dict[str, Any]:
    """The mapping that a blueprint file holds."""
    where = str(path)
    document = parse_yaml(_read(path), where)
    if not isinstance(document, dict):
        raise BlueprintError(
            "a blueprint is a mapping of keys to values",
            where=where,
            fix="begin with a line such as: project_name: Blog API",
        )
    return document


def parse_yaml(text: str, where: str) -> Any:
    """YAML as Copier reads it, except that a key given twice is an error."""
    import yaml

    from trellis.blueprint.strict_yaml import Loader

    try:
        value = yaml.load(text, Loader=Loader)  # noqa: S506 - a SafeLoader
        return normalize(value)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        spot = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = f"the text is not valid YAML: {error.problem or error.context}"
        raise BlueprintError(what, where=where + spot, fix="correct the file") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else "nested too deeply"
        raise BlueprintError(f"the text is not valid YAML: {reason}", where=where) from error


def parse_assignments(
    items: Sequence[str], questions: Sequence[Question], flag: str = "-d "
) -> dict[str, Any]:
    """The values of `-d KEY=VALUE`, each read as its question's type asks."""
    types = {question.name: question.type for question in questions}
    values: dict[str, Any] = {}
    for item in items:
        key, equals, text = item.partition("=")
        if not equals:
            raise UsageError(f"{flag}{item!r} has no value", fix=f"write: {flag}KEY=VALUE")
        if key in values:
            raise UsageError(f"{flag}{key} is given twice", fix="keep one of them")
        values[key] = _parse_typed(text, types.get(key, "str"), key)
    return values


def parse_resources(words: Sequence[str], given: GivenValues) -> list[dict[str, Any]]:
    """The resources of `-r`, after those that a file or `-d` gives."""
    parsed, refusals = [], []
    for text in words:
        try:
            parsed.append(parse_resource(text))
        except BlueprintError as error:
            refusals.append(error)
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        raise BlueprintError.from_problems(
            [Problem("", f"{e.what}; {e.fix}") for e in refusals], where="-r"
        )
    before = given.values.get("resources", [])
    if not isinstance(before, list):
        return parsed
    seen = [item.get("name") for item in before if isinstance(item, dict)]
    for resource in parsed:
        if resource["name"] in seen:
            raise BlueprintError(
                f"the resource {resource['name']!r} is given twice",
                where="-r",
                fix="give each resource once, in the file or with -r",
            )
        seen.append(resource["name"])
    return [*before, *parsed]


def normalize(value: Any) -> Any:
    """Texts in NFC, dates as ISO texts; ValueError for more values than a blueprint may have."""
    budget = [MAX_VALUES]

    def walk(item: Any) -> Any:
        budget[0] -= 1
        if budget[0] < 0:
            raise ValueError(f"more than {MAX_VALUES} values")
        if isinstance(item, dict):
            return {walk(key): walk(entry) for key, entry in item.items()}
        if isinstance(item, (list, tuple)):
            return [walk(entry) for entry in item]
        if isinstance(item, int) and abs(item) >= MAX_NUMBER:
            raise ValueError("a number of more than 40 digits")
        if isinstance(item, (dt.date, dt.datetime)):
            return item.isoformat()
        return unicodedata.normalize("NFC", item) if isinstance(item, str) else item

    return walk(value)


def normalize_answers(values: Mapping[str, Any], questions: Sequence[Question]) -> dict[str, Any]:
    """The values in the order of the questions, texts composed and trimmed."""
    result = {}
    for question in questions:
        if question.name in values:
            value = normalize(values[question.name])
            result[question.name] = value.strip() if isinstance(value, str) else value
    return result


def find_type_problems(given: GivenValues, questions: Sequence[Question]) -> list[Problem]:
    """Unknown keys, and values of another type than the question's."""
    by_name = {question.name: question for question in questions}
    problems = []
    for key, value in given.values.items():
        if key not in by_name:
            problems.append(Problem(str(key), not_one_of(str(key), by_name, "is not a known key")))
        elif complaint := by_name[key].find_complaint(value):
            problems.append(Problem(key, complaint))
    return problems


def check_types(given: GivenValues, questions: Sequence[Question]) -> None:
    """Raises BlueprintError for unknown keys, and for values of a wrong type."""
    if problems := find_type_problems(given, questions):
        raise BlueprintError.from_problems(problems, where=given.find_sources(problems))


def get_running_python() -> str:
    """The version that Trellis runs on, such as 3.13."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _parse_typed(text: str, kind: str, key: str) -> Any:
    if kind == "bool":
        return _BOOLEANS.get(text.casefold(), text)
    return parse_yaml(text, f"-d {key}") if kind in {"yaml", "json"} else text


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if stat.S_ISDIR(path.stat().st_mode):
                raise IsADirectoryError
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = {
            FileNotFoundError: "there is no such file",
            IsADirectoryError: "this is a directory",
        }
        what = reason.get(type(error), f"the file cannot be read: {error.strerror or error}")
        raise BlueprintError(what, where=str(path), fix="name a blueprint file") from error
    if len(data) > MAX_BYTES:
        raise BlueprintError(f"the file is larger than {MAX_BYTES:,} bytes", where=str(path))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        spot = f"byte {error.start + 1}"
        raise BlueprintError("the file is not UTF-8 text", where=f"{path}, {spot}") from error
