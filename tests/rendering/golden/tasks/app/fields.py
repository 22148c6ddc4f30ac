"""What every schema has, and the values that it takes."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

Id = Annotated[int, Field(gt=0, lt=2**63)]

# Databases cannot store NUL in text.
Str = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class Schema(BaseModel):
    """What clients send: nothing unknown, and no value in place of another type's."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def take_whole_numbers(cls, value: Any) -> Any:
        """JSON has one kind of number: 1.0 is an integer, too."""
        return int(value) if isinstance(value, float) and value.is_integer() else value


class ReadSchema(BaseModel):
    """What clients receive."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
