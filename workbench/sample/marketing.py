"""Contacts, outcomes and consents as tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workbench.sample.campaigns import NOBODY, Campaign
from workbench.sample.dirt import DAY, twice
from workbench.sample.families import CHANNELS, OFFERS
from workbench.sample.life import LOAN_OFFERS, Life
from workbench.sample.rows import Rows, Words, pick
from workbench.sample.traits import People
from workbench.sample.world import World

ARMS = (*CHANNELS, "none")
OUTCOMES = ("responded", "applied", "redeemed", "complained")
RESPONDED, APPLIED, REDEEMED, COMPLAINED = range(4)


@dataclass(frozen=True)
class Contacted:
    """The tables of contacts and outcomes, and the truth about each contact."""

    contacts: Rows
    outcomes: Rows
    truth: Rows


def campaign_rows(campaigns: list[Campaign]) -> Rows:
    return {
        "campaign_id": pa.array([c.id for c in campaigns]),
        "name": pa.array([c.name for c in campaigns]),
        "offer": Words.of(np.array([c.offer for c in campaigns]), OFFERS),
        "goal": pa.array(["winback" if c.sleepers else "grow" for c in campaigns]),
        "starts_on": np.array([c.sent for c in campaigns]),
        "ends_on": np.array([c.ends for c in campaigns]),
    }


def contact_tables(world: World, people: People, life: Life, rng: np.random.Generator) -> Contacted:
    """Every contact with its arm and how likely that arm was; what followed, as it was reported."""
    made, campaigns = life.contacts, world.campaigns
    order = np.lexsort((made.sent, made.who))
    who, campaign, sent = made.who[order], made.campaign[order], made.sent[order]
    n = len(who)
    begun = np.searchsorted(who, np.arange(len(people)))
    number = people.numbers[who] * 1_000 + (np.arange(n) - begun[who])
    ends = np.array([c.ends for c in campaigns])[campaign]
    offer = np.array([c.offer for c in campaigns])[campaign]
    channel = made.channel[order]
    contacts: Rows = {
        "_who": who,
        "contact_id": number,
        "customer_id": Words(who, people.ids),
        "campaign_id": Words.of(campaign, [c.id for c in campaigns]),
        "offer": Words.of(offer, OFFERS),
        "channel": Words.of(channel, ARMS),
        "sent_at": sent,
        "ends_at": ends,
        "random": made.random[order],
        "propensity": np.round(made.propensity[order], 6),
    }
    # the application's own moment, where the answer led to one
    applied_at = np.full(len(made.who), -1)
    from_contact = life.applied.contact >= 0
    applied_at[life.applied.contact[from_contact]] = life.applied.at[from_contact]
    applied_at = applied_at[order]
    answered, applied = made.answered[order], made.applied[order]
    span = (ends.astype("int64") + 1) * DAY - sent - 60
    delay = np.minimum(rng.exponential(1.8 * DAY, n), span * rng.random(n)).astype("int64") + 30
    responded_at = np.where(applied, np.maximum(applied_at - 1200, sent + 30), sent + delay)
    redeems = answered & ~np.isin(offer, LOAN_OFFERS) & (rng.random(n) < 0.55)
    redeemed_at = responded_at + ((span - (responded_at - sent)) * rng.random(n) * 0.5).astype("int64")
    worst = made.by[order].min(axis=1) < made.alone[order] * 0.6
    complains = (channel != NOBODY) & ~answered & worst & (rng.random(n) < 0.02)
    parts = [(RESPONDED, answered, responded_at), (APPLIED, applied, applied_at), (REDEEMED, redeems, redeemed_at), (COMPLAINED, complains, sent + delay)]  # fmt: skip
    row = np.concatenate([np.flatnonzero(mask) for _, mask, _ in parts])
    event = np.concatenate([np.full(int(mask.sum()), code) for code, mask, _ in parts])
    at = np.concatenate([when[mask] for _, mask, when in parts])
    first = np.lexsort((event, at, row))
    row, event, at = row[first], event[first], at[first]
    income = people.income[who[row]]
    amount = np.where(event == REDEEMED, np.round(5 + 40 * rng.random(len(row)), 0), np.nan)
    amount = np.where(
        event == APPLIED,
        np.clip(np.round(income * (1 + 3 * rng.random(len(row))) / 1000) * 1000, 1000, 200_000),
        amount,
    )
    reported = (at // DAY + rng.choice([1, 2, 3], len(row), p=[0.8, 0.15, 0.05])) * DAY + 6 * 3600
    outcomes: Rows = {
        "_who": who[row],
        "contact_id": number[row],
        "customer_id": Words(who[row], people.ids),
        "event": Words.of(event, OUTCOMES),
        "happened_at": at,
        "reported_at": reported,
        "amount": amount,
    }
    truth: Rows = {
        "_who": who,
        "contact_id": number,
        "customer_id": Words(who, people.ids),
        "p_none": made.alone[order].astype("float32"),
        **{f"p_{c}": made.by[order][:, k].astype("float32") for k, c in enumerate(CHANNELS)},
    }
    return Contacted(
        pick(contacts, twice(rng, n, world.dirt.duplicate_rows)), pick(outcomes, reported < world.end), truth
    )


def consent_rows(world: World, people: People, life: Life, rng: np.random.Generator) -> Rows:
    """Who agreed to marketing and to credit checks, and who took it back; a few never said anything."""
    n = len(people)
    plan = world.plan
    joined = people.joined.astype("int64") * DAY + 10 * 3600
    silent = rng.random(n) < 0.03
    asked = np.flatnonzero(~silent | life.agreed)
    back = np.flatnonzero(life.agreed & (life.revoked <= plan.months))
    month = plan.month_starts(1)[life.revoked[back]].astype("int64") * DAY
    # after joining, after the last month's campaign, and before the first one that leaves them out
    taken_back = np.maximum(month + rng.integers(-16 * DAY, 3 * DAY, len(back)), joined[back] + DAY)
    applied = np.zeros(n, bool)
    applied[life.applied.who] = True  # nobody's application is looked at without it
    borrowers = np.flatnonzero((rng.random(n) < 0.9) | applied)
    who = np.concatenate([asked, back, borrowers])
    at = np.concatenate([joined[asked], taken_back, joined[borrowers] + 60])
    granted = np.concatenate(
        [
            life.agreed[asked],
            np.zeros(len(back), bool),
            (rng.random(len(borrowers)) < 0.97) | applied[borrowers],
        ]
    )
    purpose = np.concatenate([np.zeros(len(asked) + len(back), "int64"), np.ones(len(borrowers), "int64")])
    order = np.lexsort((purpose, at, who))
    rows: Rows = {
        "_who": who[order],
        "customer_id": Words(who[order], people.ids),
        "purpose": Words.of(purpose[order], ("marketing", "credit")),
        "granted": granted[order],
        "changed_at": at[order],
    }
    return pick(rows, at[order] < world.end)
