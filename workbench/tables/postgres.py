"""PostgreSQL in place: queries run where the tables are, only answers leave.

Sources in the same database stay views on their tables; files and frames are copied into temporary tables of the
session. Nothing is ever written outside the session's own temporary schema, and the session is read-only otherwise.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from workbench.errors import DataError
from workbench.tables.named import RemoteTable, address, remote_url_is_postgres
from workbench.tables.trees import ident, sub
from workbench.tables.words import WorkbenchPostgres

_TYPES = {
    16: "BOOLEAN", 20: "BIGINT", 21: "SMALLINT", 23: "INTEGER", 700: "FLOAT", 701: "DOUBLE", 1700: "DECIMAL",
    1082: "DATE", 1114: "TIMESTAMP", 1184: "TIMESTAMP WITH TIME ZONE",
}  # fmt: skip
_TRIED = """
CREATE FUNCTION pg_temp.tried_timestamp(written text) RETURNS timestamp AS $$
BEGIN
  -- by way of a zoned time: read as a plain one, '02:30+08:00' is 02:30
  RETURN written::timestamptz AT TIME ZONE 'UTC';
EXCEPTION WHEN others THEN
  RETURN NULL;
END $$ LANGUAGE plpgsql STABLE
"""


class PostgresDatabase:
    """A session on the database of that name (`WORKBENCH_DATABASE_<NAME>`)."""

    kind = "postgres"
    dialect: type[Dialect] = WorkbenchPostgres

    def __init__(self, name: str) -> None:
        self.name = name
        self._con = _connect(address(name), name)
        self._con.execute("SET TIME ZONE 'UTC'")
        self._con.execute(_TRIED)

    def frame(self, query: exp.Expr) -> pd.DataFrame:
        return _frame(self._con.execute(self._sql(query)))

    def rows(self, query: exp.Expr) -> Sequence[tuple]:
        return self._con.execute(self._sql(query)).fetchall()

    def describe(self, query: exp.Expr) -> dict[str, str]:
        none = exp.select("*").from_(sub(query, "q")).limit(0)
        described = self._con.execute(self._sql(none)).description or ()
        return {c.name: _TYPES.get(c.type_code, "VARCHAR") for c in described}

    def keep(self, name: str, query: exp.Expr) -> None:
        """A view: the rows stay where they are."""
        self._forget(name)
        self._con.execute(f"CREATE TEMP VIEW {self._name(name)} AS {self._sql(query)}")

    def view(self, name: str, query: exp.Expr) -> None:
        self.keep(name, query)

    def put(self, name: str, rows: pd.DataFrame) -> None:
        self._forget(name)
        kinds = {str(c): _column_type(rows[c]) for c in rows}
        declared = ", ".join(f"{self._name(c)} {kind}" for c, kind in kinds.items())
        self._con.execute(f"CREATE TEMP TABLE {self._name(name)} ({declared})")
        with self._con.cursor().copy(
            f"COPY {self._name(name)} FROM STDIN WITH (FORMAT csv, NULL '\\N')"
        ) as copy:
            for start in range(0, len(rows), 50_000):
                copy.write(_as_csv(rows.iloc[start : start + 50_000], kinds))
        self._con.execute(f"ANALYZE {self._name(name)}")

    def open_parquet(self, name: str, files: Sequence[Path], *, hive: bool) -> None:
        import pyarrow as pa
        import pyarrow.dataset

        folders = [f.partition("=")[0] for f in files[0].parent.parts if "=" in f]
        # partition values are names: 007 stays 007
        partitioning = (
            pa.dataset.HivePartitioning(pa.schema([(k, pa.string()) for k in folders])) if hive else None
        )
        try:
            each = [pa.dataset.dataset([str(f)], partitioning=partitioning).to_table() for f in files]
            table = pa.concat_tables(each, promote_options="permissive")  # an int here may be a double there
        except (OSError, ValueError) as error:  # pyarrow's ArrowInvalid is a ValueError
            raise DataError(
                "WB-T10",
                f"the source of table '{name.removeprefix('_found_')}' cannot be read as parquet: {files[0].name}.",
                "Check that the file is complete.",
            ) from error
        self.put(name, table.to_pandas())

    def open_remote(self, name: str, database: str, table: str) -> None:
        remote = RemoteTable(database, table)
        if database != self.name and address(database) != address(self.name):
            if not remote_url_is_postgres(database):
                raise DataError(
                    "WB-T82",
                    f"the table '{table}' lies in the database '{database}', which PostgreSQL cannot read in place.",
                    "Use engine: duckdb, which copies it, or load the table into PostgreSQL.",
                )
            self.put(name, copied_table(address(database), remote))
            return
        self._forget(name)
        place = ".".join(self._name(p) for p in remote.parts)
        try:
            self._con.execute(f"CREATE TEMP VIEW {self._name(name)} AS SELECT * FROM {place}")  # noqa: S608 - quoted identifiers
        except _psycopg().Error as error:
            raise _unreadable(remote, error) from error

    def seal(self) -> None:
        """A session has no way to files that its role was not given; nothing is left to close."""

    def close(self) -> None:
        self._con.close()

    def _sql(self, query: exp.Expr) -> str:
        return query.sql(dialect=self.dialect)

    def _name(self, name: str) -> str:
        return ident(name).sql(dialect=self.dialect)

    def _forget(self, name: str) -> None:
        """Drop what had that name in the session's temporary schema, whether table or view."""
        kind = self._con.execute(
            "SELECT relkind FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relname = %s", (name,)
        ).fetchone()
        if kind is not None:
            what = "VIEW" if kind[0] == "v" else "TABLE"
            self._con.execute(f"DROP {what} pg_temp.{self._name(name)} CASCADE")


