"""Customers, their identities and accounts, branches and products as tables; and the truth about each customer."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from workbench.sample.credit import true_pd
from workbench.sample.dirt import DAY, impossible
from workbench.sample.families import CHANNELS, OFFERS
from workbench.sample.life import STATES, Life, reference_uplift
from workbench.sample.rows import Rows, Words
from workbench.sample.traits import ACQUIRED_BY, CITIES, PRODUCT_LINES, TEST_BRANCH, TRAITS, People
from workbench.sample.transactions import KINDS, Accounts
from workbench.sample.world import World

IDENTITY_CHANNELS = ("app", "wechat", "phone", "email", "counter")
_TITLES = (("consumer loan", "消费贷"), ("credit card", "信用卡"), ("deposit", "存款"), ("wealth", "理财"))
_STANDARD_BURDEN = 0.18  # instalment / income of the loan for which a customer's PD is told
_STANDARD_TERM = 12


def customer_rows(people: People) -> Rows:
    n = len(people)
    return {
        "_who": np.arange(n),
        "customer_id": people.ids,
        "branch": pa.array(people.branch),
        "product_line": Words.of(people.product_line, PRODUCT_LINES),
        "birth_year": people.birth_year,
        "gender": Words.of(np.where(people.gender == 2, -1, people.gender), ("F", "M", "")),
        "province": Words.of(people.city, [c[0] for c in CITIES]),
        "city": Words.of(people.city, [c[1] for c in CITIES]),
        "joined_at": people.joined,
        "channel_acquired": Words.of(people.acquired_by, ACQUIRED_BY),
        "segment_code": pa.array(
            np.char.zfill((people.numbers * 37 % 500).astype("U4"), 4)
        ),  # from an old system, means nothing
    }


def identity_rows(world: World, people: People, rng: np.random.Generator) -> Rows:
    """Each person's identities per channel, hashed; two records of one person share their phone; a few are bound wrongly."""
    n = len(people)
    share = np.stack([0.25 + 0.7 * people.x["digital"], 0.3 + 0.6 * people.x["social"], np.full(n, 0.97), 0.2 + 0.3 * people.x["thrift"], np.full(n, 0.5)], axis=1)  # fmt: skip
    who, channel = np.nonzero(rng.random(share.shape) < share)
    owner = people.person[who]
    own = (channel != 2) & (
        rng.random(len(who)) < 0.5
    )  # of a second record, half of the other identities are new
    owner = np.where(own, people.numbers[who], owner)
    wrong = np.flatnonzero(rng.random(n) < world.dirt.shared_identities)
    who = np.r_[who, wrong]
    channel = np.r_[channel, rng.choice([1, 2], len(wrong))]
    owner = np.r_[owner, people.person[(wrong + 1 + rng.integers(0, 40, len(wrong))) % n]]
    bound = (
        people.joined[who].astype("int64") + rng.exponential(60, len(who)).astype("int64")
    ) * DAY + rng.integers(8 * 3600, 22 * 3600, len(who))
    bound = np.minimum(bound, world.end - 3600)
    order = np.lexsort((bound, channel, who))
    who, channel, owner, bound = who[order], channel[order], owner[order], bound[order]
    hashed = [
        hashlib.blake2b(f"{world.plan.seed}/{c}/{o}".encode(), digest_size=10).hexdigest()
        for c, o in zip(channel.tolist(), owner.tolist(), strict=True)
    ]
    return {
        "_who": who,
        "customer_id": Words(who, people.ids),
        "channel": Words.of(channel, IDENTITY_CHANNELS),
        "identity": pa.array(hashed, pa.string()),
        "bound_at": bound,
    }  # fmt: skip


def account_rows(world: World, people: People, accounts: Accounts, rng: np.random.Generator) -> Rows:
    opened = impossible(rng, accounts.opened.astype("int64") * DAY, world.dirt.impossible_dates) // DAY
    return {
        "_who": accounts.who,
        "account_id": accounts.ids,
        "customer_id": Words(accounts.who, people.ids),
        "type": Words.of(accounts.kind, KINDS),
        "opened_at": opened.astype("datetime64[D]"),
        "credit_limit": accounts.limit,
        "closed_at": accounts.closed,
    }


def branch_rows() -> Rows:
    names = [f"B{b:03d}" for b in range(1, 61)]
    city = [(b // 4) % len(CITIES) for b in range(60)]
    return {
        "branch": pa.array([*names, TEST_BRANCH]),
        "province": pa.array([*(CITIES[c][0] for c in city), None], pa.string()),
        "branch_city": pa.array([*(CITIES[c][1] for c in city), None], pa.string()),
        "opened_on": (np.datetime64("2004-03-01") + np.arange(61) * 71),
    }


def product_rows() -> Rows:
    return {
        "product_line": pa.array(PRODUCT_LINES),
        "title_en": pa.array([t[0] for t in _TITLES]),
        "title_zh": pa.array([t[1] for t in _TITLES]),
    }


def true_customers(people: People) -> Rows:
    return {
        "_who": np.arange(len(people)),
        "customer_id": people.ids,
        "person": people.person,
        "second_record": people.person != people.numbers,
        "test_account": people.test,
        **{name: people.x[name].astype("float32") for name in TRAITS},
        "income": people.income,
        "peak_hour": people.peak.astype("float32"),
        "weekend_share": people.weekend.astype("float32"),
        **{f"habit_{c}": people.habit[:, k].astype("float32") for k, c in enumerate(CHANNELS)},
    }


def true_propensities(world: World, people: People, life: Life) -> Rows:
    """At each day: state and chances of the month that begins then, and the PD of a standard loan granted then."""
    n = len(people)
    as_of = world.as_of
    months = world.months_in(as_of)
    who, when = np.repeat(np.arange(n), len(months)), np.tile(np.arange(len(months)), n)
    month = months[when]
    pd = true_pd(
        world, {k: v[who] for k, v in people.x.items()}, shocked=life.shocked[who, month], month=month,
        burden=np.full(len(who), _STANDARD_BURDEN), term=np.full(len(who), _STANDARD_TERM),
    )  # fmt: skip
    return {
        "_who": who,
        "customer_id": Words(who, people.ids),
        "as_of": as_of[when],
        "state": Words.of(life.state[who, month].astype("int64"), STATES),
        "engagement": life.engagement[who, month],
        "want": life.want[who, month],
        "income_broken": life.shocked[who, month],
        "p_sleep": life.p_sleep[who, month],
        "p_wake": life.p_wake[who, month],
        "p_apply": life.p_apply[who, month],
        "pd_12m": pd.astype("float32"),
    }


def true_uplift(world: World, people: People, life: Life) -> Rows:
    """At the end of the period: the chance of an answer without contact, and what each channel changes, per offer."""
    alone, uplift = reference_uplift(world, people, life)
    return {
        "_who": np.arange(len(people)),
        "customer_id": people.ids,
        **{f"alone_{o}": alone[:, i].astype("float32") for i, o in enumerate(OFFERS)},
        **{
            f"uplift_{o}_{c}": uplift[:, i, k].astype("float32")
            for i, o in enumerate(OFFERS)
            for k, c in enumerate(CHANNELS)
        },
    }
