"""Settings, from the environment and then from the file .env."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

Environment = Literal["production", "development", "test"]

# In memory, each connection would have a database of its own.
NOT_SHARED = (None, "", ":memory:")


def default_environment() -> Environment:
    """Nobody is in development by mistake: `fastapi dev` says so, or ENVIRONMENT."""
    if os.environ.get("FASTAPI_ENV") == "development":
        return "development"
    return "production"


def backend(url: str) -> str | None:
    """Which database a URL is about, if it is one."""
    with suppress(ArgumentError, ValueError):
        return make_url(url).get_backend_name()
    return None


def list_of(pattern: str, example: str) -> BeforeValidator:
    """A list, in the environment with commas between its items."""

    def check(value: str | list[str]) -> list[str]:
        items = value.split(",") if isinstance(value, str) else value
        items = [item.strip().lower() for item in items if item.strip()]
        for item in items:
            if not re.fullmatch(pattern, item):
                raise ValueError(f"{item!r} is not like {example}")
        return items

    return BeforeValidator(check)


Hosts = Annotated[
    list[str],
    NoDecode,
    list_of(r"(\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\]", "api.example.com or *.example.com"),
]
Origins = Annotated[
    list[str],
    NoDecode,
    list_of(r"\*|https?://[^/*]+", "https://www.example.com"),
]


class DatabaseSettings(BaseSettings):
    """What migrations need, too. DATABASE_URL sets `database_url`, and so on."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
    )

    environment: Environment = Field(default_factory=default_environment)
    database_url: str = "sqlite:///app.db"

    @classmethod
    def load(cls) -> Self:
        """What is wrong with them ends the process, with a line for each."""
        try:
            return cls()
        except ValidationError as error:
            lines = ["The service cannot start:"]
            for item in error.errors(include_url=False, include_input=False):
                name = "".join(f"{str(part).upper()}: " for part in item["loc"][:1])
                lines += (name + item["msg"].removeprefix("Value error, ")).splitlines()
            lines.append("(ENVIRONMENT is production unless set: see .env.example.)")
            sys.exit("\n  ".join(lines))

    @property
    def in_production(self) -> bool:
        return self.environment == "production"

    @field_validator("database_url")
    @classmethod
    def is_a_url(cls, value: str) -> str:
        if backend(value) != "sqlite" or make_url(value).database in NOT_SHARED:
            raise ValueError("is not like sqlite:///app.db")
        return value

    @model_validator(mode="after")
    def is_safe(self) -> Self:
        """What is handy in development must not be what a mistake in production leads to."""
        if self.in_production and (dangers := list(self.dangers())):
            raise ValueError("\n".join(dangers))
        return self

    def dangers(self) -> Iterator[str]:
        if "database_url" not in self.model_fields_set:
            yield "DATABASE_URL: is not set"


class Settings(DatabaseSettings):
    """Every setting of the service."""

    allowed_hosts: Hosts = []  # outside of production, none means any
    cors_origins: Origins = []
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    max_body_size: int = Field(default=1_048_576, ge=1)  # bytes
    shutdown_delay: float = Field(default=3, ge=0)  # seconds
    shutdown_timeout: int = Field(default=20, ge=1)  # seconds

    def dangers(self) -> Iterator[str]:
        yield from super().dangers()
        if not self.allowed_hosts:
            yield "ALLOWED_HOSTS: is not set"
        if "*" in self.cors_origins:
            yield "CORS_ORIGINS: must name sites, not *"
