"""DuckDB inside this process: the engine unless a dataset says otherwise.

It never installs extensions, spills to a temporary folder beyond its memory limit, and once sealed can no longer
reach files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from workbench.errors import DataError
from workbench.tables.memory import room
from workbench.tables.named import RemoteTable, address
from workbench.tables.trees import named
from workbench.tables.words import WorkbenchDuckDB


class DuckDatabase:
    """An in-memory DuckDB with a limit on its memory and a folder to spill to."""

    kind = "duckdb"
    dialect: type[Dialect] = WorkbenchDuckDB

    def __init__(self, *, threads: int, memory: str) -> None:
        import duckdb

        # what does not fit in memory spills here, never into the folder one happens to stand in
        self._spill = tempfile.TemporaryDirectory(prefix="workbench-")
        self._con = duckdb.connect(
            ":memory:",
            config={
                "threads": threads,
                "memory_limit": f"{room(memory) // 10**6}MB",
                "temp_directory": self._spill.name,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": False,
            },
        )
        # a zoned time becomes UTC, whatever zone the machine is in
        self._con.execute("SET TimeZone = 'UTC'")

    def frame(self, query: exp.Expr) -> pd.DataFrame:
        return self._con.execute(self._sql(query)).df()

    def rows(self, query: exp.Expr) -> Sequence[tuple]:
        # fetchall: a result that is not read to its end keeps the connection busy
        return self._con.execute(self._sql(query)).fetchall()

    def describe(self, query: exp.Expr) -> dict[str, str]:
        rows: Sequence[tuple] = self._con.execute(f"DESCRIBE {self._sql(query)}").fetchall()
        return {str(r[0]): str(r[1]) for r in rows}

    def keep(self, name: str, query: exp.Expr) -> None:
        self._con.execute(
            self._sql(exp.Create(this=named(name), kind="TABLE", expression=query, replace=True))
        )

    def view(self, name: str, query: exp.Expr) -> None:
        self._con.execute(
            self._sql(exp.Create(this=named(name), kind="VIEW", expression=query, replace=True))
        )

    def put(self, name: str, rows: pd.DataFrame) -> None:
        self._con.register("_incoming", rows)
        self.keep(name, exp.select("*").from_("_incoming"))
        self._con.unregister("_incoming")

    def open_parquet(self, name: str, files: Sequence[Path], *, hive: bool) -> None:
        import duckdb

        # a view takes no parameters; paths are literal nodes of the tree, so the renderer quotes them
        paths = exp.Array(expressions=[exp.Literal.string(_no_glob(f)) for f in files])
        options: list[exp.Expr] = [paths]
        if len(files) > 1:
            # columns may stand in another order, and an int of the first file be a double in the next
            options.append(_option("union_by_name", exp.true()))
        if hive:
            # partition values are names: 007 stays 007
            options += [_option("hive_partitioning", exp.true()), _option("hive_types_autocast", exp.false())]
        read = exp.select("*").from_(exp.Anonymous(this="read_parquet", expressions=options))
        try:
            self.view(name, read)
            self.describe(exp.select("*").from_(named(name)))
        except duckdb.Error as error:
            raise DataError(
                "WB-T10",
                f"the source of table '{name.removeprefix('_found_')}' cannot be read as parquet: {files[0].name}.",
                "Check that the file is complete.",
            ) from error

    def open_remote(self, name: str, database: str, table: str) -> None:
        url = address(database)
        if url.startswith("duckdb:///"):
            self._attach(name, Path(url.removeprefix("duckdb://")), RemoteTable(database, table))
        elif url.startswith("spark"):
            raise DataError(
                "WB-T82",
                f"the table '{table}' lies in Spark's catalogue, which DuckDB cannot read.",
                "Set `engine: spark` in tables.yaml.",
            )
        else:
            from workbench.tables.postgres import copied_table

            self.put(name, copied_table(url, RemoteTable(database, table)))

    def _attach(self, name: str, file: Path, table: RemoteTable) -> None:
        """A view on a table of another DuckDB file, opened for reading."""
        import duckdb

        alias = f"_database_{table.database}"
        if not file.is_file():
            raise DataError(
                "WB-T81",
                f"the database '{table.database}' points to {file.name}, which is not there.",
                "Correct its address.",
            )
        try:
            self._con.execute(
                f"ATTACH IF NOT EXISTS {exp.Literal.string(str(file)).sql('duckdb')} AS {alias} (READ_ONLY)"
            )
            place = ".".join(exp.to_identifier(p, quoted=True).sql("duckdb") for p in (alias, *table.parts))
            target = f"{exp.to_identifier(name, quoted=True).sql('duckdb')}"
            self._con.execute(f"CREATE OR REPLACE VIEW {target} AS SELECT * FROM {place}")  # noqa: S608 - quoted identifiers
        except duckdb.Error as error:
            raise DataError(
                "WB-T83",
                f"the table '{table.table}' of the database '{table.database}' cannot be read: {str(error).splitlines()[0]}",
                "Check its name, and that nobody is writing to the file.",
            ) from error

    def seal(self) -> None:
        self._con.execute("SET enable_external_access = false")

    def close(self) -> None:
        self._con.close()
        self._spill.cleanup()

    def _sql(self, query: exp.Expr) -> str:
        return query.sql(dialect=self.dialect)


def _option(name: str, value: exp.Expr) -> exp.Expr:
    return exp.PropertyEQ(this=exp.to_identifier(name), expression=value)


def _no_glob(path: Path) -> str:
    """DuckDB expands * ? [ in a file name; a source names exactly one file."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))
