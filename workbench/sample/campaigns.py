"""The bank's campaigns: one a month, each with an offer, a part at random and a part by the bank's old rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.sample.families import CHANNELS, OFFERS
from workbench.sample.plan import BankPlan

RANDOM_SHARE = 0.12  # of those who agreed to marketing, drawn by lot
HELD_OUT = 0.2  # of the random part: not contacted, so that the effect can be measured
NOBODY = len(CHANNELS)  # the code of "not contacted"


@dataclass(frozen=True)
class Campaign:
    month: int
    offer: int
    sent: np.datetime64  # the first day of sending, datetime64[D]
    days: int  # how long the offer holds
    sleepers: bool  # the targeted part goes to those who fell asleep

    @property
    def id(self) -> str:
        return f"C{self.month + 1:03d}"

    @property
    def ends(self) -> np.datetime64:
        return self.sent + np.timedelta64(self.days, "D")

    @property
    def name(self) -> str:
        return f"{OFFERS[self.offer]}_{'winback' if self.sleepers else 'grow'}_{self.sent}"


def make_campaigns(plan: BankPlan) -> list[Campaign]:
    """One campaign a month; offers change, every third campaign is to win customers back."""
    rng = plan.random("campaigns")
    return [
        Campaign(
            month,
            int(rng.integers(0, len(OFFERS))) if month >= len(OFFERS) else month,
            start + int(rng.integers(3, 9)),
            int(rng.choice([14, 21])),
            month % 3 == 2,
        )
        for month, start in enumerate(plan.month_starts())
    ]
