"""Who had agreed to the label's purpose by the cutoff."""

from __future__ import annotations

import pandas as pd
from sqlglot import exp

from workbench.features.columns import CUTOFF_AT, ROW, aliased, known_column
from workbench.labels.definition import LabelDefinition
from workbench.labels.hits import CANDIDATES
from workbench.labels.purposes import purpose_of
from workbench.tables import yes_no
from workbench.tables.engine import AT, KNOWN, Engine, column
from workbench.tables.kinds import as_text, same_key


def consented(engine: Engine, label: LabelDefinition, rows: pd.DataFrame) -> pd.Series:
    """True for whoever had agreed by the cutoff: the latest word counts, of equally late words "no"."""
    consent = engine.tables.consent
    if consent is None or rows.empty:
        return pd.Series(True, index=rows.index)
    table = engine.tables.table(consent.table, "consent")
    offered = engine.columns(consent.table)
    for name in (consent.purpose, engine.tables.entity, *([consent.granted] if consent.granted else [])):
        known_column(table, name, offered, "consent")
    engine.put(CANDIDATES, rows[[ROW, CUTOFF_AT, engine.tables.entity]])
    entity, asked = engine.tables.entity, engine.columns(CANDIDATES)
    granted = _granted(consent.granted, offered[consent.granted]) if consent.granted else exp.true()
    on = [
        same_key(column(entity, "t"), offered[entity], column(entity, "s"), asked[entity]),
        exp.In(
            this=as_text(column(consent.purpose, "t"), offered[consent.purpose]),
            expressions=[exp.Literal.string(w) for w in purpose_of(label, engine.tables).words],
        ),
        exp.not_(exp.Is(this=granted.copy(), expression=exp.Null())),
    ]
    yes = exp.Case(ifs=[exp.If(this=granted, true=exp.Literal.number(1))], default=exp.Literal.number(0))
    latest = [exp.Ordered(this=yes.copy())]
    if table.event_time is not None:
        on.append(exp.LT(this=column(KNOWN, "t"), expression=column(CUTOFF_AT, "s")))
        latest.insert(0, exp.Ordered(this=column(AT, "t"), desc=True))
    rank = exp.Window(
        this=exp.RowNumber(), partition_by=[column(ROW, "s")], order=exp.Order(expressions=latest)
    )
    words = (
        exp.select(
            column(ROW, "s"),
            exp.alias_(yes, "_yes", quoted=True),
            exp.alias_(rank, "_rank", quoted=True),
        )
        .from_(aliased(CANDIDATES, "s"))
        .join(aliased(consent.table, "t"), on=exp.and_(*on))
    )
    one = exp.Literal.number(1)
    agreed = (
        exp.select(column(ROW))
        .from_(words.subquery("words", copy=False))
        .where(
            exp.EQ(this=column("_rank"), expression=one), exp.EQ(this=column("_yes"), expression=one.copy())
        )
    )
    return rows[ROW].isin(engine.frame(agreed)[ROW])


def _granted(name: str, sql_type: str) -> exp.Expr:
    """Whether a row says yes. Of words only those that say yes do: whatever else somebody wrote is no consent."""
    value = column(name, "t")
    if sql_type == "BOOLEAN":
        return value
    missing = exp.Is(this=value, expression=exp.Null())
    if sql_type.startswith("VARCHAR"):
        said = yes_no.among(value, yes_no.YES)
    else:
        said = exp.NEQ(this=value.copy(), expression=exp.Literal.number(0))
    return exp.Case(ifs=[exp.If(this=exp.not_(missing), true=said)])
