"""What is asked of a simulated bank: how many customers, how long, how lively, which seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from workbench.errors import UsageError

END = datetime(2026, 1, 1)
"""The day on which the data was drawn; nothing that became known later is in it. Every bank ends here, however many months it has."""

JUDGING_FROM = 1_000_000
CHUNK = 2_000  # customers that are made together; a bank of another size has the same first customers


@dataclass(frozen=True, kw_only=True)
class BankPlan:
    """A bank to simulate.

    `events_per_customer` is the mean number of app events over the whole period; transactions are about half as
    many again. Seeds from 1,000,000 on belong to the second family of worlds, which is kept for judging."""

    customers: int
    seed: int = 0
    months: int = 24
    events_per_customer: float = 100.0

    def __post_init__(self) -> None:
        limits = (
            ("WB-B01", "--customers", self.customers, 100, 9_000_000),
            ("WB-B02", "--months", self.months, 12, 60),
            ("WB-B03", "--events-per-customer", self.events_per_customer, 5, 2_000),
            ("WB-B04", "--seed", self.seed, 0, 2**32 - 1),
        )
        for code, option, value, least, most in limits:
            if not least <= value <= most:  # also refuses nan
                raise UsageError(
                    code,
                    f"{option} is {value}; a simulated bank can have {least:,} to {most:,}.",
                    f"Choose a value from {least:,} to {most:,}.",
                )

    @property
    def start(self) -> np.datetime64:
        """The first day of the period."""
        return (np.datetime64(END, "M") - self.months).astype("datetime64[D]")

    @property
    def end(self) -> np.datetime64:
        return np.datetime64(END, "D")

    @property
    def family(self) -> str:
        """`everyday`, or `judging` for seeds from 1,000,000 on."""
        return "judging" if self.seed >= JUDGING_FROM else "everyday"

    @property
    def chunks(self) -> int:
        return -(-self.customers // CHUNK)

    def month_starts(self, ahead: int = 0) -> np.ndarray:
        """The first day of each month of the period and of `ahead` months after it."""
        return (self.start.astype("datetime64[M]") + np.arange(self.months + ahead)).astype("datetime64[D]")

    def random(self, what: str, chunk: int = 0) -> np.random.Generator:
        """The stream of random numbers for one purpose and chunk: independent of every other, the same on every machine."""
        words = [self.seed, chunk, *what.encode()]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


def check_folders(out: Path, truth: Path) -> None:
    """Refuses a truth that could be found from the data (WB-B05), and folders that hold something else (WB-B06)."""
    data, secret = out.resolve(), truth.resolve()
    if data == secret or data in secret.parents or secret in data.parents:
        raise UsageError(
            "WB-B05",
            f"the truth would lie in '{truth}', which is not apart from the data in '{out}'.",
            "Choose a --truth folder beside the data, or leave it out.",
        )
    for folder, mark in ((out, "events.yaml"), (truth, "world.json")):
        if folder.exists() and not folder.is_dir():
            raise UsageError("WB-B06", f"'{folder}' is a file, not a folder.", "Name a new folder.")
        if folder.is_dir() and any(folder.iterdir()) and not (folder / mark).exists():
            raise UsageError(
                "WB-B06",
                f"'{folder}' holds something that is not a simulated bank; it would be replaced.",
                "Name a new folder, or empty this one.",
            )
