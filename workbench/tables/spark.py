"""Spark 4, where one machine is too small: an optional extra (`pip install workbench[spark]`, Java 17).

Moments are TIMESTAMP_NTZ and the session's zone is UTC, so that a wall-clock time means the same on every worker.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from workbench.errors import DataError, UsageError
from workbench.tables.memory import memory_bytes
from workbench.tables.named import RemoteTable, address
from workbench.tables.words import WorkbenchSpark

_TYPES = {
    "bigint": "BIGINT", "int": "INTEGER", "smallint": "SMALLINT", "tinyint": "TINYINT", "double": "DOUBLE",
    "float": "FLOAT", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
}  # fmt: skip


class SparkDatabase:
    """A Spark session: the cluster of `WORKBENCH_SPARK_MASTER`, else this machine's cores."""

    kind = "spark"
    dialect: type[Dialect] = WorkbenchSpark

    def __init__(self, *, threads: int, memory: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="workbench-spark-")
        self._spark = _session(threads, memory)
        self._puts = 0
        self._views: set[str] = set()

    def frame(self, query: exp.Expr) -> pd.DataFrame:
        answer = self._spark.sql(self._sql(query))
        kinds = {name: _type(kind) for name, kind in answer.dtypes}
        table = answer.toArrow()
        return pd.DataFrame(
            {name: _series(table.column(name), kinds[name]) for name in table.column_names},
            columns=table.column_names,
        )

    def rows(self, query: exp.Expr) -> Sequence[tuple]:
        return [tuple(r) for r in self._spark.sql(self._sql(query)).collect()]

    def describe(self, query: exp.Expr) -> dict[str, str]:
        return {name: _type(kind) for name, kind in self._spark.sql(self._sql(query)).dtypes}

    def keep(self, name: str, query: exp.Expr) -> None:
        self._remember(name, self._spark.sql(self._sql(query)))

    def view(self, name: str, query: exp.Expr) -> None:
        self.keep(name, query)

    def put(self, name: str, rows: pd.DataFrame) -> None:
        """By way of a Parquet file: every worker of a cluster needs the temporary folder to be shared."""
        self._puts += 1
        path = Path(self._folder) / f"{self._puts}.parquet"
        _storable(rows).to_parquet(path, index=False)
        self._remember(name, self._spark.read.parquet(str(path)))

    def open_parquet(self, name: str, files: Sequence[Path], *, hive: bool) -> None:
        import pyarrow as pa
        from pyspark.errors import PySparkException

        base = _common_base(files) if hive else None
        reader = self._spark.read.option("mergeSchema", "false")
        if base is not None:
            reader = reader.option("basePath", str(base))
        try:
            alike = [reader.parquet(*[str(f) for f in group]) for group in _alike(files)]
            # columns by name; an int of one file may be a double of another
            self._remember(name, reduce(lambda above, below: above.unionByName(below), alike))
        except (PySparkException, pa.ArrowException, OSError) as error:
            raise DataError(
                "WB-T10",
                f"the source of table '{name.removeprefix('_found_')}' cannot be read as parquet: {files[0].name}.",
                "Check that the file is complete.",
            ) from error

    def open_remote(self, name: str, database: str, table: str) -> None:
        from pyspark.errors import PySparkException

        remote = RemoteTable(database, table)
        url = address(database)
        if url.startswith("postgres"):
            from workbench.tables.postgres import copied_table

            self.put(name, copied_table(url, remote))
            return
        if url.startswith("duckdb"):
            raise DataError(
                "WB-T82",
                f"the table '{table}' lies in a DuckDB file, which Spark cannot read.",
                "Use engine: duckdb, or export the table as Parquet.",
            )
        try:
            self._remember(name, self._spark.table(".".join(f"`{p}`" for p in remote.parts)))
        except PySparkException as error:
            raise DataError(
                "WB-T83",
                f"the table '{table}' is not in Spark's catalogue: {str(error).splitlines()[0]}",
                "Check its name.",
            ) from error

    def seal(self) -> None:
        """Spark reads lazily, so its files stay open to it; it is given nothing but the definitions' own trees."""

    def close(self) -> None:
        """The session stays: starting one takes seconds and a process has one."""
        for view in self._views:
            self._spark.catalog.dropTempView(view)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _remember(self, name: str, rows: Any) -> None:
        self._views.add(name)
        rows.createOrReplaceTempView(name)

    def _sql(self, query: exp.Expr) -> str:
        return query.sql(dialect=self.dialect)


