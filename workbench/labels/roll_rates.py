"""Which arrears get worse and which are paid: the evidence from which a bad definition is chosen.

Roll rates are the share of loans in a band of days past due that stand in another band a month later; a bad
definition belongs where most loans roll on and few come back (Siddiqi, Credit Risk Scorecards, 2006, chapter 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlglot import exp

from workbench.labels.arrears import states
from workbench.labels.loan_rows import DAYS, number
from workbench.labels.overdue import Overdue
from workbench.labels.statuses import any_flag
from workbench.tables.engine import AT, Engine, column, named
from workbench.tables.words import MonthNumber

_EDGES = (1, 30, 60, 90, 120, 150, 180)
_MOST = 0.5  # from where more than half get worse, waiting tells little more
_FEW = 30  # statements below which a band's share is hearsay
BY_STATUS = "bad by status"  # such as written off, whatever the days
_STATES = "_states"
_MONTH, _BAND, _NEXT, _NEXT_MONTH, _WORST = "_month", "_band", "_next", "_next_month", "_worst"


@dataclass(frozen=True)
class RollRates:
    """`to_next_month` and `to_worst` have from_band, to_band, loans (statements), share (of the from-band's).

    `to_next_month` goes to the state of the next calendar month, `to_worst` to the worst of the following `months`.
    `rolls_on` has per band band, from_days, loans, worse, same, better, current (shares: a worse band, the same, a
    better one within the following months; current again the month after). `bad_from` is the least number of days from
    which on, in every worse band with enough statements, more than half get worse; None where there is none.
    """

    months: int
    to_next_month: pd.DataFrame
    to_worst: pd.DataFrame
    rolls_on: pd.DataFrame
    bad_from: int | None

    def sentence(self, bad: int) -> str:
        """What the roll rates say about a threshold of `bad` days."""
        if self.rolls_on.empty:
            return "Roll rates: no two statements of a loan in consecutive months."
        late = self.rolls_on[(self.rolls_on["from_days"] > 0) & (self.rolls_on["from_days"] < bad)]
        said = [
            f"{r.band}: {r.worse:.0%} get worse and {r.current:.0%} are current a month later ({r.loans:,})"
            for r in late.itertuples()
            if pd.notna(r.current)
        ]
        verdict = (
            f"more than half roll on from {self.bad_from} days; the label's bad is {bad}."
            if self.bad_from is not None
            else f"in no band do more than half roll on; the label's bad is {bad}."
        )
        return f"Roll rates, {self.months} months ahead: " + "; ".join([*said, verdict])


def roll_rates(engine: Engine, outcome: Overdue, label: str, *, observed_until: datetime) -> RollRates:
    """The roll rates of every loan's last state of each month; the months ahead are those of the label's window.

    Only states whose whole future was observed go into `to_worst`."""
    months = max(1, round(outcome.within.days / 30.4375))
    edges = sorted(
        {
            *_EDGES,
            outcome.bad,
            outcome.starts_below,
            *([outcome.indeterminate] if outcome.indeterminate else []),
        }
    )
    names = _band_names(edges)
    engine.keep(_STATES, states(engine, outcome, label))
    monthly = _monthly(outcome, edges)
    last_month = _month_number(observed_until) - 1  # the last month that was observed to its end
    following = exp.EQ(
        this=column(_NEXT_MONTH), expression=exp.Add(this=column(_MONTH), expression=number(1))
    )
    whole = exp.LTE(this=column(_MONTH), expression=number(last_month - months))
    seen = exp.not_(exp.Is(this=column(_WORST), expression=exp.Null()))
    ahead = _ahead(outcome, monthly, months)
    next_month = _shares(engine.frame(_counted(ahead, _NEXT, [following])), names)
    to_worst = _shares(engine.frame(_counted(ahead, _WORST, [whole, seen])), names)
    rolls_on = _rolls_on(next_month, to_worst, names, edges)
    return RollRates(months, _told(next_month, names), _told(to_worst, names), rolls_on, _bad_from(rolls_on))


def _band_names(edges: list[int]) -> list[str]:
    lower = [0, *edges]
    names = ["current" if edges[0] == 1 else f"0-{edges[0] - 1}"]
    for low, high in zip(lower[1:], [*edges[1:], None], strict=True):
        names.append(f"{low}+" if high is None else f"{low}-{high - 1}" if high - low > 1 else f"{low}")
    return [*names, BY_STATUS]


def _monthly(outcome: Overdue, edges: list[int]) -> exp.Select:
    """Each loan's band and month number, by its last state of the month."""
    bands = [
        exp.If(
            this=exp.GT(this=any_flag(outcome, "bad", worst=False), expression=number(0)),
            true=number(len(edges) + 1),
        )
    ]
    bands += [
        exp.If(this=exp.GTE(this=column(DAYS), expression=number(edge)), true=number(rank))
        for rank, edge in sorted(enumerate(edges, start=1), reverse=True)
    ]
    numbered = exp.select(
        *(column(c) for c in outcome.loan),
        column(AT),
        exp.alias_(MonthNumber(this=column(AT)), _MONTH, quoted=True),
        exp.alias_(exp.Case(ifs=bands, default=number(0)), _BAND, quoted=True),
    ).from_(named(_STATES))
    newest = exp.Window(
        this=exp.RowNumber(),
        partition_by=[*(column(c) for c in outcome.loan), column(_MONTH)],
        order=exp.Order(expressions=[exp.Ordered(this=column(AT), desc=True)]),
    )
    ranked = exp.select("*", exp.alias_(newest, "_nth", quoted=True)).from_(
        numbered.subquery("numbered", copy=False)
    )
    return (
        exp.select(*(column(c) for c in outcome.loan), column(_MONTH), column(_BAND))
        .from_(ranked.subquery("ranked", copy=False))
        .where(exp.EQ(this=column("_nth"), expression=number(1)))
    )


def _ahead(outcome: Overdue, monthly: exp.Select, months: int) -> exp.Select:
    """Beside each month its loan's next band and month, and the worst band of the following months."""
    per_loan = [column(c) for c in outcome.loan]

    def over(value: exp.Expr, spec: exp.WindowSpec | None = None) -> exp.Window:
        order = exp.Order(expressions=[exp.Ordered(this=column(_MONTH))])
        return exp.Window(this=value, partition_by=[c.copy() for c in per_loan], order=order, spec=spec)

    span = exp.WindowSpec(
        kind="RANGE",
        start=number(1),
        start_side="FOLLOWING",
        end=number(months),
        end_side="FOLLOWING",
    )
    return exp.select(
        column(_MONTH),
        column(_BAND),
        exp.alias_(over(exp.Lead(this=column(_BAND))), _NEXT, quoted=True),
        exp.alias_(over(exp.Lead(this=column(_MONTH))), _NEXT_MONTH, quoted=True),
        exp.alias_(over(exp.Max(this=column(_BAND)), span), _WORST, quoted=True),
    ).from_(monthly.subquery("monthly"))


def _counted(ahead: exp.Select, to: str, chosen: list[exp.Expr]) -> exp.Select:
    return (
        exp.select(
            exp.alias_(column(_BAND), "from_rank", quoted=True),
            exp.alias_(column(to), "to_rank", quoted=True),
            exp.alias_(exp.Count(this=exp.Star()), "loans", quoted=True),
        )
        .from_(ahead.subquery("ahead"))
        .where(*chosen)
        .group_by(column(_BAND), column(to))
    )


def _shares(counted: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    found = counted.astype("int64").sort_values(["from_rank", "to_rank"], ignore_index=True)
    found["share"] = found["loans"] / found.groupby("from_rank")["loans"].transform("sum")
    return found


def _told(found: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    said = pd.DataFrame(
        {
            "from_band": [names[r] for r in found["from_rank"]],
            "to_band": [names[r] for r in found["to_rank"]],
            "loans": found["loans"],
            "share": found["share"],
        }
    )
    return said.reset_index(drop=True)


def _rolls_on(
    next_month: pd.DataFrame, to_worst: pd.DataFrame, names: list[str], edges: list[int]
) -> pd.DataFrame:
    lower = [0, *edges]
    rows = []
    for rank in sorted(set(to_worst["from_rank"]) | set(next_month["from_rank"])):
        if rank == len(names) - 1:
            continue  # nothing is worse
        to = to_worst[to_worst["from_rank"] == rank]
        after = next_month[next_month["from_rank"] == rank]
        rows.append(
            {
                "band": names[rank],
                "from_days": lower[rank],
                "loans": int(to["loans"].sum()),
                "worse": to.loc[to["to_rank"] > rank, "share"].sum() if len(to) else float("nan"),
                "same": to.loc[to["to_rank"] == rank, "share"].sum() if len(to) else float("nan"),
                "better": to.loc[to["to_rank"] < rank, "share"].sum() if len(to) else float("nan"),
                "current": after.loc[after["to_rank"] == 0, "share"].sum() if len(after) else float("nan"),
            }
        )
    return pd.DataFrame(rows, columns=["band", "from_days", "loans", "worse", "same", "better", "current"])


def _bad_from(rolls_on: pd.DataFrame) -> int | None:
    """The lowest late band from which on every band with enough statements mostly gets worse; the open top band cannot."""
    bands = rolls_on[
        (rolls_on["from_days"] > 0) & (rolls_on["loans"] >= _FEW) & ~rolls_on["band"].str.endswith("+")
    ]
    found = None
    for band in bands.iloc[::-1].itertuples():
        if not band.worse > _MOST:
            break
        found = int(band.from_days)
    return found


def _month_number(moment: datetime) -> int:
    return moment.year * 12 + moment.month - 1
