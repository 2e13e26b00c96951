"""Everything that is true of a whole bank: its plan, the forms and rates of its people, its economy and campaigns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from workbench.sample.campaigns import Campaign, make_campaigns
from workbench.sample.dirt import DirtRates
from workbench.sample.families import FAMILIES, Family
from workbench.sample.plan import BankPlan
from workbench.sample.rates import Rates

AHEAD = 14  # months after the end for which the truth is worked out


@dataclass(frozen=True)
class World:
    """One bank's world; the same plan always gives the same."""

    plan: BankPlan
    family: Family
    campaigns: list[Campaign]
    economy: np.ndarray  # pressure on borrowers, per month of the period and AHEAD months more
    rates: Rates = field(default_factory=Rates)
    dirt: DirtRates = field(default_factory=DirtRates)

    @classmethod
    def of(cls, plan: BankPlan) -> World:
        """The world of a plan, with rates that are not calibrated yet."""
        family = FAMILIES[plan.family]
        months = np.arange(plan.months + AHEAD, dtype="float64")
        return cls(
            plan, family, make_campaigns(plan), family.economy(months, float(plan.random("economy").random()))
        )

    @property
    def end(self) -> int:
        """The end of the period in seconds since 1970."""
        return int(self.plan.end.astype("datetime64[s]").astype("int64"))

    @property
    def as_of(self) -> np.ndarray:
        """The days for which risk and propensities are told: each quarter from the seventh month on."""
        return self.plan.month_starts()[6::3]

    def months_in(self, days: np.ndarray) -> np.ndarray:
        """The month of the period in which each day lies, the first being 0."""
        return (days.astype("datetime64[M]") - self.plan.start.astype("datetime64[M]")).astype("int64")
