"""Hand-written DuckDB SQL for the same columns: what a good engineer would write for exactly this question.

Each takes the tables `events` (customer, happened, amount[, known]) and `spine` as they were read, and gives `_row` and
`amount_<aggregate>_<window>d`. Rows without events may be absent; sums without events may be NULL.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import duckdb

from .cases import Case

AGGREGATES = ("sum", "count", "mean")


def plain(case: Case, _: duckdb.DuckDBPyConnection) -> str:
    """The range join as everyone writes it first."""
    columns = ", ".join(
        f"{call} FILTER (happened >= _cutoff - INTERVAL {w} DAY) AS amount_{name}_{w}d"
        for w in case.windows
        for name, call in (("sum", "sum(amount)"), ("count", "count(*)"), ("mean", "avg(amount)"))
    )
    return f"""
        SELECT _row, {columns} FROM spine JOIN events USING (customer)
        WHERE {_known_before(case, "_cutoff")} AND happened >= _cutoff - INTERVAL {max(case.windows)} DAY
        GROUP BY _row"""


def pairs(case: Case, _: duckdb.DuckDBPyConnection) -> str:
    """The range join with what helps: whole numbers for times, means from sums, events outside all windows cut first."""
    far = max(case.windows)
    sums = ", ".join(
        f"sum(amount) FILTER (t >= c - {_us(w)}) AS s{w}, count(*) FILTER (t >= c - {_us(w)}) AS n{w}"
        for w in case.windows
    )
    known = {"at_once": "", "next_day": f" AND t < c - {_us(1)}", "own": " AND k < c"}[case.known]
    return f"""
        WITH s AS MATERIALIZED (SELECT _row, customer, epoch_us(_cutoff) AS c FROM spine),
        e AS (SELECT customer, epoch_us(happened) AS t, amount{", epoch_us(known) AS k" if case.known == "own" else ""} FROM events),
        w AS (SELECT _row, {sums} FROM s JOIN e USING (customer)
              WHERE t < c AND t >= c - {_us(far)}{known}
                AND t >= (SELECT min(c) FROM s) - {_us(far)} AND t < (SELECT max(c) FROM s)
              GROUP BY _row)
        SELECT _row, {_columns(case)} FROM w"""


def union(case: Case, _: duckdb.DuckDBPyConnection) -> str:
    """Events and window edges in one sorted pass: running totals at the edges, then differences."""
    _constant_delay(case)
    late = 1 if case.known == "next_day" else 0
    edges = [late, *case.windows]
    marks = " UNION ALL ".join(
        f"SELECT _row * 4 + {i} AS mark, customer, (c - {_us(w)}) * 2 AS t FROM s"
        for i, w in enumerate(edges)
    )
    at_edges = ", ".join(
        f"coalesce(max(s) FILTER (mark % 4 = {i}), 0) AS s_{i}, max(n) FILTER (mark % 4 = {i}) AS n_{i}"
        for i in range(len(edges))
    )
    differences = ", ".join(
        # a difference of running totals is not exactly 0 over no events
        f"CASE WHEN n_0 > n_{i} THEN s_0 - s_{i} ELSE 0 END AS s{w}, n_0 - n_{i} AS n{w}"
        for i, w in enumerate(case.windows, start=1)
    )
    return f"""
        WITH s AS (SELECT _row, customer, epoch_us(_cutoff) AS c FROM spine),
        u AS (SELECT customer, epoch_us(happened) * 2 + 1 AS t, amount, -1 AS mark FROM events
              WHERE happened >= (SELECT min(_cutoff) FROM spine) - INTERVAL {max(case.windows)} DAY
                AND happened < (SELECT max(_cutoff) FROM spine)
              UNION ALL SELECT customer, t, NULL, mark FROM ({marks})),
        r AS (SELECT mark, sum(amount) OVER p AS s, count(amount) OVER p AS n FROM u
              WINDOW p AS (PARTITION BY customer ORDER BY t ROWS UNBOUNDED PRECEDING)),
        f AS (SELECT mark // 4 AS _row, {at_edges} FROM r WHERE mark >= 0 GROUP BY 1),
        w AS (SELECT _row, {differences} FROM f)
        SELECT _row, {_columns(case)} FROM w"""


def grid(case: Case, con: duckdb.DuckDBPyConnection) -> str:
    """Cutoffs that many rows share: events are added up once between neighbouring window edges, then joined."""
    late = 1 if case.known == "next_day" else 0
    edges = _edges(case, con, late)
    interval, far = _tree("happened", edges), max(case.windows)
    known = ""
    if case.known == "own":
        cutoffs = [r[0] for r in con.execute("SELECT DISTINCT _cutoff FROM spine ORDER BY 1").fetchall()]
        known = f", {_tree('known', cutoffs)} AS k"
    sums = ", ".join(
        f"sum(s) FILTER (i >= l{w}) AS s{w}, sum(n) FILTER (i >= l{w}) AS n{w}" for w in case.windows
    )
    lows = ", ".join(f"{_tree(f'_cutoff - INTERVAL {w} DAY', edges)} AS l{w}" for w in case.windows)
    own = f", {_tree('_cutoff', cutoffs)} AS hk" if case.known == "own" else ""
    return f"""
        WITH a AS MATERIALIZED (
            SELECT customer, {interval} AS i{known}, sum(amount) AS s, count(*) AS n FROM events
            WHERE happened >= {_literal(edges[0])} AND happened < {_literal(edges[-1])} GROUP BY ALL),
        s AS MATERIALIZED (
            SELECT _row, customer, {_tree(f"_cutoff - INTERVAL {late} DAY", edges)} AS h, {lows}{own} FROM spine),
        w AS (SELECT _row, {sums} FROM s JOIN a USING (customer)
              WHERE i < h AND i >= l{far}{" AND k < hk" if case.known == "own" else ""} GROUP BY _row)
        SELECT _row, {_columns(case)} FROM w"""


RIVALS: dict[str, Callable[[Case, duckdb.DuckDBPyConnection], str]] = {
    "plain": plain,
    "pairs": pairs,
    "union": union,
    "grid": grid,
}


def rivals_of(case: Case) -> list[str]:
    """Those that can answer the case."""
    names = ["plain", "pairs"]
    if case.known != "own":
        names.append("union")
    if case.grid != "own":
        names.append("grid")
    return names


def wide_sql(case: Case, table: str) -> str:
    """Half of a table's columns in the many-features case, as plain SQL: the witness for their numbers."""
    windows = case.windows
    calls = {
        "amount_sum": "sum(amount)",
        "amount_mean": "avg(amount)",
        "amount_min": "min(amount)",
        "amount_max": "max(amount)",
        "amount_std": "stddev_samp(amount)",
        "amount_median": "median(amount)",
        "quantity_sum": "sum(quantity)",
        "quantity_std": "stddev_samp(quantity)",
        "kind_distinct": "count(DISTINCT kind)",
        "rows_count": "count(*)",
    }
    columns = ", ".join(
        f"{call} FILTER (happened >= _cutoff - INTERVAL {w} DAY) AS {table}_{name}_{w}d"
        for w in windows
        for name, call in calls.items()
    )
    return f"""
        SELECT _row, {columns} FROM spine JOIN {table} USING (customer)
        WHERE {_known_before(case, "_cutoff")} AND happened >= _cutoff - INTERVAL {max(windows)} DAY
        GROUP BY _row"""


def _known_before(case: Case, cutoff: str) -> str:
    known = {
        "at_once": "",
        "next_day": f" AND happened + INTERVAL 1 DAY < {cutoff}",
        "own": f" AND known < {cutoff}",
    }[case.known]
    return f"happened < {cutoff}{known}"


def _constant_delay(case: Case) -> None:
    if case.known == "own":
        raise ValueError("running totals have one order; two (happened, known) need another rival")


def _columns(case: Case) -> str:
    return ", ".join(
        f"s{w} AS amount_sum_{w}d, n{w} AS amount_count_{w}d, s{w} / nullif(n{w}, 0) AS amount_mean_{w}d"
        for w in case.windows
    )


def _us(days: int) -> int:
    return days * 86_400 * 1_000_000


def _literal(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


def _edges(case: Case, con: duckdb.DuckDBPyConnection, late: int) -> list[datetime]:
    cutoffs = [r[0] for r in con.execute("SELECT DISTINCT _cutoff FROM spine").fetchall()]
    spans = ", ".join(f"(SELECT INTERVAL {w} DAY)" for w in (late, *case.windows))
    rows = con.execute(
        f"SELECT DISTINCT c - i FROM (SELECT unnest(?::TIMESTAMP[]) AS c), (SELECT unnest([{spans}]) AS i) ORDER BY 1",
        [cutoffs],
    ).fetchall()
    return [r[0] for r in rows]


def _tree(value: str, edges: list[datetime]) -> str:
    """How many edges lie at or before the value, by a binary search written as CASE."""

    def between(low: int, high: int) -> str:
        if low == high:
            return str(low)
        middle = (low + high) // 2
        return f"CASE WHEN {value} < {_literal(edges[middle])} THEN {between(low, middle)} ELSE {between(middle + 1, high)} END"

    return between(0, len(edges))
