"""What customers do in the app: sessions at their hours, in their phase of life, with their wishes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from workbench.sample.dirt import DAY, STRANGER, impossible, late, twice
from workbench.sample.life import Life
from workbench.sample.plan import BankPlan
from workbench.sample.rows import Rows, Words, pick
from workbench.sample.traits import DEVICES, People
from workbench.sample.world import World

EVENTS = (
    "login", "view_home", "search", "view_fund", "transfer", "pay_bill", "view_limit", "view_loan", "calculate_loan", "start_application",
    "view_repayment", "click_banner", "share", "enable_push", "error",
)  # fmt: skip
PAGES = (
    "home", "home", "search", "wealth", "transfer", "bills", "limit", "loan", "loan", "loan", "repayment", "home", "share", "settings", "error",
)  # fmt: skip
UNKNOWN = ("Login", "view_laon", "loan_view_v2", "test_event")
NAMES = pa.array([*EVENTS, *UNKNOWN])
WITH_AMOUNT = ("transfer", "pay_bill", "calculate_loan")
_CODE = {name: code for code, name in enumerate(EVENTS)}
BLOCK = 200_000  # rows whose event is drawn at once: a row of weights is wide
BROKEN = ("calculate_loan", 0.7)  # and this one loses amounts in one month
SILENT = ("share", 0.5)  # this event is not recorded in one month, about here in the period

PLAN = (
    """\
# What the app should send. `redeem_points` was planned and never built.
table: app_events
name: event
events:
"""
    + "".join(
        f"  {name}: {{properties: {{device: {{type: text, required: true}}, page: {{type: text, required: true}}"
        + (", amount: {type: number, required: true}" if name in WITH_AMOUNT else "")
        + "}}\n"
        for name in EVENTS
    )
    + "  redeem_points: {properties: {device: {type: text, required: true}, amount: {type: number, required: true}}}\n"
)


def session_intensity(plan: BankPlan, people: People, life: Life) -> np.ndarray:
    """(customers, months): how many sessions, up to a constant: awake days times a taste that engagement amplifies."""
    days = np.diff(plan.month_starts(1)).astype("float64")
    awake = (life.awake_to - life.awake_from) / days
    lively = 0.35 + 1.3 * people.x["digital"] * (0.5 + people.x["social"])
    crowd = np.where(people.test, 6.0, 1.0)
    return awake * (0.12 + life.engagement) ** 1.5 * (lively * crowd)[:, None]


def app_events(world: World, people: People, life: Life, rng: np.random.Generator) -> Rows:
    """The chunk's app events, each customer's in order of time, dirt included."""
    plan, dirt = world.plan, world.dirt
    who, month, start = _sessions(world, people, life, rng)
    length = 1 + rng.poisson(1.8, len(who))
    session = np.repeat(np.arange(len(who)), length)
    first = np.cumsum(length) - length
    place = np.arange(len(session)) - first[session]
    gaps = np.where(place == 0, 0.0, rng.exponential(45.0, len(session)) + 3)
    clock = np.cumsum(gaps)
    at = start[session] + (clock - clock[first][session]).astype("int64")
    people_of, months_of = who[session], month[session]
    event = np.concatenate(
        [
            _which(
                life.want[people_of[part], months_of[part]],
                life.p_sleep[people_of[part], months_of[part]],
                life.shocked[people_of[part], months_of[part]],
                people.x["patience"][people_of[part]],
                people.x["pride"][people_of[part]],
                rng,
            )
            for part in (slice(k, k + BLOCK) for k in range(0, max(len(session), 1), BLOCK))
        ]
    )
    event = np.where(place == 0, _CODE["login"], event)
    quiet = (event == _CODE[SILENT[0]]) & (months_of == int(plan.months * SILENT[1]))
    kept = ~quiet
    people_of, session, at, event = people_of[kept], session[kept], at[kept], event[kept]
    n = len(at)
    amount = np.where(
        np.isin(event, [_CODE[e] for e in WITH_AMOUNT]),
        np.round(people.income[people_of] * np.exp(rng.normal(-2.0, 0.9, n)), 2),
        np.nan,
    )
    other_device = rng.random(n) < 0.03
    device = np.where(other_device, rng.integers(0, len(DEVICES), n), people.device[people_of])
    # which session of this customer: a number that is unique with the customer's
    begun = np.searchsorted(who, np.arange(len(people)))
    number = people.numbers[people_of] * 100_000 + (session - begun[people_of])

    half = rng.random(n) < dirt.half_filled_events
    amount[half & (rng.random(n) < 0.5)] = np.nan
    release = (event == _CODE[BROKEN[0]]) & (months_of[kept] == int(plan.months * BROKEN[1]))
    amount[release & (rng.random(n) < dirt.broken_release)] = np.nan
    strange = rng.random(n) < dirt.unknown_events
    page = event.copy()
    event = np.where(strange, len(EVENTS) + rng.integers(0, len(UNKNOWN), n), event)
    loaded = at + (30 + rng.exponential(240.0, n)).astype("int64") + late(rng, n, dirt.late_rows)
    happened = impossible(rng, at, dirt.impossible_dates)
    nobody, stranger = rng.random((2, n))
    codes = np.where(stranger < dirt.orphan_keys, len(people), people_of)
    codes = np.where(nobody < dirt.missing_ids, -1, codes)
    rows: Rows = {
        "_who": people_of,
        "customer_id": Words(codes, pa.concat_arrays([people.ids, pa.array([STRANGER])])),
        "event": Words(event, NAMES),
        "happened_at": happened,
        "loaded_at": loaded,
        "session_id": number,
        "page": Words(page, pa.array(PAGES)),
        "amount": amount,
        "device": Words(np.where(half, -1, device), pa.array(DEVICES)),
    }
    rows = pick(rows, twice(rng, n, dirt.duplicate_rows))
    return pick(rows, np.asarray(rows["loaded_at"]) < world.end)


def _sessions(
    world: World, people: People, life: Life, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customer, month and start (seconds) of every session, in order of customer and time."""
    plan = world.plan
    counts = rng.poisson(world.rates.sessions * session_intensity(plan, people, life))
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    who, month = np.divmod(cell, plan.months)
    n = len(who)
    low, high = life.awake_from[who, month].astype("float64"), life.awake_to[who, month].astype("float64")
    day = np.floor(low + rng.random(n) * (high - low))
    first_day = plan.month_starts()[month].astype("int64")
    # weekday habits: a session moves to the nearest day of the wished kind, if the span has one
    weekday = (first_day + day.astype("int64") + 3) % 7  # 0 is Monday
    wishes_weekend = rng.random(n) < people.weekend[who]
    to_weekend = np.where(weekday < 5, 5 - weekday + rng.integers(0, 2, n), 0)
    to_week = np.where(weekday >= 5, -1 - (weekday - 5) - rng.integers(0, 3, n), 0)
    shift = np.where(wishes_weekend, to_weekend, to_week)
    moved = day + np.where(
        (day + shift >= low) & (day + shift < high),
        shift,
        np.where(wishes_weekend & (shift > 0) & (day + shift - 7 >= low), shift - 7, 0),
    )
    kind = rng.random(n)
    hour = np.select(
        [kind < 0.45, kind < 0.67, kind < 0.92],
        [
            people.peak[who] + rng.normal(0, 1.1, n),
            12.4 + rng.normal(0, 0.6, n),
            20.7 + rng.normal(0, 1.0, n),
        ],
        24 * rng.random(n),
    )
    seconds = np.clip(hour, 0.0, 23.95) * 3600
    start = (first_day + moved.astype("int64")) * DAY + seconds.astype("int64")
    order = np.lexsort((start, who))
    return who[order], month[order], start[order]


