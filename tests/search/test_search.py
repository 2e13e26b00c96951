"""The search: budget, floor, repeatability, resuming, and an ensemble that adds up."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.search.conftest import mixed_table
from workbench.errors import DataError, UsageError
from workbench.search.budget import Deadline, seconds_of
from workbench.search.ensemble import BASE, Ensemble
from workbench.search.search import SearchResult, search
from workbench.search.spec import SearchSpec


def searched(table, *, trials: int | None = None, seconds: float | None = None, **more) -> SearchResult:
    X, y = table
    spec = SearchSpec(trials=trials, seconds=seconds)
    folds = more.pop("folds", None) or three_folds(y)
    deadline = more.pop("deadline", None) or Deadline.after(seconds)
    return search(X, y, folds=folds, spec=spec, deadline=deadline, **more)


@pytest.fixture(scope="module")
def four(table) -> SearchResult:
    return searched(table, trials=4)


def three_folds(y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    fold = np.arange(len(y)) % 3
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(3)]


def test_the_result_says_what_was_tried(four) -> None:
    assert four.n_trials == 4
    assert list(four.leaderboard["family"].sort_values().unique()) == ["catboost", "lightgbm", "logistic"]
    assert four.leaderboard["weight"].sum() == pytest.approx(1)
    assert not np.isnan(four.oof_log_odds).any()


def test_contributions_of_the_blend_sum_to_its_log_odds(four, table) -> None:
    X, _ = table
    shares = four.model.contributions(X)
    assert list(shares.columns) == [*X.columns, BASE]
    assert np.abs(shares.sum(axis=1) - four.model.log_odds(X)).max() < 1e-4


def test_a_saved_ensemble_scores_bit_equal_and_holds_no_pickle(four, table, tmp_path) -> None:
    X, _ = table
    four.model.save(tmp_path / "ensemble")
    again = Ensemble.load(tmp_path / "ensemble")
    assert np.array_equal(again.predict_proba(X), four.model.predict_proba(X))
    assert again.features == four.model.features
    assert {p.suffix for p in (tmp_path / "ensemble").rglob("*.*")} <= {".json", ".txt", ".cbm", ".ubj"}


def test_scoring_in_chunks_equals_scoring_whole(four, table) -> None:
    X, _ = table
    parts = np.concatenate([four.model.log_odds(X.iloc[i : i + 70]) for i in range(0, len(X), 70)])
    assert np.array_equal(parts, four.model.log_odds(X))


def test_trials_repeat_exactly(four, table) -> None:
    again = searched(table, trials=4)
    assert np.array_equal(again.oof_log_odds, four.oof_log_odds)
    assert again.leaderboard.drop(columns="seconds").equals(four.leaderboard.drop(columns="seconds"))


def test_more_trials_than_the_portfolio_go_on_with_local_search() -> None:
    X, y = mixed_table(150)
    result = searched((X, y), trials=19)
    assert result.n_trials == 19
    assert result.leaderboard["config"].is_unique


def test_the_budget_is_kept_and_the_floor_comes_first(table) -> None:
    heard: list[tuple[float, float]] = []
    start = time.monotonic()
    result = searched(
        table, seconds=4.0, progress=lambda _, f, s: heard.append((time.monotonic() - start, f))
    )
    assert time.monotonic() - start < 5.5  # generous: other processes share the cores of a test run
    assert result.n_trials >= 2
    assert [f for _, f in heard] == sorted(f for _, f in heard)


def test_finish_now_is_honoured(table, tmp_path) -> None:
    def ask(stage: str, fraction: float, sentence: str) -> None:
        (tmp_path / "finish").touch()

    start = time.monotonic()
    result = searched(table, seconds=120, deadline=Deadline.after(120, tmp_path), progress=ask)
    assert time.monotonic() - start < 20
    assert result.note == "Finished on request with the best so far."
    assert result.model.members


def test_a_journal_resumes_without_fitting_again(table, tmp_path, monkeypatch) -> None:
    first = searched(table, trials=3, journal=tmp_path)
    lines = (tmp_path / "trials.jsonl").read_text().splitlines()
    assert len(lines) == 9
    # the crash: the last two lines are lost, one of them half-written
    (tmp_path / "trials.jsonl").write_text("\n".join(lines[:-2]) + "\n" + lines[-2][:40])
    fits: list[str] = []
    from workbench.search.learners import LEARNERS

    for family, learner in LEARNERS.items():
        real = type(learner).fit
        monkeypatch.setattr(
            type(learner), "fit", lambda self, task, f=family, r=real: (fits.append(f), r(self, task))[1]
        )
    second = searched(table, trials=3, journal=tmp_path)
    assert len(fits) == 2
    assert np.array_equal(first.oof_log_odds, second.oof_log_odds)
    assert any("trials.jsonl, line 8: passed over" in s for s in second.skipped)


def test_a_journal_of_other_rows_is_not_used(table, tmp_path) -> None:
    X, y = table
    searched(table, trials=1, journal=tmp_path)
    searched((X.assign(ratio=0.5), y), trials=1, journal=tmp_path)
    marks = {json.loads(line)["fingerprint"] for line in (tmp_path / "trials.jsonl").read_text().splitlines()}
    assert len(marks) == 2


def test_a_tampered_journal_is_reported_not_used(table, tmp_path) -> None:
    searched(table, trials=1, journal=tmp_path)
    victim = next(Path(tmp_path).glob("*-0/log_odds.npy"))
    np.save(victim, np.load(victim) + 1)
    again = searched(table, trials=1, journal=tmp_path)
    assert any("is not what was written" in s for s in again.skipped)


def test_forward_folds_are_refitted_on_all_rows(table) -> None:
    _, y = table
    folds = [(np.arange(400), np.arange(400, 600)), (np.arange(200), np.arange(200, 400))]
    result = searched(table, trials=2, folds=folds)
    assert all(len(m.models) == 1 for m in result.model.members)
    assert np.isnan(result.oof_log_odds[:200]).all()
    assert not np.isnan(result.oof_log_odds[200:]).any()


def test_a_table_without_information_gives_the_base_rate() -> None:
    y = np.array([0, 0, 0, 1] * 30)
    result = searched((pd.DataFrame({"same": np.ones(120)}), y), trials=2)
    assert np.allclose(result.model.predict_proba(pd.DataFrame({"same": [1.0, 2.0]})), 0.25, atol=0.02)


def test_labels_must_be_zero_and_one() -> None:
    with pytest.raises(DataError, match="WB-S04"):
        searched((pd.DataFrame({"a": [1, 2, 3]}), np.array([1, 1, 1])), trials=1)


def test_a_spec_needs_a_budget() -> None:
    with pytest.raises(UsageError, match="WB-S01"):
        SearchSpec(seconds=None)


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("10 min", 600), ("1h", 3600), (5, 5), ("500ms", 0.5)]
)
def test_budgets_as_people_write_them(text, seconds) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "fast", "10 parsecs", "-5s", 0])
def test_other_budgets_are_refused(text) -> None:
    with pytest.raises(UsageError, match="WB-S01"):
        seconds_of(text)


def test_a_memory_limit_leaves_families_out_and_says_so(table) -> None:
    X, y = table
    spec = SearchSpec(trials=3, memory_mb=1)
    wide = pd.concat([X[["ratio"]].rename(columns={"ratio": f"r{i}"}) for i in range(40)], axis=1)
    result = search(
        wide.assign(ratio=X["ratio"]), y, folds=three_folds(y), spec=spec, deadline=Deadline.after(None)
    )
    left_out = result.leaderboard.set_index("family").loc["logistic"]
    assert left_out["folds"] == 0
    assert left_out["weight"] == 0
    assert left_out["why"].startswith("left out: needs about ")
    assert any("needs about" in reason for reason in result.skipped)


def test_the_leaderboard_says_of_every_candidate_what_became_of_it(four) -> None:
    told = four.leaderboard
    assert (told.loc[told["weight"] > 0, "why"] == "in the blend").all()
    assert (told.loc[told["weight"] == 0, "why"] == "the blend is no better with it").all()


def test_a_learner_that_breaks_is_one_failed_candidate_with_its_traceback(table, monkeypatch) -> None:
    from workbench.search.learners import LEARNERS

    def broken(self, task):
        raise RuntimeError("out of order")

    monkeypatch.setattr(type(LEARNERS["catboost"]), "fit", broken)
    result = searched(table, trials=3)
    row = result.leaderboard.set_index("family").loc["catboost"]
    assert row["why"] == "failed: RuntimeError: out of order"
    assert result.n_trials == 3
    ((said, trace),) = result.failures
    assert said.startswith("catboost(")
    assert said.endswith("RuntimeError: out of order")
    assert "in broken" in trace
    assert result.model.members


def test_thousands_of_columns_are_narrowed_to_the_telling_ones() -> None:
    from workbench.search.encoder import Encoder
    from workbench.search.narrowing import KEPT, strongest

    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(500, 1500)), columns=[f"noise{i}" for i in range(1500)])
    y = (X["noise7"] ** 2 + X["noise1400"] > 1).to_numpy().astype(float)  # one effect has no direction
    kept = strongest(Encoder.fit(X).transform(X), y)
    assert len(kept) == KEPT
    assert {7, 1400} <= set(kept)
    assert list(kept) == sorted(kept)


def test_a_folder_without_an_ensemble_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="WB-S10: .* holds no readable ensemble.json"):
        Ensemble.load(tmp_path)
    (tmp_path / "ensemble.json").write_text('{"format": 99}')
    with pytest.raises(DataError, match="has format 99"):
        Ensemble.load(tmp_path)


KILLED = """
import sys, pathlib
from tests.search.conftest import mixed_table
from tests.search.test_search import searched
searched(mixed_table(), trials=5, journal=pathlib.Path(sys.argv[1]))
"""


def test_a_killed_search_goes_on_where_it_was(table, tmp_path) -> None:
    """kill -9 in the middle; the same call then fits only what is missing and ends as if nothing had happened."""
    lines = tmp_path / "trials.jsonl"
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)])
    try:
        while child.poll() is None and not (lines.exists() and len(lines.read_text().splitlines()) >= 4):
            time.sleep(0.02)
    finally:
        child.kill()
        child.wait()
    kept = lines.read_text().splitlines()
    assert 4 <= len(kept) < 15
    resumed = searched(table, trials=5, journal=tmp_path)
    assert lines.read_text().splitlines()[: len(kept) - 1] == kept[:-1]
    assert np.array_equal(resumed.oof_log_odds, searched(table, trials=5).oof_log_odds)
