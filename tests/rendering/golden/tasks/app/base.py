"""The base class of all tables, and column types."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

# Names for all constraints, so that migrations can refer to them on every database.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite generates keys only in a column of the type INTEGER, which has 64 bits there.
KeyColumn = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


@event.listens_for(sa.Table, "before_parent_attach")
def autoincrement(table: sa.Table, _: object) -> None:
    """Without AUTOINCREMENT, SQLite gives the id of a deleted row to a new one."""
    table.dialect_options["sqlite"]["autoincrement"] = True


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class UTCDateTime(sa.TypeDecorator[dt.datetime]):
    """A moment in UTC. SQLite stores no time zone; the sessions of Postgres are in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: dt.datetime | None, dialect: sa.Dialect
    ) -> dt.datetime | None:
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(
        self, value: dt.datetime | None, dialect: sa.Dialect
    ) -> dt.datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=dt.UTC)


class Base(DeclarativeBase):
    """Every table has these columns."""

    metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)

    id: Mapped[int] = mapped_column(KeyColumn, sa.Identity(), primary_key=True)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=utc_now)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=utc_now, onupdate=utc_now)
    version: Mapped[int] = mapped_column()

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        """The ORM increments the version of a row with each UPDATE. The ETag is that number."""
        return {"version_id_col": cls.version}
