"""Labels that a house need not write out: a template gives the whole grammar, whatever is written replaces its part."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import yaml

from workbench.errors import DefinitionError, did_you_mean
from workbench.tables.durations import Duration
from workbench.tables.schema import TableSet
from workbench.tables.yaml_file import expect_mapping, names

_STATEMENTS = "repayments"
_LOANS = "loans"
_MONTHS_BEFORE = Duration(3, "mo")  # a customer's recent conduct should be seen before the first cutoff


def expanded(label: dict[str, Any], tables: TableSet, where: str) -> dict[str, Any]:
    """The label's settings with those of its `template:` below them. Raises WB-L15 for an unknown template, or one
    whose tables the dataset does not have and the label does not name."""
    name = label.get("template")
    if name not in _TEMPLATES:
        raise DefinitionError(
            "WB-L15", f"{where}: no template is called '{name}'.", did_you_mean(str(name), _TEMPLATES)
        )
    own = {k: v for k, v in label.items() if k != "template"}
    return _merged(_TEMPLATES[name](own, tables, where), own)


def as_yaml(label: dict[str, Any]) -> str:
    """The settings as they would be written out in labels.yaml."""
    return yaml.safe_dump(label, sort_keys=False, allow_unicode=True, width=110).rstrip()


def _early_warning(own: dict[str, Any], tables: TableSet, where: str) -> dict[str, Any]:
    """Current (nothing due) on the day, 30 days or more past due within the next three months."""
    outcome = expect_mapping(own.get("outcome", {}), f"{where}, outcome")
    statements = _table(outcome.get("overdue_in", _STATEMENTS), tables, where, "outcome: {overdue_in: TABLE}")
    window = Duration.parse(outcome.get("within", "3mo"), f"{where}, outcome, within")
    lag = Duration.parse(outcome.get("lag", "1d"), f"{where}, outcome, lag")
    eligible: dict[str, Any] = {"any_in": statements, "within": "2mo"}
    if "row" in own:  # each loan on its own: it is the loan that must have a recent statement
        row = expect_mapping(own["row"], f"{where}, row")
        eligible["match"] = [k for k in names(row.get("key"), f"{where}, row, key") if k != tables.entity]
    found = {
        "kind": "risk",
        "say": {
            "en": "the customer, current today, falls 30 days or more behind within three months",
            "zh": "当前正常的客户在三个月内逾期30天及以上",
        },
        "eligible": eligible,
        "outcome": {
            "overdue_in": statements,
            "loan": "loan_id",
            "days_past_due": "days_past_due",
            "bad": 30,
            "starts_below": 1,
            "within": str(window),
            "lag": str(lag),
        },
    }
    if "cutoffs" not in own:
        found["cutoffs"] = _monthly(tables, window, lag, where)
    return found


def _first_payment_default(own: dict[str, Any], tables: TableSet, where: str) -> dict[str, Any]:
    """The first instalment 30 days or more late, counted from its due date; each loan once, as of its granting."""
    outcome = expect_mapping(own.get("outcome", {}), f"{where}, outcome")
    row = expect_mapping(own.get("row", {}), f"{where}, row")
    statements = _table(outcome.get("overdue_in", _STATEMENTS), tables, where, "outcome: {overdue_in: TABLE}")
    loans = _table(row.get("each", _LOANS), tables, where, "row: {each: TABLE}")
    return {
        "kind": "risk",
        "say": {
            "en": "the first instalment is paid 30 days late or later, or not at all",
            "zh": "首期还款逾期30天及以上或未还",
        },
        "row": {"each": loans, "key": [tables.entity, "loan_id"], "cutoff": "granted_at"},
        "outcome": {
            "overdue_in": statements,
            "match": ["loan_id"],
            "where": "installment = 1",
            "days_past_due": {"due": "due_date", "paid": "paid_date"},
            "bad": 30,
            "within": "3mo",  # the first due date lies up to a month and a half ahead, and 30 days must pass after it
            "lag": "1d",
        },
    }


_TEMPLATES = {"early_warning": _early_warning, "first_payment_default": _first_payment_default}


def _table(name: object, tables: TableSet, where: str, how: str) -> str:
    if name not in tables.tables:
        raise DefinitionError(
            "WB-L15",
            f"{where}: the template needs the table '{name}', which this dataset does not have.",
            f"Say {how}. {did_you_mean(str(name), tables.tables)}",
        )
    return str(name)


def _monthly(tables: TableSet, window: Duration, lag: Duration, where: str) -> dict[str, Any]:
    """Each first of a month that has three months of data before it and a whole window after it."""
    if tables.observed_from is None or tables.observed_until is None:
        raise DefinitionError(
            "WB-L15",
            f"{where}: the template cannot choose its cutoffs, as tables.yaml does not say from when until when data was observed.",
            "Add `observed_from:` and `observed_until:` there, or `cutoffs:` here.",
        )
    begin = _MONTHS_BEFORE.after(tables.observed_from)
    first = begin if begin == _month(begin) else Duration(1, "mo").after(_month(begin))
    last = _month(lag.before(window.before(tables.observed_until)))
    if last < first:
        raise DefinitionError(
            "WB-L11",
            f"{where}: three months of history and a window of {window} are longer than the data "
            f"({tables.observed_from:%Y-%m-%d} to {tables.observed_until:%Y-%m-%d}).",
            "Choose a shorter window, or load more data.",
        )
    return {"every": "1mo", "from": first.date(), "to": last.date()}


def _month(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, 1)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`above` over `below`, mapping by mapping; what names another way to measure replaces the whole of it."""
    merged = dict(below)
    for name, value in above.items():
        under = below.get(name)
        both = isinstance(value, dict) and isinstance(under, dict)
        merged[name] = _merged(under, value) if both and name in ("outcome", "row", "say") else value
    return {k: v for k, v in merged.items() if v is not None}
