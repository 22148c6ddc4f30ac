"""`trellis options`: what can be chosen, for people and for machines."""

from typing import Annotated, Any

import typer

from trellis import console
from trellis.blueprint.field_types import read_vocabulary
from trellis.template.version import open_own


def options(
    *, json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False
) -> None:
    """List the choices, the field types and their modifiers."""
    with console.progress("Reading the template"):
        template = open_own()
        defaults = template.complete({})
    document: dict[str, Any] = {
        "choices": [
            {
                "key": question.name,
                "type": question.type,
                "help": question.help,
                "default": defaults[question.name],
                "values": [
                    {"value": value, "title": titles.get(value, str(value))}
                    for titles in [{value: title for title, value in question.choices}]
                    for value in question.values
                ],
            }
            for question in template.questions
        ],
        "field_types": [
            {
                "name": kind.name,
                "summary": kind.summary,
                "example": kind.example,
                "arguments": list(kind.arguments),
                "options": list(kind.options),
            }
            for kind in read_vocabulary().types.values()
        ],
        "modifiers": [{"name": n, "summary": s} for n, s in read_vocabulary().modifiers.items()],
        "on_delete": list(read_vocabulary().on_delete),
    }
    if json:
        console.say_document(document)
        return
    for line in _format(document):
        console.say(line)


def _format(document: dict[str, Any]) -> list[str]:
    choices = [("choice", "values, the default first", "question")]
    for choice in document["choices"]:
        values = [str(entry["value"]).lower() for entry in choice["values"]]
        free = "a list" if choice["type"] == "yaml" else "text"
        choices.append((choice["key"], ", ".join(values) or free, choice["help"]))
    types = [("field", "on the command line", "what it holds")]
    types += [(kind["name"], kind["example"], kind["summary"]) for kind in document["field_types"]]
    modifiers = [("modifier", "")]
    modifiers += [(entry["name"], entry["summary"]) for entry in document["modifiers"]]
    modifiers.append(("default=…", "what is stored when nothing is given"))
    modifiers.append(("min= max= min_length= max_length=", "bounds"))
    return [
        console.format_table(choices),
        "",
        console.format_table(types),
        "",
        console.format_table(modifiers),
    ]
