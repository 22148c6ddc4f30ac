"""Invalid blueprints, each with the place that the message must name."""

import datetime as dt
from typing import Any

Case = tuple[dict[str, Any], str]
Given = dict[str, Any]

TITLE: Given = {"name": "title", "type": "string"}
FIELD = "resources[0].fields[0]"
LONG = "a" * 30


def field(**details: Any) -> Given:
    """A blueprint of one resource with one field."""
    return resource({"name": "title", "type": "string"} | details)


def resource(*fields: Any, **details: Any) -> Given:
    return {"resources": [{"name": "task", "fields": list(fields) or [TITLE]} | details]}


def resources(*names: str) -> Given:
    return {"resources": [{"name": name, "fields": [TITLE]} for name in names]}


def reference(name: str, to: str, **details: Any) -> Given:
    return {"name": name, "type": "reference", "to": to} | details


CASES: dict[str, Case] = {
    # the shape of it
    "resources are a text": ({"resources": "task"}, "resources"),
    "resources are a mapping": ({"resources": {"name": "task"}}, "resources"),
    "resources are null": ({"resources": None}, "resources"),
    "a resource is null": ({"resources": [None]}, "resources[0]"),
    "a resource is a list": ({"resources": [["task"]]}, "resources[0]"),
    "a resource has no name": ({"resources": [{"fields": [TITLE]}]}, "resources[0].name"),
    "a resource has no fields": ({"resources": [{"name": "task"}]}, "resources[0].fields"),
    "fields are null": (resource(fields=None), "resources[0].fields"),
    "fields are none": (resource(fields=[]), "resources[0].fields"),
    "a field is a text": (resource("title"), FIELD),
    "a field is null": (resource(None), FIELD),
    "a field has no name": (resource({"type": "string"}), f"{FIELD}.name"),
    "a field has no type": (resource({"name": "title"}), f"{FIELD}.type"),
    "an unknown key of a resource": (resource(colour="red"), "resources[0]"),
    "an unknown key of a field": (field(colour="red"), FIELD),
    "a key of another type of field": (field(precision=2), FIELD),
    "a key that is null": (field(unique=None), f"{FIELD}.unique"),
    "too many resources": (resources(*(f"task{n}" for n in range(501))), "resources"),
    # names
    "an empty name": (resources(""), "resources[0].name"),
    "a name that is a number": (field(name=7), f"{FIELD}.name"),
    "a name that is true": (field(name=True), f"{FIELD}.name"),
    "a name that is a list": (field(name=["title"]), f"{FIELD}.name"),
    "a capital": (resources("Task"), "resources[0].name"),
    "a dash": (field(name="due-date"), f"{FIELD}.name"),
    "a letter beyond ASCII": (field(name="größe"), f"{FIELD}.name"),
    "a digit of another script": (field(name="a٣"), f"{FIELD}.name"),
    "a newline at the end": (field(name="title\n"), f"{FIELD}.name"),
    "a leading digit": (resources("2fa"), "resources[0].name"),
    "a leading underscore": (field(name="_title"), f"{FIELD}.name"),
    "a trailing underscore": (field(name="title_"), f"{FIELD}.name"),
    "a double underscore": (field(name="a__b"), f"{FIELD}.name"),
    "thirty-one characters": (resources("a" * 31), "resources[0].name"),
    "a bidi override in a name": (field(name="a\u202eb"), f"{FIELD}.name"),
    "a surrogate in a name": (field(name="a\ud800"), f"{FIELD}.name"),
    "a control character in a name": (resources("a\x07b"), "resources[0].name"),
    "a keyword as a resource": (resources("class"), "resources[0].name"),
    "a keyword as a field": (field(name="import"), f"{FIELD}.name"),
    "an imported class as a resource": (resources("field"), "resources[0].name"),
    "what every resource has": (field(name="created_at"), f"{FIELD}.name"),
    "what SQLAlchemy reserves": (field(name="metadata"), f"{FIELD}.name"),
    "what Pydantic reserves": (field(name="model_dump"), f"{FIELD}.name"),
    "what SQLModel reserves": (field(name="sqlmodel_update"), f"{FIELD}.name"),
    "what Postgres reserves": (field(name="ctid"), f"{FIELD}.name"),
    "what paging uses": (field(name="limit", index=True), f"{FIELD}.name"),
    # folders, tables, classes
    "a plural that is a module": (resource(plural="errors"), "resources[0].plural"),
    "a name whose plural is a module": (resources("setting"), "resources[0].plural"),
    "a table of the database's own": (resource(plural="sqlite_x"), "resources[0].plural"),
    "a plural that is a keyword": (resource(plural="class"), "resources[0].plural"),
    "a plural that is null": (resource(plural=None), "resources[0].plural"),
    "a plural that is a list": (resource(plural=["tasks"]), "resources[0].plural"),
    "the same resource twice": (resources("task", "task"), "resources[1]"),
    "the same plural": (
        {"resources": [{"name": n, "plural": "folk", "fields": [TITLE]} for n in ("man", "elf")]},
        "resources[1]",
    ),
    "the same class": (resources("task_read", "task"), "resources[1]"),
    "the same class by underscores": (resources("a_b1", "a_b_1"), "resources[1]"),
    "an enum's class is a schema": (
        field(name="read", type="enum", values=["a"]),
        f"{FIELD}.name",
    ),
    "a field twice": (resource(TITLE, TITLE), "resources[0].fields[1].name"),
    "a reference's column is a field": (
        resource({"name": "task_id", "type": "integer"}, reference("task", "task", optional=True)),
        "resources[0].fields[1].name",
    ),
    "identifiers beyond 63 bytes": (
        {"resources": [{"name": LONG, "fields": [TITLE | {"name": LONG, "unique": True}]}]},
        f"{FIELD}.name",
    ),
    # types
    "no such type": (field(type="varchar"), f"{FIELD}.type"),
    "a type that is null": (field(type=None), f"{FIELD}.type"),
    "a type that is a list": (field(type=["string"]), f"{FIELD}.type"),
    "optional is a word": (field(optional="yes"), f"{FIELD}.optional"),
    "unique is a number": (field(unique=1), f"{FIELD}.unique"),
    "a length of nothing": (field(max_length=0), f"{FIELD}.max_length"),
    "a negative length": (field(min_length=-1), f"{FIELD}.min_length"),
    "a length that is true": (field(max_length=True), f"{FIELD}.max_length"),
    "a length that is a text": (field(max_length="ten"), f"{FIELD}.max_length"),
    "a length that is a fraction": (field(max_length=1.5), f"{FIELD}.max_length"),
    "lengths the wrong way round": (field(min_length=9, max_length=3), f"{FIELD}.min_length"),
    "bounds the wrong way round": (
        field(type="integer", minimum=2, maximum=1),
        f"{FIELD}.maximum",
    ),
    "a bound beyond 64 bits": (field(type="integer", maximum=2**63), f"{FIELD}.maximum"),
    "an infinite bound": (field(type="float", minimum=float("inf")), f"{FIELD}.minimum"),
    "a bound that is no number": (field(type="float", minimum="1"), f"{FIELD}.minimum"),
    "a bound beyond the precision": (
        field(type="decimal", precision=4, scale=2, maximum=100),
        f"{FIELD}.maximum",
    ),
    "more digits than can be exact": (field(type="decimal", precision=19), f"{FIELD}.precision"),
    "more places than digits": (field(type="decimal", precision=2, scale=3), f"{FIELD}.scale"),
    # enums
    "an enum without values": (field(type="enum"), f"{FIELD}.values"),
    "an enum of nothing": (field(type="enum", values=[]), f"{FIELD}.values"),
    "an enum of a text": (field(type="enum", values="abc"), f"{FIELD}.values"),
    "YAML's yes as a value": (field(type="enum", values=[True, "no"]), f"{FIELD}.values"),
    "a number as a value": (field(type="enum", values=[1, 2]), f"{FIELD}.values"),
    "a value twice": (field(type="enum", values=["a", "a"]), f"{FIELD}.values"),
    "values with the same member": (field(type="enum", values=["a-b", "A b"]), f"{FIELD}.values"),
    "a quote in a value": (field(type="enum", values=["it's"]), f"{FIELD}.values"),
    "a value of forty-one characters": (field(type="enum", values=["a" * 41]), f"{FIELD}.values"),
    # references
    "a reference to nothing": (field(type="reference"), f"{FIELD}.to"),
    "a dangling reference": (field(type="reference", to="user"), f"{FIELD}.to"),
    "a reference by the plural": (field(type="reference", to="tasks"), f"{FIELD}.to"),
    "a reference to a number": (field(type="reference", to=1), f"{FIELD}.to"),
    "no such rule": (
        field(type="reference", to="task", optional=True, on_delete="ignore"),
        f"{FIELD}.on_delete",
    ),
    "set_null where null cannot be": (
        {
            "resources": [
                {"name": "task", "fields": [reference("task", "task", on_delete="set_null")]}
            ]
        },
        f"{FIELD}.on_delete",
    ),
    "a row that needs itself": (resource(reference("parent", "task")), "resources"),
    "two that need each other": (
        {
            "resources": [
                {"name": "hen", "fields": [reference("egg", "egg")]},
                {"name": "egg", "fields": [reference("hen", "hen")]},
            ]
        },
        "resources",
    ),
    # unique and index
    "a unique boolean": (field(type="boolean", unique=True), f"{FIELD}.unique"),
    "a unique enum": (field(type="enum", values=["a"], unique=True), f"{FIELD}.unique"),
    "a unique text": (field(type="text", unique=True), f"{FIELD}.unique"),
    "an indexed document": (field(type="json", index=True), f"{FIELD}.index"),
    "an index too wide": (field(max_length=601, index=True), f"{FIELD}.index"),
    "unique among three": (
        field(type="integer", unique=True, minimum=1, maximum=3),
        f"{FIELD}.unique",
    ),
    # defaults
    "a default for a required null": (field(default=None), f"{FIELD}.default"),
    "a number for a text": (field(default=3), f"{FIELD}.default"),
    "a YAML date for a text": (field(default=dt.date(2030, 1, 31)), f"{FIELD}.default"),
    "a list for a text": (field(default=["a"]), f"{FIELD}.default"),
    "a default too long": (field(max_length=3, default="four"), f"{FIELD}.default"),
    "a default too long for a text without max_length": (
        field(type="text", default="x" * 100_001),
        f"{FIELD}.default",
    ),
    "a default too short": (field(min_length=3, default="ab"), f"{FIELD}.default"),
    "two lines": (field(default="a\nb"), f"{FIELD}.default"),
    "a bell": (field(default="a\x07"), f"{FIELD}.default"),
    "a surrogate": (field(default="\ud83d"), f"{FIELD}.default"),
    "a bidi override": (field(default="a\u202eb"), f"{FIELD}.default"),
    "a bidi isolate in a document": (
        field(type="json", default={"a": ["\u2066"]}),
        f"{FIELD}.default",
    ),
    "true for a number": (field(type="integer", default=True), f"{FIELD}.default"),
    "a fraction for a whole number": (field(type="integer", default=1.5), f"{FIELD}.default"),
    "a default below the minimum": (
        field(type="integer", minimum=2, default=1),
        f"{FIELD}.default",
    ),
    "a default above the maximum": (
        field(type="float", maximum=2, default=2.5),
        f"{FIELD}.default",
    ),
    "a default beyond 64 bits": (field(type="integer", default=2**63), f"{FIELD}.default"),
    "not a number": (field(type="float", default=float("nan")), f"{FIELD}.default"),
    "more places than the scale": (field(type="decimal", default=1.234), f"{FIELD}.default"),
    "an exponent": (field(type="decimal", default="1e2"), f"{FIELD}.default"),
    "a word for a truth": (field(type="boolean", default="true"), f"{FIELD}.default"),
    "a day that is not": (field(type="date", default="2030-02-30"), f"{FIELD}.default"),
    "a moment without a zone": (
        field(type="datetime", default="2030-01-31T12:00:00"),
        f"{FIELD}.default",
    ),
    "no UUID": (field(type="uuid", default="7"), f"{FIELD}.default"),
    "no address": (field(type="email", default="ada"), f"{FIELD}.default"),
    "no URL": (field(type="url", default="example.com"), f"{FIELD}.default"),
    "a value that the enum has not": (
        field(type="enum", values=["a"], default="b"),
        f"{FIELD}.default",
    ),
    "a precision that is null beside a default": (
        field(type="decimal", precision=None, default=1),
        f"{FIELD}.precision",
    ),
    "an enum called like a library's class": (
        resource({"name": "numeric", "type": "enum", "values": ["a"]}, name="exact"),
        f"{FIELD}.name",
    ),
    "a default reference": (
        field(type="reference", to="task", optional=True, default=1),
        f"{FIELD}.default",
    ),
    "a document with a date": (
        field(type="json", default={"on": dt.date(2030, 1, 31)}),
        f"{FIELD}.default",
    ),
    "a document with a number for a key": (
        field(type="json", default={1: "a"}),
        f"{FIELD}.default",
    ),
    "a document with an infinity": (
        field(type="json", default=[float("inf")]),
        f"{FIELD}.default",
    ),
    # choices and texts
    "no such api": ({"api": "asnyc"}, "api"),
    "an old Python": ({"python_version": "3.10"}, "python_version"),
    "a list for a truth": ({"docker": [1, 2]}, "docker"),
    "a number for a truth": ({"docker": 1}, "docker"),
    "a Python that is a number": ({"python_version": 3.13}, "python_version"),
    "no name": ({"project_name": ""}, "project_name"),
    "a name of spaces": ({"project_name": " \u3000"}, "project_name"),
    "a name of 129 characters": ({"project_name": "x" * 129}, "project_name"),
    "a name that leaves no slug": ({"project_name": "日本語"}, "project_name"),
    "a control character": ({"project_name": "a\x1b[31mb"}, "project_name"),
    "two lines of description": ({"description": "a\nb"}, "description"),
    "a bidi override in a text": ({"description": "a\u202eb"}, "description"),
    "a bidi isolate in a text": ({"author_name": "a\u2066b"}, "author_name"),
    "a surrogate in a text": ({"author_name": "\udc80"}, "author_name"),
    "a description of 513 characters": ({"description": "x" * 513}, "description"),
    "an address without a domain": ({"author_email": "ada@localhost"}, "author_email"),
    "a quoted local part": ({"author_email": '"a b"@example.com'}, "author_email"),
    "an address beyond ASCII": ({"author_email": "zoë@example.com"}, "author_email"),
    "a local part of 65": ({"author_email": f"{'a' * 65}@example.com"}, "author_email"),
    "a label of 64": ({"author_email": f"a@{'b' * 64}.com"}, "author_email"),
}
