"""Settings, from environment variables and the file .env."""

import os
import re
import sys
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url

from app import dialect

Environment = Literal["production", "development", "test"]

# The passwords of .env.example and of tutorials: production refuses them.
EXAMPLES = ("password", "postgres", "changeme")


def default_environment() -> Environment:
    """Production, unless `fastapi dev` runs the service."""
    if os.environ.get("FASTAPI_ENV") == "development":
        return "development"
    return "production"


# A wildcard needs two labels: *.com is refused. *.co.uk is accepted, although everyone can
# register a domain below it.
HOST = r"\*(\.[a-z0-9_-]+){2,}|[a-z0-9_.-]+|\[[0-9a-f:.]+\]"
ORIGIN = r"\*|https?://[^/*]+"


def split_list(value: str | list[str], pattern: str, example: str) -> list[str]:
    """Splits the value of an environment variable at commas."""
    items = value.split(",") if isinstance(value, str) else value
    items = [item.strip().lower() for item in items if item.strip()]
    for item in items:
        if not re.fullmatch(pattern, item):
            raise ValueError(f"{item!r} is not like {example}")
    return items


class DatabaseSettings(BaseSettings):
    """The settings that migrations need. DATABASE_URL sets `database_url`, and so on."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
    )

    environment: Environment = Field(default_factory=default_environment)
    database_url: str = dialect.DEFAULT_URL
    # Each process has at most this many connections for transactions (SQLite: one), and as
    # many for reads.
    database_pool_size: int = Field(default=10, ge=1)

    @classmethod
    def load(cls) -> Self:
        """Reads the settings. Exits with one line for each setting that is not valid."""
        try:
            return cls()
        except ValidationError as error:
            sys.exit(explain(error))

    @property
    def in_production(self) -> bool:
        return self.environment == "production"

    @field_validator("database_url")
    @classmethod
    def check_database_url(cls, value: str) -> str:
        return dialect.check_url(value) if value else value

    @model_validator(mode="after")
    def is_safe(self) -> Self:
        """Refuses development defaults in production."""
        problems = list(self.dangers()) if self.in_production else []
        if self.environment == "development" and not self.database_url:
            problems.append("DATABASE_URL: is not set")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def dangers(self) -> Iterator[str]:
        if "database_url" not in self.model_fields_set:
            yield "DATABASE_URL: is not set"
        if self.database_url and make_url(self.database_url).password in EXAMPLES:
            yield "DATABASE_URL: has the password of an example"


class Settings(DatabaseSettings):
    """Every setting of the service."""

    # Outside of production, an empty list allows every host.
    allowed_hosts: Annotated[list[str], NoDecode] = []
    cors_origins: Annotated[list[str], NoDecode] = []
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    max_body_size: int = Field(default=262_144, ge=1)  # bytes
    body_timeout: float = Field(default=30, gt=0)  # seconds

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def split_hosts(cls, value: str | list[str]) -> list[str]:
        return split_list(value, HOST, "api.example.com or *.example.com")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def split_origins(cls, value: str | list[str]) -> list[str]:
        return split_list(value, ORIGIN, "https://www.example.com")

    def dangers(self) -> Iterator[str]:
        yield from super().dangers()
        if not self.allowed_hosts:
            yield "ALLOWED_HOSTS: is not set"
        if "*" in self.cors_origins:
            yield "CORS_ORIGINS: must name sites, not *"


def explain(error: ValidationError) -> str:
    lines = ["The service cannot start:"]
    for item in error.errors(include_url=False, include_input=False):
        name = "".join(f"{str(part).upper()}: " for part in item["loc"][:1])
        lines += (name + item["msg"].removeprefix("Value error, ")).splitlines()
    lines.append("(ENVIRONMENT is production unless set: see .env.example.)")
    return "\n  ".join(lines)
