"""Dirt as real tables have it, each kind with a stated rate."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

DAY = 86400
IMPOSSIBLE = (
    int(np.datetime64("1900-01-01", "s").astype("int64")),
    int(np.datetime64("2099-12-31", "s").astype("int64")),
)
STRANGER = "9999999"  # a customer whom the customer table does not know


@dataclass(frozen=True)
class DirtRates:
    """Shares of rows, except where customers are named."""

    duplicate_rows: float = (
        0.004  # loaded twice, in one piece: transactions, app_events, contacts, repayments
    )
    late_rows: float = 0.005  # reported 5 to 40 days after the usual delay
    impossible_dates: float = 0.0002  # 1900-01-01 or 2099-12-31
    missing_ids: float = 0.001  # no customer_id
    orphan_keys: float = 0.0005  # a customer or account that does not exist
    half_filled_events: float = 0.004  # a property that the event plan requires is missing
    broken_release: float = 0.4  # share of one event's amounts that are lost in one month
    unknown_events: float = 0.002  # a name that the event plan does not know
    test_accounts: float = 0.002  # share of customers
    second_ids: float = 0.005  # share of customers who are a second record of a person already there
    shared_identities: float = (
        0.004  # share of customers one of whose identities is bound to another customer too
    )

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def twice(rng: np.random.Generator, n: int, rate: float) -> np.ndarray:
    """Row positions with one block of rows repeated after it, as when a piece of a file is loaded twice."""
    length = int(round(n * rate))
    if length == 0:
        return np.arange(n)
    start = int(rng.integers(0, n - length + 1))
    return np.r_[np.arange(start + length), np.arange(start, n)]


def late(rng: np.random.Generator, n: int, rate: float) -> np.ndarray:
    """Extra seconds of delay per row: mostly none."""
    return np.where(rng.random(n) < rate, (5 * DAY + 35 * DAY * rng.random(n)).astype("int64"), 0)


def impossible(rng: np.random.Generator, moments: np.ndarray, rate: float) -> np.ndarray:
    """The moments (seconds since 1970), a few of them impossible."""
    hit = rng.random(len(moments)) < rate
    return np.where(hit, np.array(IMPOSSIBLE)[rng.integers(0, 2, len(moments))], moments)
