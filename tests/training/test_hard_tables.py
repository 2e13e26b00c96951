"""Tables as nobody wants them: each works, or it is said exactly why not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.dataset.splits import cross_validation
from workbench.errors import DataError
from workbench.search.budget import Deadline
from workbench.search.search import SearchResult, search
from workbench.search.spec import SearchSpec
from workbench.service import TrainRequest, Workbench


def rows_of(n: int, *, rate: float = -1.0, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = rng.random(n) < 1 / (1 + np.exp(-(rate + 1.5 * x)))
    return pd.DataFrame(
        {
            "x": x.round(4),
            "noise": rng.normal(size=n).round(3),
            "town": rng.choice(["a", "b"], n),
            "y": y.astype(int),
        }
    )


def trained(table: pd.DataFrame, folder: Path, **settings: Any) -> dict[str, Any]:
    table.to_csv(folder / "table.csv", index=False)
    wb = Workbench.open(folder / "home")
    asked = {"label": "y", "trials": 2, "user": wb.people.practice()[0].name} | settings
    return wb.runs.train_here(TrainRequest(file=str(folder / "table.csv"), **asked))


def searched(X: pd.DataFrame, y: np.ndarray, **settings: Any) -> SearchResult:
    folds = settings.pop("folds", None) or cross_validation(y, None, seed=0, columns=X.shape[1])
    return search(X, y, folds=folds, spec=SearchSpec(trials=4), deadline=Deadline.after(None))


def test_twenty_events_in_a_hundred_thousand_rows(tmp_path: Path) -> None:
    table = rows_of(100_000).drop(columns="y")
    odds = np.random.default_rng(1).gumbel(size=len(table)) + 1.5 * table["x"]
    table["y"] = (odds.rank(ascending=False) <= 20).astype(int)
    done = trained(table, tmp_path)
    assert done["event_rate"] == pytest.approx(20 / 100_000)
    assert done["metrics"]["test_auc_low"] < done["metrics"]["test_auc"] <= 1
    assert done["metrics"]["test_auc_high"] - done["metrics"]["test_auc_low"] > 0.02, (
        "four events say little, and that is shown"
    )


def test_two_hundred_rows(tmp_path: Path) -> None:
    done = trained(rows_of(200), tmp_path)
    assert 0.6 < done["metrics"]["test_auc"] <= 1
    assert done["metrics"]["test_auc_high"] - done["metrics"]["test_auc_low"] > 0.1


@pytest.mark.parametrize(
    ("words", "event"),
    [(("no", "yes"), "yes"), ((False, True), "True"), (("否", "是"), "是"), (("b", "a"), "a")],
)
def test_labels_as_words_and_booleans(words: tuple, event: str, tmp_path: Path) -> None:
    table = rows_of(300)
    table["y"] = [words[v] for v in table["y"]]
    assert trained(table, tmp_path)["event_class"] == event


def test_the_label_in_disguise_stops_the_model_from_going_live(tmp_path: Path) -> None:
    table = rows_of(400)
    rng = np.random.default_rng(2)
    table["letter_code"] = np.where(table["y"] == 1, rng.choice(["q", "r"], 400), rng.choice(["s", "t"], 400))
    done = trained(table, tmp_path)
    assert any("letter_code" in stop for stop in done["stops"])


def test_infinite_values_many_levels_and_rows_that_stand_twice(tmp_path: Path) -> None:
    table = rows_of(3_000)
    table.loc[::50, "x"] = np.inf
    table.loc[1::50, "noise"] = -np.inf
    table["street"] = [f"street {i % 2_600}" for i in range(len(table))]
    table = pd.concat([table, table.iloc[:1_000]], ignore_index=True)
    done = trained(table, tmp_path)
    assert 0.6 < done["metrics"]["test_auc"] < 0.97, "a row on both sides would look like knowledge"


def test_fifty_thousand_levels_of_one_column() -> None:
    table = rows_of(60_000)
    rng = np.random.default_rng(3)
    level = rng.integers(0, 50_000, len(table))
    effect = rng.normal(size=50_000) > 1.2  # what a level truly adds; most are seen once or twice
    y = ((table["x"] + 0.8 * effect[level] + rng.logistic(size=len(table))) > 1).astype(int).to_numpy()
    X = table[["x", "noise"]].assign(street=[f"s{i}" for i in level])
    found = searched(X, y)
    without = searched(X.drop(columns="street"), y)
    loss, plain = (min(r.leaderboard["logloss"]) for r in (found, without))
    assert loss < plain + 0.002, "levels that are seen once are not learned by heart"


def test_a_column_that_is_missing_in_a_whole_fold() -> None:
    table = rows_of(900)
    fold = np.arange(900) % 3
    X = table[["x", "noise"]].assign(late=np.where(fold == 0, table["noise"], np.nan), gone=np.nan)
    folds = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(3)]
    found = searched(X, table["y"].to_numpy(), folds=folds)
    assert np.isfinite(found.oof_log_odds).all()
    assert found.leaderboard["auc"].max() > 0.7
    assert not found.failures


def test_a_fold_whose_labels_are_all_alike() -> None:
    table = rows_of(900).sort_values("y", kind="stable").reset_index(drop=True)
    y = table["y"].to_numpy()
    thirds = np.array_split(np.arange(900), 3)  # the first third holds no event at all
    assert y[thirds[0]].sum() == 0
    folds = [(np.setdiff1d(np.arange(900), part), part) for part in thirds]
    found = searched(table[["x", "noise", "town"]], y, folds=folds)
    assert np.isfinite(found.oof_log_odds).all()
    assert not found.failures


def test_one_class_only_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        trained(rows_of(200).assign(y=0), tmp_path)
    assert refused.value.code.startswith("WB-D")


def test_a_table_beyond_the_budget_is_drawn_from_and_judged_whole(tmp_path: Path) -> None:
    table = rows_of(60_000, rate=-4.0)
    done = trained(table, tmp_path, trials=None, budget_seconds=6.0)
    (note,) = [n for n in done["notes"] if "no room for all" in n]
    taught = int(re.search(r"all ([\d,]+) events", note)[1].replace(",", ""))
    assert taught == pytest.approx(0.8 * table["y"].sum(), rel=0.05), "the events stay"
    metrics = done["metrics"]
    assert metrics["test_rows"] == 12_000
    assert metrics["test_auc"] > 0.75
    assert metrics["test_ece"] < 0.01, (
        "calibrated to all rows: in the sample events are more than twice as frequent"
    )
    assert metrics["cv_logloss"] == pytest.approx(metrics["test_logloss"], abs=0.02)
