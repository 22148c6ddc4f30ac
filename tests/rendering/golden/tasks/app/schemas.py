"""What every schema has, and the values that it takes."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]

# Databases cannot store NUL in text.
Str = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class Schema(BaseModel):
    """Refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
