"""The types of values that clients send, and the classes of what they send and receive."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

ID = "[1-9][0-9]*"


def check_id(value: object) -> object:
    """Refuses other forms of an id: Pydantic alone ignores white space around it."""
    if isinstance(value, str) and not re.fullmatch(ID, value):
        raise ValueError("Input should be a valid id")
    return value


def add_example(schema: dict[str, Any]) -> None:
    """Without an example, /docs invents text from the pattern."""
    text = "text".ljust(schema.get("minLength", 0), "x")
    schema["examples"] = [text[: schema.get("maxLength")]]


# A key in a path or a query, and in a body, where text is no number.
Id = Annotated[int, Field(gt=0, lt=2**63), BeforeValidator(check_id)]
Reference = Annotated[Id, Field(strict=True)]
# Databases cannot store NUL in text.
Text = Annotated[str, Field(pattern=r"^[^\x00]*$", json_schema_extra=add_example)]
Boolean = Annotated[bool, Field(strict=True)]


# A `MISSING` value is left out of `model_dump()`: PATCH writes only what was sent.
class Schema(BaseModel):
    """What clients send."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def check_fields(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        # Pydantic makes an error of every unknown field, however many there are.
        if len(data) > len(cls.model_fields) + 20:
            raise ValueError("Input has too many fields")
        # JSON has one kind of number: 1.0 is an integer, too.
        whole = {k: int(v) for k, v in data.items() if isinstance(v, float) and v.is_integer()}
        return data | whole


class ReadSchema(BaseModel):
    """What clients receive."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    version: int = Field(exclude=True)  # for the ETag
