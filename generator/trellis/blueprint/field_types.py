"""The field types and modifiers that the shorthand knows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldType:
    """A type, and the keys that the arguments after its name fill, in order."""

    name: str
    summary: str
    example: str
    arguments: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


_BOUNDS = ("minimum", "maximum")
FIELD_TYPES = (
    FieldType("string", "short text", "title:string:200", ("max_length",), ("min_length",)),
    FieldType("text", "long text", "body:text:optional", ("max_length",)),
    FieldType("integer", "a whole number", "age:integer:min=0:max=150", (), _BOUNDS),
    FieldType("float", "a floating-point number", "weight:float:optional", (), _BOUNDS),
    FieldType("decimal", "an exact number", "price:decimal:10,2", ("precision", "scale"), _BOUNDS),
    FieldType("boolean", "true or false", "done:boolean:default=false"),
    FieldType("date", "a day", "born:date:optional"),
    FieldType("datetime", "a moment, in UTC", "placed_at:datetime:index"),
    FieldType("uuid", "a UUID", "external_id:uuid:unique"),
    FieldType("email", "an e-mail address", "email:email:unique"),
    FieldType("url", "a web address", "homepage:url:optional"),
    FieldType("json", "any JSON value", "attributes:json:default={}"),
    FieldType("enum", "one of a closed list", "role:enum:admin,editor:default=editor", ("values",)),
    FieldType("reference", "another resource", "author:ref:user:cascade", ("to", "on_delete")),
)
ALIASES = {"ref": "reference"}
MODIFIERS = {
    "optional": "may be missing",
    "unique": "no two rows share a value",
    "index": "lists can be filtered and sorted by it",
}
OPTIONS = ("default", "minimum", "maximum", "min_length", "max_length")
ON_DELETE = ("restrict", "cascade", "set_null")
