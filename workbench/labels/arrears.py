"""How far behind each candidate was at its cutoff and came within its window.

A *state* is one loan at one moment: days past due and which special status it has. Statements hold states as they
are; of instalments the days are counted.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
from sqlglot import exp

from workbench.errors import DataError
from workbench.features.columns import ROW, is_number, known_column
from workbench.labels import instalments, statements
from workbench.labels.overdue import CountedDays, Overdue
from workbench.labels.statuses import flag, has_status, rules
from workbench.tables.engine import Engine
from workbench.tables.schema import Table

CLASS = "_class"
NO_STATEMENT = "no_statement"


def standing(engine: Engine, outcome: Overdue, rows: pd.DataFrame, label: str) -> pd.DataFrame:
    """`days` (worst of the loans) and `bad` (1 by its status) of each candidate by what was known at its cutoff.

    The index is that of `rows`; whoever had no loan yet stands at 0."""
    query = _source(outcome).standing_query(engine, outcome, rows, f"label '{label}', outcome")
    return _per_row(engine, query, rows)


def classes(engine: Engine, outcome: Overdue, rows: pd.DataFrame, label: str) -> pd.Series:
    """What became of each candidate in its window: `good`, `indeterminate`, `bad`, `no_statement` (there was no loan to
    watch), or the name of the status that excludes it. The index is that of `rows`."""
    query = _source(outcome).window_query(engine, outcome, rows, f"label '{label}', outcome")
    found = _per_row(engine, query, rows)
    doubtful = has_status(found, outcome, "indeterminate") | (found["bad_days"] > 0)
    if outcome.indeterminate is not None:
        doubtful |= found["worst"] >= outcome.indeterminate
    choices: list[tuple[str, pd.Series]] = [
        (NO_STATEMENT, found["statements"] == 0),
        ("bad", (found["bad"] > 0) | has_status(found, outcome, "bad")),
        *((name, found[flag(name)] > 0) for name in rules(outcome, "excluded")),
        ("indeterminate", doubtful),
    ]
    chosen = np.select([mask.to_numpy(dtype=bool) for _, mask in choices], [n for n, _ in choices], "good")
    return pd.Series(chosen, index=rows.index, name=CLASS)


def first_bad(engine: Engine, outcome: Overdue, rows: pd.DataFrame, label: str) -> pd.DataFrame:
    """`_row` and `_at` of the first moment of the window at which a candidate is bad, for those that ever are."""
    return engine.frame(_source(outcome).first_bad_query(engine, outcome, rows, f"label '{label}', outcome"))


def states(engine: Engine, outcome: Overdue, label: str) -> exp.Select:
    """The query of every state of the table: loan columns, `_at`, `_days` and a flag per status rule."""
    return _source(outcome).states_query(engine, outcome, f"label '{label}', outcome")


def check_columns(engine: Engine, outcome: Overdue, where: str) -> None:
    """Every column of the statement table is there and of a usable type.

    Raises WB-F01, or WB-L14 for days that are no number and dates that are none."""
    table = engine.tables.usable(outcome.table, where)
    offered = engine.columns(table.name)
    for name in outcome.columns:
        known_column(table, name, offered, where)
    numbers = [outcome.smallest.column] if outcome.smallest else []
    if isinstance(outcome.days, CountedDays):
        for name in (outcome.days.due, outcome.days.paid):
            if not offered[name].startswith(("DATE", "TIMESTAMP")):
                raise _wrong_type(table, name, offered[name], "a date", where)
    else:
        numbers.append(outcome.days)
    for name in numbers:
        if not is_number(offered[name]):
            raise _wrong_type(table, name, offered[name], "a number", where)


def _source(outcome: Overdue) -> ModuleType:
    return instalments if isinstance(outcome.days, CountedDays) else statements


def _per_row(engine: Engine, query: exp.Expr, rows: pd.DataFrame) -> pd.DataFrame:
    return engine.frame(query).set_index(ROW).reindex(rows[ROW]).fillna(0).set_axis(rows.index)


def _wrong_type(table: Table, name: str, sql_type: str, what: str, where: str) -> DataError:
    return DataError(
        "WB-L14",
        f"{where}: the column '{table.name}.{name}' is {sql_type}, but {what} is needed.",
        "Correct the source, or name another column.",
    )
