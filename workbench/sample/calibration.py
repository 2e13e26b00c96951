"""Finds the constants with which a world of any seed has realistic rates, on a pilot population of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.sample.credit import APPROVED, OVERRIDDEN_LOW, Applications, apply_for_loans, true_pd
from workbench.sample.events import session_intensity
from workbench.sample.life import Life, live
from workbench.sample.rates import constant_for
from workbench.sample.traits import People, make_people
from workbench.sample.transactions import payment_intensity, salaries
from workbench.sample.world import World

PILOT = 999_999  # the number of a chunk that no bank reaches
TARGETS = {"sleep": 0.065, "wake": 0.085, "apply": 0.045, "respond": 0.014, "lift": 0.028, "shock": 0.012}
TARGET_PD = 0.055  # of granted loans, 90 days past due within 12 months
DECLINED_BY_SCORE = 0.24
EVENTS_PER_SESSION = 2.8
PAYMENTS_PER_EVENT = 0.55  # transactions per app event


def calibrate(world: World) -> World:
    """The world with rates that hit the targets on the pilot; three rounds, since who is awake depends on who falls asleep."""
    plan = world.plan
    people = make_people(plan, PILOT, second_ids=0.0, tests=0.0)

    def pilot(world: World) -> Life:
        return live(world, people, plan.random("pilot life", PILOT))

    for _ in range(3):
        met = pilot(world).intensities
        world = _with(world, **{k: constant_for(v, met[k]) for k, v in TARGETS.items()})
    life = pilot(world)
    sessions = float(session_intensity(plan, people, life).sum() / len(people))
    wages = float(salaries(plan, people, life, plan.random("pilot wages", PILOT)).sum() / len(people))
    payments = float(payment_intensity(plan, people, life).sum() / len(people))
    world = _with(
        world,
        sessions=plan.events_per_customer / EVENTS_PER_SESSION / sessions,
        payments=max(PAYMENTS_PER_EVENT * plan.events_per_customer - wages, 0.5) / payments,
    )
    for _ in range(2):
        asked = apply_for_loans(world, people, life, plan.random("pilot loans", PILOT))
        world = _with(world, cut=float(np.quantile(asked.score, DECLINED_BY_SCORE)))
        world = _with(world, fail=_fail_for(world, people, life, asked))
    return world


def _with(world: World, **rates: float) -> World:
    return replace(world, rates=replace(world.rates, **rates))


def _fail_for(world: World, people: People, life: Life, asked: Applications) -> float:
    """The constant with which granted loans have the target PD, by bisection on the exact computation."""
    granted = (asked.decision == APPROVED) | (asked.decision == OVERRIDDEN_LOW)
    who, month = asked.who[granted], asked.month[granted]
    x = {k: v[who] for k, v in people.x.items()}
    low, high = 1e-3, 1e3
    for _ in range(24):
        middle = float(np.sqrt(low * high))
        pd = true_pd(
            _with(world, fail=middle),
            x,
            shocked=life.shocked[who, month],
            month=month,
            burden=asked.burden[granted],
            term=asked.term[granted],
        )
        if pd.mean() < TARGET_PD:
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))
