"""What the status of a statement adds to its days: a column per rule, 1 where the rule's values stand."""

from __future__ import annotations

import pandas as pd
from sqlglot import exp

from workbench.errors import DataError, did_you_mean
from workbench.features.columns import aliased
from workbench.labels.loan_rows import number, one_if
from workbench.labels.overdue import Overdue, Treatment
from workbench.tables.engine import Engine, column


def flag(rule: str) -> str:
    """The column that is 1 where the rule's status stands."""
    return f"_is_{rule}"


def flags(outcome: Overdue, only: exp.Expr | None = None) -> dict[str, exp.Expr]:
    """Column -> 1 where the status of `t` is one of the rule's values (and `only` holds), else 0."""
    if outcome.status is None:
        return {}
    status = _text(column(outcome.status.column, "t"))
    found: dict[str, exp.Expr] = {}
    for rule in outcome.status.rules:
        listed = exp.In(this=status.copy(), expressions=[exp.Literal.string(v) for v in rule.values])
        found[flag(rule.name)] = one_if(listed if only is None else exp.and_(listed, only.copy()))
    return found


def rules(outcome: Overdue, treatment: Treatment) -> list[str]:
    """The names of the rules with this treatment."""
    return [r.name for r in outcome.status.rules if r.treatment == treatment] if outcome.status else []


def any_flag(outcome: Overdue, treatment: Treatment, *, worst: bool) -> exp.Expr:
    """1 where a rule with this treatment is met (by any row of the group, with `worst`), else 0."""
    columns = [column(flag(name)) for name in rules(outcome, treatment)]
    values = [exp.Max(this=c) if worst else c for c in columns]
    if not values:
        return number(0)
    return values[0] if len(values) == 1 else exp.Greatest(this=values[0], expressions=values[1:])


def has_status(found: pd.DataFrame, outcome: Overdue, treatment: Treatment) -> pd.Series:
    columns = [flag(name) for name in rules(outcome, treatment)]
    return (found[columns] > 0).any(axis=1) if columns else pd.Series(False, index=found.index)


def unseen_statuses(engine: Engine, outcome: Overdue) -> list[tuple[str, str]]:
    """(sentence, hint) for every named status that no statement has."""
    status = outcome.status
    if status is None:
        return []
    occurring = _occurring(engine, outcome, status.column)
    return [
        (
            f"no row of '{outcome.table}' has the {status.column} '{value}' ({rule.name}).",
            f"{did_you_mean(value, occurring)} Name its values: status: {{column: {status.column}, {rule.name}: [...]}}.",
        )
        for rule in status.rules
        for value in rule.values
        if value not in occurring
    ]


def stop_if_status_unknown(engine: Engine, outcome: Overdue, where: str) -> None:
    """Raises WB-L13 where none of the named statuses occurs: then the column or the spelling is wrong."""
    unseen = unseen_statuses(engine, outcome)
    if (
        outcome.status is not None
        and unseen
        and len(unseen) == sum(len(r.values) for r in outcome.status.rules)
    ):
        raise DataError("WB-L13", f"{where}: {unseen[0][0]}", unseen[0][1])


def _occurring(engine: Engine, outcome: Overdue, name: str) -> list[str]:
    text = _text(column(name))
    query = (
        exp.select(exp.alias_(text, "status", quoted=True))
        .distinct()
        .from_(aliased(outcome.table, "t"))
        .where(exp.not_(exp.Is(this=text.copy(), expression=exp.Null())))
    )
    return sorted(engine.frame(query)["status"])


def _text(value: exp.Expr) -> exp.Cast:
    return exp.Cast(this=value, to=exp.DataType.build("varchar"))
