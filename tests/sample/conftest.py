"""One bank for the whole suite: 5,000 customers, 24 months, seed 7."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from workbench.sample.bank import write_bank
from workbench.sample.plan import BankPlan


@dataclass(frozen=True)
class Written:
    data: Path
    truth: Path

    def table(self, name: str) -> pd.DataFrame:
        """A table as it lies there, dirt included."""
        return pd.read_parquet(self.data / f"{name}.parquet")

    def true(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.truth / f"{name}.parquet")


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Written]:
    made: dict[tuple[int, int], Written] = {}

    def write(customers: int, seed: int) -> Written:
        if (customers, seed) not in made:
            out = tmp_path_factory.mktemp("data") / "sample_bank"
            report = write_bank(BankPlan(customers=customers, seed=seed), out)
            made[customers, seed] = Written(report.out, report.truth)
        return made[customers, seed]

    return write


@pytest.fixture(scope="session")
def bank(written: Callable[..., Written]) -> Written:
    return written(5_000, 7)


@pytest.fixture(scope="session")
def judges(written: Callable[..., Written]) -> Written:
    """A bank of the second family, of the same size."""
    return written(5_000, 1_000_007)
