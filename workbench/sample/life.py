"""Month by month: who is awake, who wants to borrow, who is contacted and answers, who applies for a loan."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TypeVar

import numpy as np

from workbench.sample.campaigns import HELD_OUT, NOBODY, RANDOM_SHARE, Campaign
from workbench.sample.families import CHANNELS, OFFERS
from workbench.sample.rates import chance
from workbench.sample.shapes import saturating
from workbench.sample.traits import ACTIVATED_WITHIN, People
from workbench.sample.world import AHEAD, World

SHOCK_ENDS = 0.2  # chance per month that a broken income comes back
LOAN_OFFERS = (0, 1)  # offers whose answer may be an application
COOLING = 3  # months between two applications of one customer
STATES = ("absent", "acquired", "activated", "growing", "dormant", "won_back")
ABSENT, ACQUIRED, ACTIVATED, GROWING, DORMANT, WON_BACK = range(6)


@dataclass(frozen=True)
class Contacts:
    """One entry per contact, held-out ones included. `by` is the probability of an answer by each channel."""

    who: np.ndarray
    campaign: np.ndarray
    channel: np.ndarray
    sent: np.ndarray  # seconds since 1970
    random: np.ndarray
    propensity: np.ndarray
    alone: np.ndarray  # probability of an answer without contact
    by: np.ndarray  # (contacts, channels)
    answered: np.ndarray
    applied: np.ndarray


@dataclass(frozen=True)
class Applied:
    """One entry per application: who, in which month, when (seconds), after which contact (-1: on their own)."""

    who: np.ndarray
    month: np.ndarray
    at: np.ndarray
    contact: np.ndarray
    want: np.ndarray


Part = TypeVar("Part", Contacts, Applied)


@dataclass(frozen=True)
class Life:
    """What happened to one chunk. Arrays are (customers, months); `awake` spans are days into the month."""

    state: np.ndarray
    engagement: np.ndarray
    want: np.ndarray
    awake_from: np.ndarray
    awake_to: np.ndarray
    shocked: np.ndarray  # (customers, months + AHEAD)
    p_sleep: np.ndarray
    p_wake: np.ndarray
    p_apply: np.ndarray
    tired: np.ndarray
    agreed: np.ndarray  # whether there ever was a consent to marketing
    revoked: np.ndarray  # month in which it was withdrawn; beyond the period if never
    contacts: Contacts
    applied: Applied
    intensities: dict[str, np.ndarray] = field(default_factory=dict)


def live(world: World, people: People, rng: np.random.Generator) -> Life:
    """The chunk's life over the period."""
    plan, family, rates = world.plan, world.family, world.rates
    n, x, months = len(people), people.x, plan.months
    starts = plan.month_starts(1)
    lengths = np.diff(starts).astype("int64")
    shape = (n, months)
    state, awake_from, awake_to = (
        np.zeros(shape, "int8"),
        np.zeros(shape, "float32"),
        np.zeros(shape, "float32"),
    )
    kept = {
        k: np.zeros(shape, "float32") for k in ("engagement", "want", "p_sleep", "p_wake", "p_apply", "tired")
    }
    seen: dict[str, list[np.ndarray]] = {k: [] for k in ("sleep", "wake", "apply", "respond", "lift")}
    agreed = rng.random(n) < 0.86
    revoked = np.where(rng.random(n) < 0.08, rng.integers(0, months + 1, n), months + 999)
    shocked, shock_intensity = _shocks(world, people, rng)

    now = np.zeros(n, "int8")
    before = people.joined < plan.start
    now[before] = np.where(rng.random(int(before.sum())) < 0.6, GROWING, DORMANT)
    asleep = np.where(now == DORMANT, rng.integers(1, 12, n), 0)
    engaged = np.clip(family.pull(x, 0.0) + 0.1 * rng.standard_normal(n), 0.02, 0.98)
    urge, tired = np.zeros(n), np.zeros(n)
    invited = np.zeros(n, bool)
    active_since = np.where(now == GROWING, -6, 999)
    last_applied = np.full(n, -99)
    contacts: list[Contacts] = []
    applied: list[Applied] = []
    n_contacts = 0
    for month in range(months):
        season = float((int(starts[month].astype("datetime64[M]").astype("int64")) % 12) / 12)
        days = float(lengths[month])
        join_day = (people.joined - starts[month]).astype("float64")
        arriving = (now == ABSENT) & (join_day < days)
        now[arriving] = ACQUIRED
        tenure = np.maximum((starts[month] - people.joined).astype("float64") / 30.4, 0.0)
        engaged = np.clip(
            engaged + 0.3 * (family.pull(x, season) - engaged) + 0.11 * rng.standard_normal(n), 0.02, 0.98
        )
        urge = 0.6 * urge + (rng.random(n) < 0.05) * (0.4 + 0.6 * rng.random(n))
        want = family.appetite(x, urge, season)
        u = rng.random((5, n))

        # who wakes up, who falls asleep
        leaving, returning = family.leaving(x, engaged, tenure), family.returning(x, asleep.astype("float64"))
        p_sleep, p_wake = chance(rates.sleep, leaving), chance(rates.wake, returning)
        awake = (now == ACTIVATED) | (now == GROWING) | (now == WON_BACK)
        sleeping = now == DORMANT
        falls = awake & (u[0] < p_sleep)
        wakes = sleeping & ((u[0] < p_wake) | (invited & (u[1] < 0.6)))
        starts_now = (now == ACQUIRED) & (u[0] < ACTIVATED_WITHIN)
        begin, end = np.zeros(n), np.where(awake | wakes | starts_now, days, 0.0)
        begin = np.where(wakes, u[2] * days, begin)
        begin = np.where(starts_now, np.clip(join_day, 0, days - 0.01), begin)
        end = np.where(falls, u[2] * days, end)
        asleep = np.where(falls, 1, np.where(sleeping & ~wakes, asleep + 1, 0))
        active_since = np.where(starts_now, month, active_since)
        shown = np.where(starts_now, ACTIVATED, np.where(wakes, WON_BACK, now))
        now = np.where(falls, DORMANT, shown).astype("int8")
        now[(now == ACTIVATED) & (month - active_since >= 2)] = GROWING
        engaged = np.where(wakes, np.maximum(engaged, 0.45), engaged)

        # the month's campaign
        can = agreed & (revoked > month) & (join_day < -1) & ~people.test
        made = _campaign(
            world,
            people,
            world.campaigns[month],
            rng,
            can=can,
            sleeping=sleeping & ~wakes,
            want=want,
            engaged=engaged,
            tired=tired,
        )
        seen["respond"].append(made.pop("respond"))
        seen["lift"].append(made.pop("lift"))
        who = made["who"]
        converts = 0.25 + 0.5 * saturating(want[who], 0.5)
        takes = (
            np.isin(world.campaigns[month].offer, LOAN_OFFERS)
            & made["answered"]
            & (rng.random(len(who)) < converts)
        )
        takes &= last_applied[who] < month - COOLING
        contacts.append(Contacts(**made, applied=takes))
        invited = np.zeros(n, bool)
        invited[who[made["answered"]]] = True
        tired = 0.65 * tired
        tired[who] += made["channel"] != NOBODY

        # applications: after an answer within days, or on their own
        delay = 3600 * (2 + 60 * rng.random(len(who)) ** 2)
        p_apply = chance(rates.apply, want * np.where(end > begin, 1.0, 0.12))
        seen["apply"].append(want[now != ABSENT])
        alone = (
            (now != ABSENT)
            & (join_day < 0)
            & (u[3] < p_apply)
            & (last_applied < month - COOLING)
            & ~people.test
        )
        alone[who[takes]] = False
        free = np.flatnonzero(alone)
        month_start = float(starts[month].astype("datetime64[s]").astype("int64"))
        hour = np.where(rng.random(len(free)) < 0.6, 20.5, 12.5) + rng.normal(0, 1.1, len(free))
        at = month_start + 86400 * np.floor(u[4][free] * days) + 3600 * np.clip(hour, 0, 23.9)
        index = np.flatnonzero(takes)
        applied.append(
            Applied(
                np.concatenate([who[index], free]),
                np.full(len(index) + len(free), month),
                np.concatenate([made["sent"][index] + delay[index], at]).astype("int64"),
                np.concatenate([n_contacts + index, np.full(len(free), -1)]),
                np.concatenate([want[who[index]], want[free]]),
            )
        )
        last_applied[applied[-1].who] = month
        n_contacts += len(who)

        seen["sleep"].append(leaving[awake])
        seen["wake"].append(returning[sleeping])
        state[:, month], awake_from[:, month], awake_to[:, month] = now, begin, end
        for name, value in (("engagement", engaged), ("want", want), ("p_sleep", p_sleep), ("p_wake", p_wake), ("p_apply", p_apply), ("tired", tired)):  # fmt: skip
            kept[name][:, month] = value
    return Life(
        state=state,
        awake_from=awake_from,
        awake_to=awake_to,
        shocked=shocked,
        agreed=agreed,
        revoked=revoked,
        contacts=_joined(Contacts, contacts),
        applied=_joined(Applied, applied),
        intensities={k: np.concatenate(v) for k, v in seen.items()} | {"shock": shock_intensity},
        **kept,
    )


