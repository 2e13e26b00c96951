"""What a compiled query may ask for beyond standard SQL, and how each engine spells it.

A query is built once, from sqlglot's standard nodes and the few below; `DIALECTS` renders it for DuckDB, PostgreSQL
and Spark. Where sqlglot's own rendering gives other numbers on another engine, the mend stands here too.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.spark import Spark


class Seconds(exp.Expression, exp.Func):
    """Seconds since 1970 of a moment, as a double with fractions."""

    arg_types = {"this": True}


class DayNumber(exp.Expression, exp.Func):
    """Whole days since 1970-01-01 of a moment's date; engines agree on day differences only between dates."""

    arg_types = {"this": True}


class Listed(exp.Expression, exp.Func):
    """The number at a place (counted from 0, never negative) of `numbers`, written 3,3,4; missing beyond the end."""

    arg_types = {"this": True, "numbers": True}


class IsFinite(exp.Expression, exp.Func):
    """True for a number that is neither infinite nor NaN; missing for a missing one."""

    arg_types = {"this": True}


class Quantile(exp.Expression, exp.AggFunc):
    """The value at `level` (0 to 1) of a group, linearly between two neighbours."""

    arg_types = {"this": True, "level": True}


class Foremost(exp.Expression, exp.AggFunc):
    """The value of the row that comes first by `expressions`, or last where `descending`."""

    arg_types = {"this": True, "expressions": True, "descending": False}


class MonthNumber(exp.Expression, exp.Func):
    """Calendar months since year 0 of a moment: 2025-03-31 is 2025 * 12 + 2."""

    arg_types = {"this": True}


class Bytewise(exp.Expression, exp.Func):
    """Text that compares by its code points on every engine, whatever the database's language."""

    arg_types = {"this": True}


class RowHash(exp.Expression, exp.Func):
    """64 bits that differ where any of the columns does (a missing value is a value of its own)."""

    arg_types = {"expressions": True}


class CompactDate(exp.Expression, exp.Func):
    """The moment that eight digits name, 20170131; missing for any other text."""

    arg_types = {"this": True}


class ZonedMoment(exp.Expression, exp.Func):
    """A moment written with its time zone (2025-01-31T08:00+08:00), as one that knows its zone; missing if there is none such."""

    arg_types = {"this": True}


def _call(name: str) -> Any:
    return lambda self, node: self.func(name, node.this)


def _listed(before: str, after: str) -> Any:
    def spelled(self: Any, node: Listed) -> str:
        numbers = ",".join(str(int(n)) for n in node.args["numbers"].name.split(","))
        return f"{before.format(numbers)}{self.sql(node, 'this')}{after}"

    return spelled


def _by_struct(struct: str, least: str, greatest: str) -> Any:
    def spelled(self: Any, node: Foremost) -> str:
        order = self.func(struct, *node.expressions)
        return self.func(greatest if node.args.get("descending") else least, node.this, order)

    return spelled


def _year_and_month(self: Any, node: MonthNumber) -> str:
    at = self.sql(node, "this")
    return f"(EXTRACT(YEAR FROM {at}) * 12 + EXTRACT(MONTH FROM {at}) - 1)"


class WorkbenchDuckDB(DuckDB):
    """DuckDB 2."""

    class Generator(DuckDB.Generator):
        TRANSFORMS = {
            **DuckDB.Generator.TRANSFORMS,
            Seconds: _call("EPOCH"),
            ZonedMoment: lambda self, e: f"TRY_CAST({self.sql(e, 'this')} AS TIMESTAMPTZ)",
            DayNumber: lambda self, e: f"(CAST({self.sql(e, 'this')} AS DATE) - DATE '1970-01-01')",
            Listed: _listed("[{}][1 + ", "]"),
            MonthNumber: _year_and_month,
            IsFinite: _call("ISFINITE"),
            Bytewise: lambda self, e: self.sql(e, "this"),
            Quantile: lambda self, e: self.func("QUANTILE_CONT", e.this, e.args["level"]),
            Foremost: _by_struct("ROW", "ARG_MIN", "ARG_MAX"),
            RowHash: lambda self, e: self.func("HASH", *e.expressions),
            CompactDate: lambda self, e: f"CAST(TRY_STRPTIME({self.sql(e, 'this')}, '%Y%m%d') AS TIMESTAMP)",
            exp.TryCast: lambda self, e: _by_zone(self, e, "TIMESTAMPTZ"),
        }