def copied_table(url: str, table: RemoteTable) -> pd.DataFrame:
    """All rows of a PostgreSQL table, for an engine that is not PostgreSQL."""
    connection = _connect(url, table.database)
    try:
        place = exp.Table(
            this=ident(table.parts[-1]), db=ident(table.parts[-2]) if len(table.parts) > 1 else None
        )
        query = exp.select("*").from_(place).sql(dialect=WorkbenchPostgres)
        connection.execute("SET TIME ZONE 'UTC'")
        return _frame(connection.execute(query))
    except _psycopg().Error as error:
        raise _unreadable(table, error) from error
    finally:
        connection.close()


def _psycopg() -> Any:
    import psycopg  # late: only where PostgreSQL is used

    return psycopg


def _connect(url: str, name: str) -> Any:
    psycopg = _psycopg()
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.Error as error:
        raise DataError(
            "WB-T81",
            f"the database '{name}' does not answer: {str(error).splitlines()[0]}",
            "Check its address and that the server is up.",
        ) from error


def _unreadable(table: RemoteTable, error: Exception) -> DataError:
    return DataError(
        "WB-T83",
        f"the table '{table.table}' of the database '{table.database}' cannot be read: {str(error).splitlines()[0]}",
        "Check its name and your role's rights.",
    )


def _frame(cursor: Any) -> pd.DataFrame:
    kinds = {c.name: _TYPES.get(c.type_code, "VARCHAR") for c in cursor.description}
    rows = cursor.fetchall()
    columns = {}
    for place, (name, kind) in enumerate(kinds.items()):
        columns[name] = _series([r[place] for r in rows], kind)
    return pd.DataFrame(columns)


def _series(values: list[Any], kind: str) -> pd.Series:
    if kind in ("BIGINT", "SMALLINT", "INTEGER") and None not in values:
        return pd.Series(values, dtype="int64")
    if kind in ("BIGINT", "SMALLINT", "INTEGER", "FLOAT", "DOUBLE", "DECIMAL"):
        return pd.Series([np.nan if v is None else float(v) for v in values], dtype="float64")
    if kind == "BOOLEAN":
        return pd.Series(values, dtype="bool" if None not in values else "object")
    if kind in ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"):
        moments = pd.to_datetime(pd.Series(values, dtype="object"), utc=True)
        return moments.dt.tz_localize(None).astype("datetime64[us]")
    return pd.Series([v if v is None or isinstance(v, str) else str(v) for v in values], dtype="object")


def _column_type(series: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(series.dtype):
        return "boolean"
    if pd.api.types.is_integer_dtype(series.dtype):
        return "bigint"
    if pd.api.types.is_numeric_dtype(series.dtype):
        return "double precision"
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        return "timestamptz"
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return "timestamp"
    present = series.dropna()
    if len(present) and all(isinstance(v, bool | np.bool_) for v in present):
        return "boolean"
    return "text"


def _as_csv(rows: pd.DataFrame, kinds: dict[str, str]) -> str:
    """The rows as COPY reads them: \\N is missing, everything else quoted where needed."""
    written = {}
    for name, kind in kinds.items():
        column = rows[name]
        if kind in ("timestamp", "timestamptz"):  # the session's zone is UTC
            if getattr(column.dtype, "tz", None) is not None:
                column = column.dt.tz_convert("UTC").dt.tz_localize(None)
            text = column.dt.strftime("%Y-%m-%d %H:%M:%S.%f")
        elif kind == "double precision":
            text = column.map(lambda v: repr(float(v)), na_action="ignore")
        else:
            text = column.astype("object").map(str, na_action="ignore")
        written[name] = text.astype("object").where(column.notna(), None)
    out = io.StringIO()
    pd.DataFrame(written).to_csv(out, index=False, header=False, na_rep="\\N", lineterminator="\n")
    return out.getvalue()
