"""Accounts and what is booked on them: wages, spending, cash, fees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workbench.sample.dirt import DAY, STRANGER, impossible, late, twice
from workbench.sample.life import ABSENT, Life
from workbench.sample.plan import BankPlan
from workbench.sample.rows import Rows, Words, pick
from workbench.sample.traits import CITIES, People
from workbench.sample.world import World

KINDS = ("deposit", "credit_card", "wallet")
CATEGORIES = (
    "groceries", "dining", "online_shopping", "travel", "utilities", "medical", "education", "gaming", "cash", "transfer_out", "fee", "salary",
    "other_income",
)  # fmt: skip
SALARY, OTHER_INCOME, CASH, GAMING, FEE = (
    CATEGORIES.index(c) for c in ("salary", "other_income", "cash", "gaming", "fee")
)
_SIZE = np.array(
    [-3.6, -3.4, -3.0, -2.0, -3.3, -2.8, -2.2, -3.5, -2.2, -1.6, -5.5]
)  # log of the usual amount / income
WAGE_SHARE = 0.65  # share of customers whose wage is paid in here
CITY_NAMES = pa.array([c[1] for c in CITIES])


@dataclass(frozen=True)
class Accounts:
    """One entry per account, in order of customer; `first` is where each customer's begin."""

    who: np.ndarray
    kind: np.ndarray
    ids: pa.Array
    opened: np.ndarray
    closed: np.ndarray
    limit: np.ndarray
    first: np.ndarray
    of_kind: np.ndarray  # (customers, kinds): position of the account, -1 without


def make_accounts(plan: BankPlan, people: People, rng: np.random.Generator) -> Accounts:
    """Everyone has a deposit account; many a card and a wallet."""
    n = len(people)
    has = np.stack(
        [
            np.ones(n, bool),
            rng.random(n) < 0.35 + 0.4 * people.x["stability"],
            rng.random(n) < 0.25 + 0.5 * people.x["digital"],
        ],
        axis=1,
    )
    delay = rng.exponential(160, has.shape).astype("int64")
    delay[:, 0] = 0
    has &= people.joined[:, None] + delay < plan.end  # the others come when this bank's story is over
    who, kind = np.nonzero(has)
    of_kind = np.full(has.shape, -1)
    of_kind[who, kind] = np.arange(len(who))
    opened = (people.joined[:, None] + delay)[who, kind]
    limit = np.where(
        kind == 1, np.round(people.income[who] * (0.8 + 2.5 * rng.random(len(who))) / 500) * 500, np.nan
    )
    closed = np.where(
        rng.random(len(who)) < 0.02, opened + rng.integers(200, 900, len(who)), np.datetime64("NaT")
    )
    closed = np.where(closed < plan.end, closed, np.datetime64("NaT"))
    letters = np.array(["D", "K", "W"])[kind]
    numbers = np.char.zfill(people.numbers[who].astype("U7"), 7)
    ids = pa.array(np.char.add(letters, numbers))
    return Accounts(who, kind, ids, opened, closed, limit, np.searchsorted(who, np.arange(n)), of_kind)


def salaries(plan: BankPlan, people: People, life: Life, rng: np.random.Generator) -> np.ndarray:
    """(customers, months): whether a wage is paid in; it mostly stops while income is broken."""
    shape = life.state.shape
    share = min(WAGE_SHARE, 0.22 * plan.events_per_customer / plan.months)
    has = (rng.random(shape[0]) < share) & (life.state[:, -1] != ABSENT)
    steady = rng.random(shape) < 0.8 + 0.19 * people.x["stability"][:, None]
    broken = life.shocked[:, : shape[1]] & (rng.random(shape) < 0.75)
    return has[:, None] & steady & ~broken & (life.state != ABSENT)


def payment_intensity(plan: BankPlan, people: People, life: Life) -> np.ndarray:
    """(customers, months): how many payments, up to a constant."""
    thrift = 1.4 - 0.9 * people.x["thrift"]
    awake = 0.5 + 0.5 * (life.awake_to > life.awake_from)
    return (
        (life.state != ABSENT)
        * awake
        * (thrift * np.where(people.test, 4.0, 1.0))[:, None]
        * (1 - 0.3 * life.shocked[:, : plan.months])
    )


