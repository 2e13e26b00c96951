"""A case: a folder with events and spine as parquet, and the definitions a user would write for them.

Every value is a hash of its row number, so a folder has the same content on any machine and with any number of
threads, and a hundred million rows are written in a stream.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import yaml

FIRST_EVENT = "2022-01-01"
SECONDS_OF_EVENTS = 3 * 365 * 86_400
FIRST_CUTOFF = "2024-02-01"
SECONDS_OF_CUTOFFS = 320 * 86_400
SPINE_COLUMNS = ("_row", "customer", "_cutoff")
KINDS = ("card", "cash", "transfer", "fee", "refund", "salary", "loan", "other")


@dataclass(frozen=True)
class Case:
    """`tables` tables of `events` rows each over `customers` customers with `cutoffs` frame rows each.

    `grid` is how cutoffs lie: `monthly` (the same first of the month for all), `own` (any second) or `one` (the same
    single moment). `known` is when an event is known: `at_once`, `next_day` (a constant) or `own` (a column of its
    own: mostly within three days, one in twenty up to 120 days late).
    """

    name: str
    customers: int
    cutoffs: int
    events: int
    grid: str = "monthly"
    known: str = "next_day"
    windows: tuple[int, ...] = (30, 90, 365)
    tables: int = 1
    definitions: str = "windows"

    @property
    def n_rows(self) -> int:
        return self.customers * self.cutoffs

    def folder(self, cache: Path) -> Path:
        digest = hashlib.sha256(f"{self}{Path(__file__).read_text()}".encode()).hexdigest()[:10]
        return cache / f"{self.name}-{digest}"

    def prepare(self, cache: Path) -> Path:
        """The case's folder, written once."""
        folder = self.folder(cache)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self._write(folder)
            (folder / "complete").touch()
        return folder

    @property
    def table_names(self) -> list[str]:
        return ["events"] if self.tables == 1 else [f"events_{i}" for i in range(self.tables)]

    def _write(self, folder: Path) -> None:
        with duckdb.connect() as con:
            con.execute("set threads = 2; set memory_limit = '1GB'; set preserve_insertion_order = false")
            for number, table in enumerate(self.table_names):
                con.execute(
                    f"COPY ({self._events_sql(number)}) TO '{folder / table}.parquet' (FORMAT parquet)"
                )
            con.execute(f"COPY ({self._spine_sql()}) TO '{folder / 'spine'}.parquet' (FORMAT parquet)")
        for file, content in (("tables", self._tables()), ("features", self._features())):
            (folder / f"{file}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

    def _events_sql(self, number: int) -> str:
        happened = f"TIMESTAMP '{FIRST_EVENT}' + to_seconds({draw(2, number)} % {SECONDS_OF_EVENTS})"
        late = f"CASE WHEN {draw(5, number)} % 20 = 0 THEN {draw(6, number)} % {120 * 86_400} ELSE {draw(6, number)} % {3 * 86_400} END"
        known = f", happened + to_seconds({late}) AS known" if self.known == "own" else ""
        kinds = "[" + ", ".join(f"'{k}'" for k in KINDS) + "]"
        more = f", ({draw(4, number)} % 9)::INTEGER AS quantity, {kinds}[1 + {draw(7, number)} % {len(KINDS)}] AS kind"
        return (
            f"SELECT ({draw(1, number)} % {self.customers})::INTEGER AS customer, {happened} AS happened, "
            f"({draw(3, number)} % 20000) / 100.0::DOUBLE AS amount{known}{more if self.tables > 1 else ''} "
            f"FROM range({self.events})"
        )

    def _spine_sql(self) -> str:
        first = f"TIMESTAMP '{FIRST_CUTOFF}'"
        moment = {
            "monthly": f"{first} + to_months(c.range::INTEGER)",
            "own": f"{first} + to_seconds((hash(e.range, c.range) % {SECONDS_OF_CUTOFFS})::BIGINT)",
            "one": f"{first} + to_months(9)",
        }[self.grid]
        return (
            f"SELECT (e.range * {self.cutoffs} + c.range)::BIGINT AS _row, e.range::INTEGER AS customer, "
            f"{moment} AS _cutoff FROM range({self.customers}) e, range({self.cutoffs}) c ORDER BY 1"
        )

    def _tables(self) -> dict:
        known = {"at_once": {}, "next_day": {"known_after": "1d"}, "own": {"known_at": "known"}}[self.known]
        # two events of a customer may fall on one second with one amount: they are two events
        table = {"event_time": "happened", "duplicates": "keep", **known}
        return {
            "entity": "customer",
            "observed_until": date(2025, 1, 1),
            "tables": {name: {"source": f"{name}.parquet", **table} for name in self.table_names},
        }

    def _features(self) -> dict:
        windows = [f"{w}d" for w in self.windows]
        if self.definitions == "windows":
            return {"amount": _feature("events", ["sum", "count", "mean"], windows, "amount")}
        definitions = {}
        for name in self.table_names:
            definitions |= {
                f"{name}_amount": _feature(name, AMOUNT, windows, "amount"),
                f"{name}_quantity": _feature(name, QUANTITY, windows, "quantity"),
                f"{name}_kind": _feature(name, KIND, windows, "kind"),
                f"{name}_rows": _feature(name, ROWS, windows),
            }
        return definitions


AMOUNT = ["sum", "mean", "min", "max", "std", "median", "q90", "last"]
QUANTITY = ["sum", "mean", "min", "max", "std"]
KIND = ["distinct", "mode", "entropy", "last"]
ROWS = ["count", "days_since_last", "mean_gap"]


def _feature(table: str, aggregate: list[str], windows: list[str], value: str | None = None) -> dict:
    return {
        "from": table,
        **({"value": value} if value else {}),
        "aggregate": list(aggregate),
        "windows": list(windows),
    }


def draw(stream: int, number: int) -> str:
    """A number below 2^31 that depends on the row, the stream and the table only."""
    return f"(hash(range, {stream}, {number}) % 2147483647)::BIGINT"
