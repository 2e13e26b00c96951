"""Customers of one table whom the others do not know: ids that are written in another way never meet."""

from __future__ import annotations

from sqlglot import exp

from workbench.tables.engine import Engine, column, named
from workbench.tables.findings import Finding
from workbench.tables.kinds import as_text
from workbench.tables.trees import sub

_FEWEST = 20  # different ids below which a table says little
_HARDLY_ANY = 0.05  # share of a table's ids in the table that has most of them


def strangers(engine: Engine) -> list[Finding]:
    """WB-T50 for each table hardly any of whose customers is in the table that knows most; ids are compared as text."""
    entity = engine.tables.entity
    own = [n for n, t in engine.loaded.items() if entity in t.columns and t.rows]
    known = {name: _count(engine, _ids(engine, name)) for name in own}
    most = max(known, key=known.__getitem__, default=None)
    findings = []
    for name in own:
        if most is None or name == most or known[name] < _FEWEST:
            continue
        there = exp.In(this=_text(engine, name), query=exp.Subquery(this=_ids(engine, most)))
        met = _count(engine, _ids(engine, name).where(there))
        if met >= _HARDLY_ANY * known[name]:
            continue
        texts = {engine.loaded[n].columns[entity].startswith("VARCHAR") for n in (name, most)}
        kinds = " One holds text, the other numbers." if len(texts) > 1 else ""
        findings.append(
            Finding(
                "WB-T50",
                "warn",
                name,
                entity,
                f"table '{name}': only {met:,} of its {known[name]:,} different {entity} are in '{most}', which knows most.{kinds}",
                "Compare how they are written: zeros in front, full-width digits, spaces. "
                f"`types: {{{entity}: text}}` keeps them as they stand in a file.",
                known[name] - met,
            )
        )
    return findings


def _text(engine: Engine, table: str) -> exp.Expr:
    entity = engine.tables.entity
    return as_text(column(entity), engine.columns(table)[entity])


def _ids(engine: Engine, table: str) -> exp.Select:
    there = exp.not_(exp.Is(this=column(engine.tables.entity), expression=exp.Null()))
    return (
        exp.select(exp.alias_(_text(engine, table), "k", quoted=True))
        .distinct()
        .from_(named(table))
        .where(there)
    )


def _count(engine: Engine, query: exp.Select) -> int:
    return int(engine.row(exp.select(exp.Count(this=exp.Star())).from_(sub(query, "q")))[0])