def transactions(
    world: World, people: People, life: Life, accounts: Accounts, rng: np.random.Generator
) -> Rows:
    """The chunk's transactions, each customer's in order of time, dirt included."""
    plan, dirt = world.plan, world.dirt
    wages = salaries(plan, people, life, rng)
    counts = rng.poisson(world.rates.payments * payment_intensity(plan, people, life))
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    pay_who, pay_month = np.divmod(cell, plan.months)
    wage_who, wage_month = np.nonzero(wages)
    who, month = np.r_[pay_who, wage_who], np.r_[pay_month, wage_month]
    is_wage = np.r_[np.zeros(len(pay_who), bool), np.ones(len(wage_who), bool)]
    n = len(who)
    x = {k: v[who] for k, v in people.x.items()}
    starts = plan.month_starts(1)
    days = np.diff(starts).astype("int64")[month]
    pay_day = 5 + (people.numbers[who] * 7) % 20
    wobble = np.where(rng.random(n) < 0.8, 0, rng.integers(-2, 3, n))
    day = np.where(is_wage, pay_day + wobble, np.floor(rng.random(n) * days)).astype("int64")
    hour = np.where(
        is_wage,
        9 + rng.random(n),
        np.clip(np.where(rng.random(n) < 0.5, 12.5, 19.5) + rng.normal(0, 2.2, n), 0, 23.95),
    )
    at = (starts[month].astype("int64") + day) * DAY + (hour * 3600).astype("int64")
    category = _category(x, life.shocked[who, month], rng)
    income_now = people.income[who] * np.where(life.shocked[who, month], 0.55, 1.0)
    spread = rng.normal(0, 0.35 + 0.6 * x["impulse"], n)
    amount = income_now * np.exp(
        np.append(_SIZE, [0, -2.0])[category] + 0.9 * (x["need"] - x["thrift"]) + spread
    )
    category = np.where(is_wage, SALARY, category)
    amount = np.where(
        is_wage,
        people.income[who] * (0.97 + 0.06 * rng.random(n)) * np.where(life.shocked[who, month], 0.5, 1.0),
        amount,
    )
    amount = np.maximum(np.round(amount, 2), 0.01)
    credit = (category == SALARY) | (category == OTHER_INCOME)
    by = np.where(rng.random(n) < 0.45, 1, np.where(rng.random(n) < 0.5, 2, 0))
    account = accounts.of_kind[who, np.where(credit | (category == CASH), 0, by)]
    there = (account >= 0) & (accounts.opened[account].astype("int64") * DAY <= at)
    account = np.where(there, account, accounts.of_kind[who, 0])
    away = (rng.random(n) < 0.06) | (category == CATEGORIES.index("travel"))
    city = np.where(away, rng.integers(0, len(CITIES), n), people.city[who])
    order = np.lexsort((at, who))
    inside = order[
        at[order]
        >= np.maximum(people.joined[who[order]].astype("int64") * DAY, starts[0].astype("int64") * DAY)
    ]
    who, at, category, amount, credit, account, city = (
        a[inside] for a in (who, at, category, amount, credit, account, city)
    )
    n = len(who)
    begun = np.searchsorted(who, np.arange(len(people)))
    number = people.numbers[who] * 1_000_000 + (np.arange(n) - begun[who])
    booked = (
        (at // DAY) * DAY
        + rng.choice(4, n, p=[0.55, 0.3, 0.1, 0.05]) * DAY
        + 20 * 3600
        + rng.integers(0, 14_000, n)
    )
    booked = np.maximum(booked, at + 60) + late(rng, n, dirt.late_rows)
    happened = impossible(rng, at, dirt.impossible_dates)
    nobody, orphan = rng.random((2, n))
    rows: Rows = {
        "_who": who,
        "transaction_id": number,
        "account_id": Words(np.where(orphan < dirt.orphan_keys, len(accounts.ids), account), pa.concat_arrays([accounts.ids, pa.array(["D" + STRANGER])])),
        "customer_id": Words(np.where(nobody < dirt.missing_ids, -1, who), people.ids),
        "happened_at": happened,
        "booked_at": booked,
        "amount": amount,
        "direction": Words.of(credit.astype("int64"), ("debit", "credit")),
        "category": Words.of(category, CATEGORIES),
        "merchant_city": Words(np.where(credit, -1, city), CITY_NAMES),
    }  # fmt: skip
    rows = pick(rows, twice(rng, n, dirt.duplicate_rows))
    return pick(rows, np.asarray(rows["booked_at"]) < world.end)


def _category(x: dict[str, np.ndarray], shocked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n = len(shocked)
    weights = np.empty((n, len(CATEGORIES)))
    weights[:] = [1.5, 1.1, 1.1, 0.25, 0.6, 0.2, 0.15, 0.15, 0.4, 0.5, 0.08, 0.0, 0.12]
    weights[:, 1] *= 0.5 + x["social"]
    weights[:, 2] *= 0.4 + 1.2 * x["digital"]
    weights[:, 3] *= 0.3 + 1.4 * x["social"]
    weights[:, GAMING] *= 0.2 + 6 * x["impulse"] ** 2
    weights[:, CASH] *= 0.5 + 1.5 * (1 - x["digital"]) + 1.5 * shocked
    weights[:, FEE] *= 0.5 + 3 * (x["thrift"] < 0.25) + 4 * shocked
    steps = np.cumsum(weights, axis=1)
    return (steps < (rng.random(n) * steps[:, -1])[:, None]).sum(axis=1)
