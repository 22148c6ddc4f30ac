"""Prints the tables of a database as JSON, without differences between dialects."""

import asyncio
import json
import sys
from typing import Any

import sqlalchemy as sa
from app.dialect import make_engine
from app.settings import Settings

# On SQLite, decimals are integers, UUIDs are text, and datetimes have no time zone.
FAMILIES = {
    "BIGINT": "number",
    "BOOLEAN": "boolean",
    "CHAR": "uuid",
    "DATE": "date",
    "DATETIME": "moment",
    "DOUBLE": "float",
    "DOUBLE_PRECISION": "float",
    "INTEGER": "number",
    "JSON": "json",
    "JSONB": "json",
    "NUMERIC": "number",
    "TEXT": "text",
    "TIMESTAMP": "moment",
    "UUID": "uuid",
    "VARCHAR": "string",
}


def describe(connection: sa.Connection) -> dict[str, Any]:
    inspector = sa.inspect(connection)
    return {name: table(inspector, name) for name in sorted(inspector.get_table_names())}


def table(inspector: sa.Inspector, name: str) -> dict[str, Any]:
    uniques = inspector.get_unique_constraints(name)
    own = {constraint["name"] for constraint in uniques}
    return {
        "columns": [column(details) for details in inspector.get_columns(name)],
        "primary key": inspector.get_pk_constraint(name)["constrained_columns"],
        "uniques": sorted([one["name"], one["column_names"]] for one in uniques),
        "checks": sorted(str(one["name"]) for one in inspector.get_check_constraints(name)),
        "references": sorted(
            [
                one["name"],
                one["constrained_columns"],
                one["referred_table"],
                one["options"].get("ondelete", "NO ACTION"),
            ]
            for one in inspector.get_foreign_keys(name)
        ),
        "indexes": sorted(
            [one["name"], one["column_names"], bool(one["unique"])]
            for one in inspector.get_indexes(name)
            if one["name"] not in own
        ),
    }


def column(details: Any) -> list[Any]:
    kind = details["type"]
    length = getattr(kind, "length", None) if FAMILIES[kind.__visit_name__] == "string" else None
    return [details["name"], FAMILIES[kind.__visit_name__], length, details["nullable"]]


async def describe_async(engine: Any) -> dict[str, Any]:
    async with engine.connect() as connection:
        tables: dict[str, Any] = await connection.run_sync(describe)
    await engine.dispose()
    return tables


def main() -> None:
    engine: Any = make_engine(Settings())
    if hasattr(engine, "sync_engine"):
        tables = asyncio.run(describe_async(engine))
    else:
        with engine.connect() as connection:
            tables = describe(connection)
    json.dump(tables, sys.stdout)


if __name__ == "__main__":
    main()