def _session(threads: int, memory: str) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError(
            "WB-T85", "the engine is spark, but PySpark is not installed.", "pip install 'workbench[spark]'"
        ) from error
    from pyspark.errors import PySparkException, PySparkRuntimeError

    java = shutil.which("java") or os.environ.get("JAVA_HOME")
    if not java:
        raise UsageError(
            "WB-T85",
            "the engine is spark, but there is no Java.",
            "Install Java 17 (Debian: openjdk-17-jre-headless).",
        )
    master = os.environ.get("WORKBENCH_SPARK_MASTER", f"local[{threads}]")
    try:
        session = (
            _at_home(SparkSession.builder.master(master), master)
            .appName("workbench")
            .config("spark.driver.memory", f"{memory_bytes(memory) // 2**20}m")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.timestampType", "TIMESTAMP_NTZ")
            .config("spark.sql.ansi.enabled", "true")
            .config("spark.sql.shuffle.partitions", str(max(2 * threads, 4)))
            .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
            .config("spark.sql.warehouse.dir", str(Path(tempfile.gettempdir()) / "workbench-spark-warehouse"))
            .getOrCreate()
        )
    except (PySparkException, PySparkRuntimeError, OSError) as error:
        raise DataError(
            "WB-T85",
            f"Spark does not start: {str(error).splitlines()[0]}",
            "Java 17 is needed; `java -version` tells which one is found.",
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    return session


def _at_home(builder: Any, master: str) -> Any:
    """On one machine nothing listens beyond 127.0.0.1; a cluster's workers must be able to call back."""
    if not master.startswith("local"):
        return builder
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    for setting in ("spark.driver.host", "spark.driver.bindAddress"):
        builder = builder.config(setting, "127.0.0.1")
    return builder


def _type(kind: str) -> str:
    if kind.startswith("decimal"):
        return "DECIMAL"
    return _TYPES.get(kind, "VARCHAR")


def _series(column: Any, kind: str) -> pd.Series:
    """An Arrow column in the few types that frames have."""
    import pyarrow as pa

    if kind in ("DOUBLE", "FLOAT", "DECIMAL"):
        values = column.cast(pa.float64())
        return pd.Series(values.to_numpy(zero_copy_only=False), dtype="float64")
    if kind in ("BIGINT", "INTEGER", "SMALLINT", "TINYINT"):
        if column.null_count:
            return pd.Series(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype="float64")
        return pd.Series(column.to_numpy(zero_copy_only=False), dtype="int64")
    if kind.startswith(("TIMESTAMP", "DATE")):
        plain = column.cast(pa.timestamp("us"))
        return pd.Series(plain.to_numpy(zero_copy_only=False)).astype("datetime64[us]")
    if kind == "BOOLEAN":
        return pd.Series(column.to_pylist(), dtype="object" if column.null_count else "bool")
    return pd.Series(column.to_pylist(), dtype="object")


def _storable(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns of objects as text, truth values or moments: Parquet keeps no mixtures."""
    out = {}
    for name in rows:
        column = rows[name]
        if column.dtype == object:
            present = column.dropna()
            if len(present) and all(isinstance(v, bool | np.bool_) for v in present):
                column = column.astype("boolean")
            else:
                column = column.map(str, na_action="ignore").astype("string")
        elif pd.api.types.is_datetime64_any_dtype(column.dtype):
            column = column.astype("datetime64[us]")
        out[str(name)] = column
    return pd.DataFrame(out, index=rows.index)


def _alike(files: Sequence[Path]) -> list[list[Path]]:
    """The files by their schemas: Spark reads files of one schema only in one go."""
    from pyarrow import parquet

    groups: dict[str, list[Path]] = {}
    for file in files:
        groups.setdefault(str(parquet.read_schema(file).remove_metadata()), []).append(file)
    return list(groups.values())


def _common_base(files: Sequence[Path]) -> Path:
    """The folder above all `name=value` folders."""
    folder = files[0].parent
    while "=" in folder.name:
        folder = folder.parent
    return folder
