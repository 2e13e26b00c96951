"""What an engine asks of the database under it: DuckDB by default, PostgreSQL in place, Spark for a cluster."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from workbench.errors import DefinitionError, did_you_mean
from workbench.tables.schema import TableSet

KINDS = ("duckdb", "postgres", "spark")


class Database(Protocol):
    """A place that answers compiled queries. Names given to it are the workbench's own; sources are never written.

    Types are told in DuckDB's words (BIGINT, DOUBLE, VARCHAR, TIMESTAMP, DATE, BOOLEAN), whatever the database.
    """

    kind: str
    dialect: type[Dialect]

    def frame(self, query: exp.Expr) -> pd.DataFrame:
        """The whole answer: numbers float64 or int64, moments datetime64[us], text str with None for missing."""
        ...

    def rows(self, query: exp.Expr) -> Sequence[tuple]:
        """The answer as tuples, for the few numbers that the engine itself needs."""
        ...

    def describe(self, query: exp.Expr) -> dict[str, str]:
        """Column -> type of a query that is not run."""
        ...

    def keep(self, name: str, query: exp.Expr) -> None:
        """Remember a query's answer under a name; a source in place stays a view on it."""
        ...

    def view(self, name: str, query: exp.Expr) -> None:
        """Call a query by a name, without running it."""
        ...

    def put(self, name: str, rows: pd.DataFrame) -> None:
        """Store a frame under a name."""
        ...

    def open_parquet(self, name: str, files: Sequence[Path], *, hive: bool) -> None:
        """A view on Parquet files as they are, columns by name; with `hive`, the folders' values as text. Raises DataError WB-T10 where they cannot be read."""
        ...

    def open_remote(self, name: str, database: str, table: str) -> None:
        """A view on (or a copy of) a table of a named database. Raises DataError WB-T80 ... WB-T83."""
        ...

    def seal(self) -> None:
        """From here on no query can read or write a file, where the database can promise that."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def chosen_kind(tables: TableSet) -> str:
    """`WORKBENCH_ENGINE`, else what tables.yaml says (`engine: spark`), else DuckDB. Raises WB-T84 for another word."""
    kind = os.environ.get("WORKBENCH_ENGINE") or tables.engine
    if kind not in KINDS:
        raise DefinitionError("WB-T84", f"no engine is called '{kind}'.", did_you_mean(kind, KINDS))
    return kind


def open_database(tables: TableSet, *, threads: int, memory: str) -> Database:
    """The database that a dataset's queries run on."""
    kind = chosen_kind(tables)
    if kind == "spark":
        from workbench.tables.spark import SparkDatabase

        return SparkDatabase(threads=threads, memory=memory)
    if kind == "postgres":
        from workbench.tables.postgres import PostgresDatabase

        return PostgresDatabase(tables.database or tables.name)
    from workbench.tables.duck import DuckDatabase

    return DuckDatabase(threads=threads, memory=memory)
