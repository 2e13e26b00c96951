"""Databases by name: definitions say `db://bank/public.orders`, the machine says where `bank` is."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from workbench.errors import DataError, DefinitionError

_SOURCE = re.compile(r"db://([A-Za-z_][A-Za-z0-9_]*)/([^/;\"'`\s]+)")
PREFIX = "WORKBENCH_DATABASE_"


@dataclass(frozen=True)
class RemoteTable:
    """A table (`schema.table` or `table`) of a named database."""

    database: str
    table: str

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.table.split("."))


def is_remote(source: str) -> bool:
    """Whether a source names a table of a database rather than a file."""
    return source.startswith("db://")


def remote_table(source: str, where: str) -> RemoteTable:
    """The parts of `db://NAME/TABLE`. Raises WB-T80 for another shape."""
    match = _SOURCE.fullmatch(source)
    if match is None or not all(match[2].split(".")):
        raise DefinitionError(
            "WB-T80",
            f"{where}: {source!r} names no table of a database.",
            "Write db://NAME/schema.table; the address of NAME is a setting of the machine.",
        )
    return RemoteTable(match[1], match[2])


def address(database: str) -> str:
    """The address behind a name: `WORKBENCH_DATABASE_<NAME>`. Raises WB-T81 where it is not set."""
    setting = f"{PREFIX}{database.upper()}"
    url = os.environ.get(setting, "")
    if not url:
        raise DataError(
            "WB-T81",
            f"the database '{database}' has no address: {setting} is not set.",
            f"Set {setting} to postgresql://user@host/db, or duckdb:///folder/file.duckdb.",
        )
    if not url.startswith(("postgresql://", "postgres://", "duckdb:///", "spark://catalog")):
        raise DataError(
            "WB-T81",
            f"{setting} begins with '{url.partition('://')[0]}', which is no kind of database that is known.",
            "Known: postgresql://user@host/db, duckdb:///folder/file.duckdb, spark://catalog (with engine: spark).",
        )
    return url


def remote_url_is_postgres(database: str) -> bool:
    """Whether the named database is a PostgreSQL server."""
    return address(database).startswith("postgres")