def answer_chances(
    world: World,
    x: dict[str, np.ndarray],
    want: np.ndarray,
    engaged: np.ndarray,
    tired: np.ndarray,
    offer: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The chance of an answer without contact and by each channel, and the two intensities behind them."""
    family, rates = world.family, world.rates
    base = family.responding(x, want, engaged, np.full(len(want), offer))
    lifts = np.stack(
        [family.lift(x, want, tired, np.full(len(want), offer), c) for c in range(len(CHANNELS))], axis=1
    )
    alone = chance(rates.respond, base)
    gained = alone[:, None] + (1 - alone[:, None]) * chance(rates.lift, np.maximum(lifts, 0.0))
    return alone, np.where(lifts < 0, alone[:, None] * (1 + lifts), gained), base, lifts


def _campaign(
    world: World,
    people: People,
    campaign: Campaign,
    rng: np.random.Generator,
    *,
    can: np.ndarray,
    sleeping: np.ndarray,
    want: np.ndarray,
    engaged: np.ndarray,
    tired: np.ndarray,
) -> dict[str, np.ndarray]:
    """One campaign's contacts. By lot: everyone has the same chance and the channel is drawn evenly, a fifth is held
    out. By the old rule: the lively (or the sleepers) are preferred, by the channel that they use."""
    n = len(people)
    lot, draw, pick, hit = rng.random((4, n))
    by_lot = can & (lot < RANDOM_SHARE)
    wanted = np.where(
        campaign.sleepers,
        sleeping * 0.45,
        (~sleeping) * 0.6 * saturating(engaged + 0.3 * rng.standard_normal(n), 0.5),
    )
    by_rule = can & ~by_lot & (draw < wanted)
    who = np.flatnonzero(by_lot | by_rule)
    random = by_lot[who]
    habit = people.habit[who] ** 1.5
    habit = habit / habit.sum(axis=1, keepdims=True)
    evenly = (1 - HELD_OUT) / len(CHANNELS)
    shares = np.where(random[:, None], evenly, habit)
    channel = np.minimum(
        (pick[who][:, None] > np.cumsum(shares, axis=1)).sum(axis=1), np.where(random, NOBODY, NOBODY - 1)
    )
    propensity = np.where(
        channel == NOBODY,
        HELD_OUT,
        np.take_along_axis(shares, np.minimum(channel, NOBODY - 1)[:, None], axis=1)[:, 0],
    )
    alone, by, base, lifts = answer_chances(
        world,
        {k: v[who] for k, v in people.x.items()},
        want[who],
        engaged[who],
        tired[who],
        campaign.offer,
    )
    everything = np.concatenate([by, alone[:, None]], axis=1)
    p = np.take_along_axis(everything, channel[:, None], axis=1)[:, 0]
    first = int(campaign.sent.astype("datetime64[s]").astype("int64"))
    sent = (
        first
        + 86400 * rng.integers(0, 3, len(who))
        + 3600 * 9
        + (rng.random(len(who)) * 3600 * 9).astype("int64")
    )
    return {
        "who": who,
        "campaign": np.full(len(who), campaign.month),
        "channel": channel,
        "sent": sent,
        "random": random,
        "propensity": propensity,
        "alone": alone,
        "by": by,
        "answered": hit[who] < p,
        "respond": base,
        "lift": np.maximum(np.take_along_axis(lifts, rng.integers(0, len(CHANNELS), len(who))[:, None], axis=1)[:, 0], 0.0),
    }  # fmt: skip


def _shocks(world: World, people: People, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Whether income is broken in each month, and the intensities that were met."""
    family, rates = world.family, world.rates
    span = world.plan.months + AHEAD
    shocked = np.zeros((len(people), span), bool)
    now = rng.random(len(people)) < 0.03
    met = []
    for month in range(span):
        intensity = family.shock(people.x, float(world.economy[month]))
        u = rng.random(len(people))
        now = np.where(now, u > SHOCK_ENDS, u < chance(rates.shock, intensity))
        shocked[:, month] = now
        met.append(intensity)
    return shocked, np.concatenate(met)


def _joined(kind: type[Part], parts: list[Part]) -> Part:
    return kind(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(kind)))


def reference_uplift(world: World, people: People, life: Life) -> tuple[np.ndarray, np.ndarray]:
    """At the end of the period: (customers, offers) chances without contact, (customers, offers, channels) uplift."""
    last = [a[:, -1].astype("float64") for a in (life.want, life.engagement, life.tired)]
    told = [answer_chances(world, people.x, *last, offer)[:2] for offer in range(len(OFFERS))]
    alone = np.stack([t[0] for t in told], axis=1)
    by = np.stack([t[1] for t in told], axis=1)
    return alone, by - alone[:, :, None]