class WorkbenchSpark(Spark):
    """Spark 4 with `spark.sql.timestampType=TIMESTAMP_NTZ`: a moment is a moment on the wall, in no zone."""

    class Generator(Spark.Generator):
        TRANSFORMS = {
            **Spark.Generator.TRANSFORMS,
            Seconds: lambda self, e: (
                f"(UNIX_MICROS(CAST({self.sql(e, 'this')} AS TIMESTAMP_LTZ)) / 1000000D)"
            ),
            ZonedMoment: lambda self, e: f"TRY_CAST({self.sql(e, 'this')} AS TIMESTAMP_LTZ)",
            DayNumber: lambda self, e: f"DATEDIFF(CAST({self.sql(e, 'this')} AS DATE), DATE '1970-01-01')",
            Listed: _listed("GET(ARRAY({}), ", ")"),
            MonthNumber: _year_and_month,
            IsFinite: lambda self, e: (
                f"(ABS({self.sql(e, 'this')}) < DOUBLE('Infinity'))"
            ),  # NaN is greatest here
            Bytewise: lambda self, e: self.sql(e, "this"),
            Quantile: lambda self, e: self.func("PERCENTILE", e.this, e.args["level"]),
            Foremost: _by_struct("STRUCT", "MIN_BY", "MAX_BY"),
            # XXHASH64 alone skips missing values, so that (NULL, 1) would equal (1, NULL)
            RowHash: lambda self, e: f"XXHASH64(TO_JSON({self.func('STRUCT', *e.expressions)}))",
            CompactDate: lambda self, e: f"TRY_TO_TIMESTAMP({self.sql(e, 'this')}, 'yyyyMMdd')",
            # Spark decides by itself what it keeps
            exp.CTE: lambda self, e: f"{self.sql(e, 'alias')} AS {self.wrap(e)}",
            exp.TryCast: lambda self, e: _by_zone(self, e, "TIMESTAMP_LTZ"),
            # sqlglot calls Sunday 2: it takes Spark's first day for Monday
            exp.DayOfWeekIso: lambda self, e: f"(WEEKDAY({self.sql(e, 'this')}) + 1)",
        }


class WorkbenchPostgres(Postgres):
    """PostgreSQL 13 or newer."""

    class Generator(Postgres.Generator):
        TRANSFORMS = {
            **Postgres.Generator.TRANSFORMS,
            Seconds: lambda self, e: f"CAST(EXTRACT(EPOCH FROM {self.sql(e, 'this')}) AS DOUBLE PRECISION)",
            DayNumber: lambda self, e: f"(CAST({self.sql(e, 'this')} AS DATE) - DATE '1970-01-01')",
            Listed: _listed("(CAST('{{{}}}' AS INT[]))[1 + ", "]"),
            MonthNumber: lambda self, e: f"CAST({_year_and_month(self, e)} AS INT)",
            IsFinite: lambda self, e: f"(ABS({self.sql(e, 'this')}) < 'Infinity')",  # NaN is greatest here
            Bytewise: lambda self, e: f'{self.sql(e, "this")} COLLATE "C"',
            ZonedMoment: lambda self, e: (
                f"(pg_temp.tried_timestamp({self.sql(e, 'this')}) AT TIME ZONE 'UTC')"
            ),
            Quantile: lambda self, e: (
                f"PERCENTILE_CONT({self.sql(e, 'level')}) WITHIN GROUP (ORDER BY {self.sql(e, 'this')})"
            ),
            Foremost: lambda self, e: _first_of_array(self, e, ""),
            RowHash: lambda self, e: f"HASHTEXTEXTENDED(CAST({self.func('ROW', *e.expressions)} AS TEXT), 0)",
            CompactDate: lambda self, e: f"pg_temp.tried_timestamp({self.sql(e, 'this')})",
            exp.Filter: lambda self, e: (
                _first_of_array(self, e.this, f" FILTER({self.sql(e, 'expression').strip()})")
                if isinstance(e.this, Foremost)
                else self.filter_sql(e)
            ),
            exp.Hour: lambda self, e: f"CAST(EXTRACT(HOUR FROM {self.sql(e, 'this')}) AS INT)",
            exp.Month: lambda self, e: f"CAST(EXTRACT(MONTH FROM {self.sql(e, 'this')}) AS INT)",
            exp.DayOfWeekIso: lambda self, e: f"CAST(EXTRACT(ISODOW FROM {self.sql(e, 'this')}) AS INT)",
            exp.TryCast: lambda self, e: _tried(self, e),
            exp.ApproxDistinct: lambda self, e: f"COUNT(DISTINCT {self.sql(e, 'this')})",
        }


def _first_of_array(self: Any, node: Foremost, condition: str) -> str:
    """PostgreSQL has no MIN_BY: the first of all values in their order."""
    turn = " DESC" if node.args.get("descending") else ""
    order = ", ".join(f"{self.sql(o)}{turn}" for o in node.expressions)
    return f"(ARRAY_AGG({self.sql(node, 'this')} ORDER BY {order}){condition})[1]"


def _by_zone(self: Any, node: exp.TryCast, zoned: str) -> str:
    """A moment of a text by way of a zoned time, in a session in UTC: read as a plain one, '02:30+08:00' is 02:30."""
    if node.to.is_type("timestamp"):
        return f"CAST(TRY_CAST({self.sql(node, 'this')} AS {zoned}) AS TIMESTAMP)"
    return self.trycast_sql(node)


def _tried(self: Any, node: exp.TryCast) -> str:
    """PostgreSQL's casts raise; `pg_temp.tried_timestamp` (made by the engine) answers NULL instead."""
    if node.to.is_type("timestamp"):
        return f"pg_temp.tried_timestamp({self.sql(node, 'this')})"
    return self.cast_sql(node)


DIALECTS: dict[str, type[Dialect]] = {
    "duckdb": WorkbenchDuckDB,
    "postgres": WorkbenchPostgres,
    "spark": WorkbenchSpark,
}
