"""Applications for loans, what the bank decided, and what every applicant did or would have done with the money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.sample.life import SHOCK_ENDS, Life
from workbench.sample.rates import chance
from workbench.sample.traits import People
from workbench.sample.world import World

TERMS = np.array([6, 12, 24])
BAD = 4  # instalments behind: 95 days past due at the statement
WRITTEN_OFF = 7
GRACE = 5  # days from the due date to the statement
HORIZON = 12  # months over which the true probability of default is told
STAYS = 0.15  # of those who do not fall further behind: pay one instalment and stay where they are
EASED = 0.06  # chance per month that a loan three instalments behind is restructured
DECISIONS = (
    "approved",
    "declined_policy",
    "declined_score",
    "overridden_high",
    "overridden_low",
    "withdrawn",
)
APPROVED, DECLINED_POLICY, DECLINED_SCORE, OVERRIDDEN_HIGH, OVERRIDDEN_LOW, WITHDRAWN = range(6)
REASONS = ("", "too_many_inquiries", "income_too_low", "existing_overdue", "score_below_cutoff", "underwriter_concern", "underwriter_support", "customer_withdrew")  # fmt: skip
PURPOSES = ("daily_consumption", "decoration", "education", "medical", "travel", "turnover", "")


@dataclass(frozen=True)
class Applications:
    """One entry per application, in order of customer and time."""

    who: np.ndarray
    month: np.ndarray
    at: np.ndarray  # seconds since 1970
    contact: np.ndarray
    amount: np.ndarray
    term: np.ndarray
    rate: np.ndarray
    purpose: np.ndarray
    bureau: np.ndarray  # NaN: the vendor does not know the person
    inquiries: np.ndarray
    other_loans: np.ndarray
    debt_share: np.ndarray
    score: np.ndarray
    decided: np.ndarray
    decision: np.ndarray
    reason: np.ndarray
    granted: np.ndarray  # day, datetime64[D]; for the declined the day on which it would have been
    burden: np.ndarray
    pd: np.ndarray  # the true probability to fall 90 days behind within 12 months

    @property
    def instalment(self) -> np.ndarray:
        monthly = self.rate / 12
        return np.round(self.amount * monthly / (1 - (1 + monthly) ** -self.term), 2)


@dataclass(frozen=True)
class Statements:
    """One entry per loan and monthly statement, whether the loan was granted or only might have been."""

    loan: np.ndarray  # position in Applications
    step: np.ndarray
    due: np.ndarray  # day
    behind_before: np.ndarray
    behind: np.ndarray
    status: np.ndarray
    paid_day: np.ndarray  # NaT: nothing was paid
    paid_late: np.ndarray


STATUSES = ("current", "late", "cured", "settled_early", "written_off", "restructured")
CURRENT, LATE, CURED, SETTLED_EARLY, STATUS_WRITTEN_OFF, RESTRUCTURED = range(6)


def true_pd(
    world: World,
    x: dict[str, np.ndarray],
    *,
    shocked: np.ndarray,
    month: np.ndarray,
    burden: np.ndarray,
    term: np.ndarray,
    age: np.ndarray | int = 0,
    behind_now: np.ndarray | int = 0,
    steps: int = HORIZON - 1,
) -> np.ndarray:
    """The probability that 90 days past due are reached within 12 months of `month`, by exact forward computation over
    (instalments behind) x (income broken or not); nothing is drawn. `age` is the number of instalments so far."""
    family, rates, economy = world.family, world.rates, world.economy
    n = len(burden)
    mass = np.zeros((n, 2, BAD))
    late = np.broadcast_to(behind_now, n)
    mass[np.arange(n), shocked.astype("int64"), np.minimum(late, BAD - 1)] = 1.0
    bad = (late >= BAD).astype("float64")
    mass[late >= BAD] = 0.0
    for step in range(1, steps + 1):
        pressure = economy[np.minimum(month + step, len(economy) - 1)]
        breaks = chance(rates.shock, family.shock(x, pressure))
        mass = np.stack(
            [
                mass[:, 0] * (1 - breaks)[:, None] + mass[:, 1] * SHOCK_ENDS,
                mass[:, 0] * breaks[:, None] + mass[:, 1] * (1 - SHOCK_ENDS),
            ],
            axis=1,
        )
        after = np.zeros_like(mass)
        for broken in (0, 1):
            state = np.full(n, float(broken))
            miss = chance(
                rates.fail,
                family.failing(x, state, pressure, np.broadcast_to(age + step, n).astype("float64"), burden),
            )
            roll = family.rolling(x, state)
            running = age + step <= term
            current = mass[:, broken, 0]
            settles = _settles(x)
            miss = np.where(running, miss, 0.0)
            after[:, broken, 0] += np.where(running, current * (1 - miss) * (1 - settles), 0.0)
            after[:, broken, 1] += current * miss
            for behind in range(1, BAD):
                here = mass[:, broken, behind]
                eased = EASED if behind == BAD - 1 else 0.0
                onward = here * (1 - eased) * roll
                if behind + 1 == BAD:
                    bad += onward
                else:
                    after[:, broken, behind + 1] += onward
                rest = here * (1 - eased) * (1 - roll)
                after[:, broken, behind] += rest * STAYS
                after[:, broken, 0] += rest * (1 - STAYS) + here * eased
        mass = after
    return bad


def _settles(x: dict[str, np.ndarray]) -> np.ndarray:
    """Chance per month that a loan that is not behind is paid off early."""
    return 0.004 + 0.03 * x["thrift"] ** 2


def apply_for_loans(world: World, people: People, life: Life, rng: np.random.Generator) -> Applications:
    """The applications of a chunk with the bank's decisions; a decision knows earlier loans only later, see `settle_decisions`."""
    order = np.lexsort((life.applied.at, life.applied.who))
    who, month, at, contact, want = (
        getattr(life.applied, k)[order] for k in ("who", "month", "at", "contact", "want")
    )
    n = len(who)
    x = {k: v[who] for k, v in people.x.items()}
    income = people.income[who]
    amount = np.clip(np.round(income * (0.8 + 5.0 * want * rng.random(n)) / 1000) * 1000, 1000, 200_000)
    term = TERMS[np.digitize(rng.random(n) + 0.25 * x["patience"], [0.35, 0.85])]
    bureau = (
        640
        + 110 * (x["thrift"] - 0.5)
        + 130 * (x["stability"] - 0.5)
        - 70 * (x["impulse"] - 0.5)
        + 38 * rng.standard_normal(n)
    )
    bureau = np.clip(np.round(bureau), 300, 900)
    inquiries = rng.poisson(0.5 + 3.0 * want * (1.2 - x["thrift"]))
    other_loans = rng.poisson(0.3 + 1.8 * x["need"] * (1 - 0.6 * x["thrift"]))
    debt_share = np.round(np.clip(0.08 + 0.11 * other_loans + 0.08 * rng.standard_normal(n), 0, 1.5), 3)
    tenure = np.maximum((at // 86400 - people.joined[who].astype("int64")) / 365.25, 0)
    score = (
        600
        + 0.30 * (bureau - 640)
        - 7.0 * (inquiries - 1.5)
        - 55 * (debt_share - 0.25)
        + 9 * np.log1p(tenure)
        + 9 * rng.standard_normal(n)
    )
    bureau[rng.random(n) < 0.07] = np.nan
    score = np.round(np.where(np.isnan(bureau), score - 6, score))
    rate = np.round(0.078 + 0.13 / (1 + np.exp((score - 590) / 22)), 4)
    decided = at + np.where(
        rng.random(n) < 0.8, 60 + 600 * rng.random(n), 86400 * (0.5 + 3 * rng.random(n))
    ).astype("int64")
    granted = (decided // 86400 + rng.integers(1, 4, n)).astype("datetime64[D]")
    monthly = rate / 12
    burden = amount * monthly / (1 - (1 + monthly) ** -term) / income
    start = world.months_in(granted)
    pd = true_pd(
        world,
        x,
        shocked=life.shocked[who, start],
        month=start,
        burden=burden,
        term=term,
    )
    cut = world.rates.cut - 7.0 * (
        month >= int(0.6 * world.plan.months)
    )  # the bank loosens its policy on the way
    decision = np.where(score >= cut, APPROVED, DECLINED_SCORE)
    reason = np.where(score >= cut, 0, 4)
    # what the underwriter sees beyond the score is true, though blurred
    insight = np.log(pd + 0.002) + 0.7 * rng.standard_normal(n)
    looked_at = rng.random(n) < 0.4
    spared = (decision == DECLINED_SCORE) & looked_at & (insight < np.log(0.06)) & (score > cut - 40)
    stopped = (decision == APPROVED) & looked_at & (insight > np.log(0.20))
    decision[spared], reason[spared] = OVERRIDDEN_LOW, 6
    decision[stopped], reason[stopped] = OVERRIDDEN_HIGH, 5
    for broken, why in ((inquiries >= 8, 1), (income < 2500, 2)):
        decision[broken], reason[broken] = DECLINED_POLICY, why
    gone = (decision == APPROVED) & (rng.random(n) < 0.06)
    decision[gone], reason[gone] = WITHDRAWN, 7
    return Applications(
        who, month, at, contact, amount, term, rate, rng.choice(len(PURPOSES), n, p=[0.34, 0.18, 0.1, 0.08, 0.14, 0.13, 0.03]),
        bureau, inquiries, other_loans, debt_share, score, decided, decision, reason, granted, burden, pd,
    )  # fmt: skip


def repay(
    world: World, people: People, life: Life, asked: Applications, rng: np.random.Generator
) -> Statements:
    """Every statement of every application, as if each had been granted."""
    n = len(asked.who)
    x = {k: v[asked.who] for k, v in people.x.items()}
    first = asked.granted.astype("datetime64[M]")
    day = np.minimum((asked.granted - first.astype("datetime64[D]")).astype("int64"), 27)
    behind, open_ = np.zeros(n, "int64"), np.ones(n, bool)
    family, rates, economy = world.family, world.rates, world.economy
    start = world.months_in(asked.granted)
    parts: list[tuple[np.ndarray, ...]] = []
    for step in range(1, int(TERMS.max()) + WRITTEN_OFF + 2):
        month = np.clip(start + step, 0, life.shocked.shape[1] - 1)
        shocked = life.shocked[asked.who, month].astype("float64")
        pressure = economy[month]
        u = rng.random((5, n))
        running = step <= asked.term
        miss = np.where(
            running,
            chance(rates.fail, family.failing(x, shocked, pressure, np.full(n, float(step)), asked.burden)),
            0.0,
        )
        roll = family.rolling(x, shocked)
        before = behind.copy()
        late = before > 0
        eased = late & (before == BAD - 1) & (u[3] < EASED)
        onward = late & ~eased & (u[0] < roll)
        stays = late & ~eased & ~onward & (u[1] < STAYS)
        behind = np.where(
            late, np.where(onward, before + 1, np.where(stays, before, 0)), (u[0] < miss).astype("int64")
        )
        settles = open_ & (before == 0) & (behind == 0) & (step < asked.term) & (u[2] < _settles(x))
        lost = behind >= WRITTEN_OFF
        status = np.select(
            [eased, lost, settles, (behind == 0) & (before > 0), behind > 0],
            [RESTRUCTURED, STATUS_WRITTEN_OFF, SETTLED_EARLY, CURED, LATE],
            CURRENT,
        )
        due = (first + step).astype("datetime64[D]") + day
        few_days_late = (u[4] < 0.10 + 0.25 * x["impulse"]) & (behind == 0)
        shift = np.where(few_days_late, 1 + np.floor(u[3] * (GRACE - 1)), -np.floor(u[3] * 4)).astype("int64")
        paid = np.where(eased | ((behind > 0) & ~stays), np.datetime64("NaT"), due + shift)
        rows = np.flatnonzero(open_)
        parts.append(
            (
                rows,
                np.full(len(rows), step),
                due[rows],
                before[rows],
                behind[rows],
                status[rows],
                paid[rows],
                few_days_late[rows],
            )
        )
        open_ &= ~(settles | lost | ((step >= asked.term) & (behind == 0)))
        if not open_.any():
            break
    joined = [np.concatenate([p[k] for p in parts]) for k in range(8)]
    order = np.lexsort((joined[1], joined[0]))
    return Statements(*(column[order] for column in joined))


def went_bad(statements: Statements, n: int, *, within: int = HORIZON - 1) -> np.ndarray:
    """Whether each loan fell 90 days behind within 12 months."""
    bad = np.zeros(n, bool)
    bad[statements.loan[(statements.behind >= BAD) & (statements.step <= within)]] = True
    return bad


def settle_decisions(asked: Applications, statements: Statements) -> tuple[np.ndarray, np.ndarray]:
    """Decision and reason with the bank's own rule applied: whoever is behind on an earlier loan is declined."""
    decision, reason = asked.decision.copy(), asked.reason.copy()
    n = len(asked.who)
    days = np.datetime64("NaT", "D")
    first_behind = np.full(n, days)
    rows = np.flatnonzero(statements.behind > 1)
    for row in rows[::-1]:  # the earliest is written last
        first_behind[statements.loan[row]] = statements.due[row] + GRACE
    applied_on = (asked.at // 86400).astype("datetime64[D]")
    new = np.r_[True, asked.who[1:] != asked.who[:-1]] if n else np.zeros(0, bool)
    rank = np.arange(n) - np.maximum.accumulate(np.where(new, np.arange(n), 0)) if n else np.zeros(0, "int64")
    for nth in range(1, int(rank.max(initial=0)) + 1):
        later = np.flatnonzero(rank == nth)
        for back in range(1, nth + 1):
            earlier = later - back
            granted = (decision[earlier] == APPROVED) | (decision[earlier] == OVERRIDDEN_LOW)
            blocked = later[granted & (first_behind[earlier] < applied_on[later])]
            decision[blocked], reason[blocked] = DECLINED_POLICY, 3
    return decision, reason
