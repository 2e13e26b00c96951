"""Which rows may carry a label: begun after the data did, and with an outcome that is known by now.

The only clock is the dataset's `observed_until`, never the wall clock.
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd


def immature(outcome_known_at: pd.Series, cohort: pd.Series, observed_until: datetime) -> pd.Series:
    """True where cutoff + gap + window + lag lies after `observed_until`.

    A cohort (rows that share a cutoff and an end of their window) goes as a whole, never only its rows without an
    event yet: keeping early events alone would make the newest cohort look far better than it is.
    """
    late = outcome_known_at > pd.Timestamp(observed_until)
    return late.groupby(cohort).transform("any") if len(late) else late


def left_censored(cutoff: pd.Series, observed_from: datetime) -> pd.Series:
    """True where the row's story (its cutoff, or the start of its eligibility window) began before the data did."""
    return cutoff < pd.Timestamp(observed_from)
