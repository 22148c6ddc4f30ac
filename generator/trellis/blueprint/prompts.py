"""Asks for what was not given. A rule's message appears below the answer that it is about."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trellis.blueprint.questions import Question
from trellis.blueprint.shorthand import format_resource, parse_resource
from trellis.blueprint.sources import normalize, normalize_answers
from trellis.errors import BlueprintError, Problem, escape

Validate = Callable[[Mapping[str, Any]], list[Problem]]

_RESOURCE_EXAMPLE = "post title:string:200 author:ref:user"


def ask(
    questions: Sequence[Question],
    given: Mapping[str, Any],
    defaults: Mapping[str, Any],
    validate: Validate,
) -> dict[str, Any]:
    """The given values and the answers; raises KeyboardInterrupt when the user leaves."""
    answers = dict(given)
    for question in questions:
        if question.name in given:
            continue
        proposal = defaults[question.name]
        if question.name == "resources":
            answers[question.name] = _ask_resources(question, answers, proposal, validate)
        elif question.type in {"yaml", "json"}:
            answers[question.name] = proposal
        else:
            answers[question.name] = _ask_one(question, answers, proposal, validate)
    return answers


def confirm(text: str, show: Callable[[], None] | None = None, *, default: bool = True) -> bool:
    """A last yes or no; `d` shows the difference first, as often as it is asked for."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @keys.add("<any>")
    def _(event: KeyPressEvent) -> None:
        if event.data.lower() in ("ynd" if show else "yn"):
            event.app.exit(result=event.data.lower())

    keys.add("c-m", eager=True)(lambda event: event.app.exit(result="y" if default else "n"))
    choices = ("Y/n" if default else "y/N") + ("/d, d shows the difference" if show else "")
    session: PromptSession[str] = PromptSession(key_bindings=keys)
    while (answer := session.prompt(f"? {text} ({choices}) ")) == "d" and show:
        show()
    return answer == "y"


def _ask_one(
    question: Question, answers: Mapping[str, Any], proposal: Any, validate: Validate
) -> Any:
    import questionary
    from questionary import Choice

    message = question.help or question.name
    if question.type == "bool":
        return questionary.confirm(message, default=bool(proposal)).unsafe_ask()
    if question.choices:
        choices = [Choice(title, value=value) for title, value in question.choices]
        return questionary.select(message, choices=choices, default=proposal).unsafe_ask()

    def check(text: str) -> bool | str:
        trial = normalize_answers({**answers, question.name: text}, [question])
        return _find_complaint(validate({**answers, **trial}), question.name)

    text = questionary.text(message, default=str(proposal), validate=check).unsafe_ask()
    return normalize_answers({question.name: text}, [question])[question.name]


def _ask_resources(
    question: Question, answers: Mapping[str, Any], proposal: Any, validate: Validate
) -> Any:
    import questionary

    shown = ", ".join(format_resource(item) or str(item) for item in proposal) or "nothing"
    chosen: dict[str, Any] = {}

    def resources() -> Any:
        return list(chosen.values()) if chosen else proposal

    def check(text: str) -> bool | str:
        if not text.strip():
            return _find_complaint(validate({**answers, "resources": resources()}), "resources")
        try:
            parsed = normalize(parse_resource(text))
        except BlueprintError as error:
            return escape(f"{error.what}; {error.fix}")
        trial = list({**chosen, parsed["name"]: parsed}.values())
        place = f"resources[{trial.index(parsed)}]"
        problems = validate({**answers, "resources": trial})
        # What it refers to may come later; the empty line asks again.
        own = [p for p in problems if p.where.startswith(place) and not p.where.endswith(".to")]
        return _find_complaint(own, place)

    message = (
        f"{question.help or question.name}\n"
        f"  One a line, such as {_RESOURCE_EXAMPLE}; an empty line ends the list.\n"
        f"  If the first is empty: {shown}\n "
    )
    while text := questionary.text(message, validate=check).unsafe_ask().strip():
        parsed = normalize(parse_resource(text))
        chosen[parsed["name"]] = parsed
        message = "And?"
    return resources()


def _find_complaint(problems: Sequence[Problem], place: str) -> bool | str:
    own = [problem for problem in problems if problem.where.startswith(place)]
    if not own:
        return True
    said = str(own[0]) if "[" in own[0].where else own[0].what
    return escape(said + (f" (and {len(own) - 1} more)" if len(own) > 1 else ""))
