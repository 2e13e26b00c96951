"""One small home with a trained model, shared by the tests that only read it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.service import TrainRequest, Workbench


def customers(rows: int, *, seed: int) -> pd.DataFrame:
    """Customers with a known pattern: older debt and town 北京 make an answer likelier."""
    rng = np.random.default_rng(seed)
    debt = rng.gamma(2.0, 50.0, rows)
    town = rng.choice(["北京", "Paris", "New York"], rows)
    log_odds = -1.5 + 0.012 * (debt - 100) + 1.2 * (town == "北京") + rng.normal(0, 0.3, rows)
    answered = rng.uniform(size=rows) < 1 / (1 + np.exp(-log_odds))
    debt[rng.uniform(size=rows) < 0.05] = np.nan
    return pd.DataFrame(
        {
            "customer no": [f"{i:06d}" for i in range(rows)],
            "debt": debt.round(2),
            "town": town,
            "quiet": rng.normal(size=rows).round(3),
            "answered": np.where(answered, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`train.csv` with the outcome and `new.csv` without it."""
    folder = tmp_path_factory.mktemp("tables")
    customers(700, seed=1).to_csv(folder / "train.csv", index=False)
    customers(300, seed=2).drop(columns="answered").to_csv(folder / "new.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def trained(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A home in which `answers` version 1 has been trained from `train.csv` by two repeatable trials."""
    wb = Workbench.open(tmp_path_factory.mktemp("home"))
    wb.runs.train_here(
        TrainRequest(
            file=str(tables / "train.csv"),
            label="answered",
            id_column="customer no",
            name="answers",
            trials=2,
            user=wb.people.practice()[0].name,
        )
    )
    return wb


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A home with the demo's definitions and a coupon model of one trial, version 1, live."""
    home = tmp_path_factory.mktemp("journey")
    shutil.copytree(Path(__file__).parents[2] / "feature_defs", home / "feature_defs")
    wb = Workbench.open(home)
    asks, _, decides = (user.name for user in wb.people.practice())
    wb.runs.train_here(TrainRequest(task="complete_journey/coupon_response", trials=1, user=asks))
    release = wb.approvals.request("complete_journey.coupon_response", user=asks)
    wb.approvals.approve(release.id, user=decides)
    return wb
