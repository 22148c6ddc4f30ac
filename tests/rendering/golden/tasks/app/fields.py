"""The types of fields, and the base classes of request and response bodies."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

ID = "[1-9][0-9]*"


def check_id(value: object) -> object:
    """Refuses other spellings of an id: Pydantic would ignore white space around it."""
    if isinstance(value, str) and not re.fullmatch(ID, value):
        raise ValueError("Input should be a valid id")
    return value


def add_example(schema: dict[str, Any]) -> None:
    """Without an example, /docs shows random characters that match the pattern."""
    text = "text".ljust(schema.get("minLength", 0), "x")
    schema["examples"] = [text[: schema.get("maxLength")]]


# `Id` is a key in a path or a query, `Reference` a key in a body.
Id = Annotated[int, Field(gt=0, lt=2**63), BeforeValidator(check_id)]
Reference = Annotated[Id, Field(strict=True)]
# Databases cannot store NUL in text.
Text = Annotated[str, Field(pattern=r"^[^\x00]*$", json_schema_extra=add_example)]
Boolean = Annotated[bool, Field(strict=True)]


# `model_dump()` leaves `MISSING` values out: PATCH writes only the fields that were sent.
class Schema(BaseModel):
    """The base class of request bodies."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _check_fields(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        # Pydantic would make an error for each of a million unknown fields.
        if len(data) > len(cls.model_fields) + 20:
            raise ValueError("Input has too many fields")
        # JSON has one kind of number: 1.0 is an integer, too.
        whole = {k: int(v) for k, v in data.items() if isinstance(v, float) and v.is_integer()}
        return data | whole


class ReadSchema(BaseModel):
    """The base class of response bodies."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    version: int = Field(exclude=True)  # for the ETag