def _which(
    want: np.ndarray,
    leaving: np.ndarray,
    shocked: np.ndarray,
    patience: np.ndarray,
    pride: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """The event of each place in a session: wishes lead to the loan pages, trouble to errors and repayments; the
    patient read about funds and search, the proud leave banners and notices alone."""
    n = len(want)
    weights = np.empty((n, len(EVENTS)))
    weights[:] = [0.1, 1.6, 0.5, 0.5, 0.9, 0.8, 0.4, 0.4, 0.12, 0.05, 0.5, 0.45, 0.12, 0.08, 0.15]
    weights[:, _CODE["view_loan"]] += 2.4 * want**1.5
    weights[:, _CODE["calculate_loan"]] += 1.5 * want**2
    weights[:, _CODE["view_limit"]] += 0.8 * want
    weights[:, _CODE["start_application"]] += 0.3 * want**2
    weights[:, _CODE["error"]] += 2.0 * leaving
    weights[:, _CODE["view_repayment"]] += 0.9 * shocked
    weights[:, _CODE["transfer"]] *= 1 - 0.5 * shocked
    weights[:, _CODE["view_fund"]] *= 0.2 + 2.4 * patience**1.5
    weights[:, _CODE["search"]] *= 0.4 + 1.2 * patience
    weights[:, _CODE["click_banner"]] *= 0.15 + 1.9 * (1 - pride)
    weights[:, _CODE["enable_push"]] *= 0.1 + 2.0 * (1 - pride)
    steps = np.cumsum(weights, axis=1)
    return (steps < (rng.random(n) * steps[:, -1])[:, None]).sum(axis=1)
