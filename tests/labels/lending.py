"""A small lender for tests: literal loans and statements, a label as YAML, and what came out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
import yaml

from workbench.features.columns import CUTOFF_AT
from workbench.labels.compile import LABEL, LabelRows, scoring_rows, training_rows
from workbench.labels.definition import LabelDefinition
from workbench.labels.files import parse_labels
from workbench.tables.engine import Engine
from workbench.tables.schema import Table, TableSet
from workbench.tables.yaml_file import YamlFile
from workbench.text import Text


def lender(
    *, until: str = "2026-12-31", since: str | None = "2024-01-01", late: str = "known_at"
) -> TableSet:
    statement_known = {"known_at": "known_at"} if late == "known_at" else {}
    tables = {
        "loans": Table("loans", "-", keys=("loan_id",), event_time="granted_at"),
        "repayments": Table("repayments", "-", event_time="month", keep_duplicates=True, **statement_known),
        "events": Table("events", "-", event_time="at", keep_duplicates=True),
        "applications": Table("applications", "-", keys=("application_id",), event_time="applied_at"),
    }
    return TableSet(
        "lender",
        Path(),
        Text.of("lender"),
        "customer_id",
        tables,
        observed_until=datetime.fromisoformat(until),
        observed_from=datetime.fromisoformat(since) if since else None,
    )


def defined(text: str, tables: TableSet | None = None) -> LabelDefinition:
    """The only label of a labels.yaml with this text."""
    file = YamlFile(Path("labels.yaml"), yaml.safe_load(text))
    (label,) = parse_labels(file, tables or lender()).values()
    assert isinstance(label, LabelDefinition)
    return label


def table(columns: str, *rows: tuple, dates: tuple[str, ...] = ()) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns.split())
    for name in dates:
        frame[name] = pd.to_datetime(frame[name], format="ISO8601")
    return frame


def loans(*rows: tuple) -> pd.DataFrame:
    """Rows of (loan, customer, granted)."""
    return table("loan_id customer_id granted_at", *rows, dates=("granted_at",))


def statements(*rows: tuple) -> pd.DataFrame:
    """Rows of (loan, customer, moment, days past due[, status[, amount overdue]]); known the day after."""
    filled = [(*r, *("current", 1000.0)[len(r) - 4 :]) for r in rows]
    frame = table("loan_id customer_id month days_past_due status amount_overdue", *filled, dates=("month",))
    return frame.assign(known_at=frame["month"] + pd.Timedelta(1, "D"))


def instalments(*rows: tuple) -> pd.DataFrame:
    """Rows of (loan, customer, number, due, paid or None); a row speaks of its due date and is known then."""
    frame = table(
        "loan_id customer_id installment due_date paid_date", *rows, dates=("due_date", "paid_date")
    )
    return frame.assign(month=frame["due_date"], known_at=frame["due_date"])


@dataclass(frozen=True)
class Answer:
    """What a label made of the rows: `labels` by key and cutoff, and what was left out."""

    found: LabelRows

    @property
    def labels(self) -> dict[tuple, int]:
        columns = [*self.found.keys]
        cutoffs = self.found.rows[CUTOFF_AT].dt.strftime("%Y-%m-%d")
        keys = [
            (*k, c) for k, c in zip(self.found.rows[columns].itertuples(index=False), cutoffs, strict=True)
        ]
        return dict(zip(keys, self.found.rows[LABEL].tolist(), strict=True))

    @property
    def by_loan(self) -> dict[str, int]:
        return dict(zip(self.found.rows["loan_id"], self.found.rows[LABEL].tolist(), strict=True))

    @property
    def left_out(self) -> dict[str, int]:
        return {k: v for k, v in self.found.counts.items() if v}


def ask(text: str, *, tables: TableSet | None = None, **given: pd.DataFrame) -> Answer:
    """The training rows of the label over the given tables."""
    with loaded(tables or lender(), **given) as engine:
        return Answer(training_rows(engine, defined(text, engine.tables)))


def scored(text: str, day: str, *, tables: TableSet | None = None, **given: pd.DataFrame) -> pd.DataFrame:
    """The rows that would be scored as of the day."""
    with loaded(tables or lender(), **given) as engine:
        return scoring_rows(engine, defined(text, engine.tables), datetime.fromisoformat(day).date()).rows


def loaded(tables: TableSet, **given: pd.DataFrame) -> Engine:
    engine = Engine(tables, threads=1)
    for name, rows in given.items():
        engine.put_rows(name, rows)
    return engine
