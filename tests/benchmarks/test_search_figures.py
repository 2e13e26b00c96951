"""The search's benchmark: ranks, intervals, splits, resuming and rivals that are not there, with a rival of a few lines."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import search
from benchmarks.memory import descendants
from benchmarks.search_figures import tables as tables_file
from benchmarks.search_figures.environments import Environment, NoEnvironmentError, environment
from benchmarks.search_figures.programs import OURS, PROGRAMS, SIDES, Program
from benchmarks.search_figures.report import compose
from benchmarks.search_figures.results import Cell, Store
from benchmarks.search_figures.run import Ran, run
from benchmarks.search_figures.statistics import (
    Line,
    difference,
    early_against_late,
    metrics_of,
    ranks,
    summarise,
)
from benchmarks.search_figures.tables import TABLES, Loaded, NoTableError, Sources, parted

HERE = Environment(Path(sys.executable), {})


def line(
    table: str, program: str, auc: float | None, *, logloss: float = 0.5, seconds: float = 60, seed: int = 0
) -> Line:
    if auc is None:
        return Line(table, seed, seconds, program, {}, "ended with 1")
    return Line(table, seed, seconds, program, {"auc": auc, "logloss": logloss, "brier": 0.1})


# --- ranks -------------------------------------------------------------------


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    found = ranks({"a": 0.7, "b": 0.9, "c": 0.7, "d": 0.6}, higher_is_better=True)
    assert found == {"a": 2.5, "b": 1.0, "c": 2.5, "d": 4.0}


def test_the_smallest_log_loss_is_first() -> None:
    assert ranks({"a": 0.4, "b": 0.3}, higher_is_better=False) == {"a": 2.0, "b": 1.0}


def test_every_failed_program_is_ranked_last() -> None:
    found = ranks({"a": None, "b": 0.5, "c": None, "d": 0.6}, higher_is_better=True)
    assert found == {"a": 4.0, "b": 2.0, "c": 4.0, "d": 1.0}


def test_a_table_counts_once_however_many_seeds_it_has() -> None:
    lines = [
        *(line("small", OURS, 0.8, seed=s) for s in (0, 1, 2)),
        *(line("small", "flaml", 0.7, seed=s) for s in (0, 1, 2)),
        line("large", OURS, 0.6),
        line("large", "flaml", 0.9),
    ]
    found = summarise(lines, 60)
    assert found is not None
    assert found.tables == 2
    assert found.mean_rank["auc"] == {OURS: 1.5, "flaml": 1.5}


def test_the_worst_gap_is_the_most_auc_behind_the_best_rival() -> None:
    lines = [
        line("first", OURS, 0.80), line("first", "flaml", 0.81), line("first", "h2o", 0.70),
        line("second", OURS, 0.90), line("second", "flaml", 0.85), line("second", "h2o", None),
    ]  # fmt: skip
    found = summarise(lines, 60)
    assert found is not None
    assert (round(found.worst_gap, 9), found.worst_table) == (0.01, "first")
    assert found.failures == {OURS: 0, "flaml": 0, "h2o": 1}
    assert found.mean_rank["auc"] == {OURS: 1.5, "flaml": 1.5, "h2o": 3.0}


def test_where_ours_failed_the_gap_is_without_end() -> None:
    found = summarise([line("first", OURS, None), line("first", "flaml", 0.81)], 60)
    assert found is not None
    assert found.worst_gap == float("inf")


def test_a_table_that_not_every_program_has_run_is_not_ranked() -> None:
    lines = [line("first", OURS, 0.8), line("first", "flaml", 0.7), line("second", OURS, 0.8)]
    found = summarise(lines, 60)
    assert found is not None
    assert found.tables == 1
    assert summarise(lines, 300) is None


def test_a_yardstick_takes_no_rank_and_is_no_rival() -> None:
    lines = [
        line("first", OURS, 0.80), line("first", "flaml", 0.79), line("first", "lightgbm", 0.95),
        line("first", OURS, 0.80, seconds=20),
    ]  # fmt: skip
    found = summarise(lines, 60)
    assert found is not None
    assert found.mean_rank["auc"] == {OURS: 1.0, "flaml": 2.0}
    assert found.worst_gap == pytest.approx(-0.01)
    assert early_against_late(lines, 20, 60, "auc") == (pytest.approx(0.01), 1)


def test_ours_early_is_held_against_the_best_rival_late() -> None:
    lines = [
        line("first", OURS, 0.80, seconds=20), line("first", OURS, 0.99), line("first", "flaml", 0.90, seconds=20),
        line("first", "flaml", 0.79), line("first", "h2o", 0.77),
        line("second", OURS, 0.70, seconds=20), line("second", "flaml", 0.66), line("second", "h2o", None),
    ]  # fmt: skip
    found = early_against_late(lines, 20, 60, "auc")
    assert found is not None
    assert found[0] == pytest.approx((0.01 + 0.04) / 2)
    assert found[1] == 2


# --- intervals ---------------------------------------------------------------


def test_the_interval_of_a_mean_loss_difference_is_that_of_the_normal_law() -> None:
    rng = np.random.default_rng(4)
    truth = rng.uniform(0.1, 0.9, 4_000)
    y = (rng.random(4_000) < truth).astype(int)
    ours, theirs = np.clip(truth + 0.02, 0, 1), np.clip(truth + rng.normal(0, 0.08, 4_000), 0.02, 0.98)
    rival, value, low, high = difference(y, None, ours, {"flaml": theirs}, "logloss")
    loss = [-np.log(np.where(y == 1, p, 1 - p)) for p in (ours, theirs)]
    each = loss[0] - loss[1]
    error = each.std() / np.sqrt(len(each))
    assert rival == "flaml"
    assert value == pytest.approx(each.mean(), abs=1e-12)
    assert low == pytest.approx(each.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(each.mean() + 1.96 * error, abs=0.15 * error)


def test_a_customer_with_many_rows_widens_the_interval() -> None:
    rng = np.random.default_rng(7)
    y, ours, theirs = (np.repeat(v, 9) for v in (rng.integers(0, 2, 300), rng.random(300), rng.random(300)))
    _, _, low, high = difference(y, None, ours, {"flaml": theirs}, "logloss", resamples=500)
    _, _, low_c, high_c = difference(
        y, np.repeat(np.arange(300), 9), ours, {"flaml": theirs}, "logloss", resamples=500
    )
    assert (high_c - low_c) / (high - low) == pytest.approx(
        3, rel=0.15
    )  # nine copies of each row: the root of nine


@pytest.mark.parametrize(("metric", "best"), [("auc", "ranks_well"), ("logloss", "calibrated")])
def test_the_best_rival_is_chosen_for_each_metric(metric: str, best: str) -> None:
    y = np.array([0, 0, 1, 1])
    rivals = {"ranks_well": np.array([0.01, 0.02, 0.03, 0.04]), "calibrated": np.array([0.2, 0.6, 0.5, 0.8])}
    assert difference(y, None, np.full(4, 0.5), rivals, metric, resamples=20)[0] == best


def test_metrics_of_four_rows_are_those_worked_by_hand() -> None:
    found = metrics_of(np.array([0, 1, 0, 1]), np.array([0.5, 0.5, 0.25, 0.75]))
    assert found["auc"] == 3.5 / 4
    assert found["brier"] == (0.25 + 0.25 + 0.0625 + 0.0625) / 4
    assert found["logloss"] == pytest.approx((2 * np.log(2) + 2 * np.log(4 / 3)) / 4)


# --- splits ------------------------------------------------------------------

DATA = Path(os.environ.get("WORKBENCH_DATA") or Path(__file__).parents[3] / "shared" / "data")
QUICK = ("telco_churn", "german_credit", "adult", "bank_marketing")


def loaded(name: str, split: int, tmp_path: Path) -> Loaded:
    try:
        return TABLES[name].load(Sources(DATA, tmp_path), split)
    except NoTableError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", QUICK)
def test_no_test_row_teaches(name: str, tmp_path: Path) -> None:
    found = loaded(name, 0, tmp_path)
    assert not set(found.train_rows) & set(found.test_rows)
    assert (len(found.train), len(found.test)) == (len(found.train_rows), len(found.test_rows))
    assert (len(found.y_train), len(found.y_test)) == (len(found.train), len(found.test))
    assert list(found.train) == list(found.test)
    assert set(np.unique(found.y_train)) == set(np.unique(found.y_test)) == {0, 1}


def test_published_sizes_and_rates_are_found_again(tmp_path: Path) -> None:
    income = loaded("adult", 0, tmp_path)
    assert (len(income.train), len(income.test)) == (32_561, 16_281)
    assert np.concatenate([income.y_train, income.y_test]).mean() == pytest.approx(0.2393, abs=5e-5)
    churn = loaded("telco_churn", 0, tmp_path)
    assert churn.y_train.sum() + churn.y_test.sum() == 1_869
    assert churn.train["TotalCharges"].isna().sum() + churn.test["TotalCharges"].isna().sum() == 11


def test_a_split_is_fixed_by_its_number(tmp_path: Path) -> None:
    first, again, other = (loaded("german_credit", s, tmp_path).test_rows for s in (0, 0, 1))
    assert (first == again).all()
    assert set(first) != set(other)


def test_calls_are_judged_on_the_last_ones_and_how_long_they_took_is_not_told(tmp_path: Path) -> None:
    found = loaded("bank_marketing", 0, tmp_path)
    assert found.train_rows.max() < found.test_rows.min()
    assert found.test_rows.max() < 34_200  # May 2009 begins there, and with it the judged table's test rows
    assert "duration" not in found.train


def test_rows_that_were_not_ripe_are_on_neither_side() -> None:
    frame = pd.DataFrame(
        {"x": [1.0, 2.0, 3.0, 4.0, 5.0], "at": pd.to_datetime(["2020-01-02"] * 4 + ["2020-01-03"])}
    )
    test, train = np.array([0, 0, 0, 1, 1], bool), np.array([1, 1, 0, 0, 0], bool)
    found = parted(frame, np.array([0, 1, 0, 1, 0]), test, train, entity=np.array([7, 8, 9, 7, 8]))
    assert (found.train_rows.tolist(), found.test_rows.tolist()) == ([0, 1], [3, 4])
    assert found.entity_test.tolist() == [7, 8]
    assert list(found.train) == [
        "x"
    ]  # `at` is the same in every training row: nothing can be learned from it


def test_numbers_stay_numbers_and_text_stays_text() -> None:
    frame = pd.DataFrame({
        "flag": [True, False], "count": [3, 4], "share": [np.inf, 0.5], "word": ["a", None],
        "day": pd.to_datetime(["1970-01-02", None]),
    })  # fmt: skip
    found = tables_file.plain(frame)
    assert found["flag"].tolist() == [1, 0]
    assert found["share"].isna().tolist() == [True, False]
    assert (found["word"][0], found["word"].isna().tolist()) == ("a", [False, True])
    assert found["day"][0] == 1.0


def test_the_judged_tables_open_only_when_asked(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="hillstrom: judged tables are opened with --judged only"):
        search.main(["--tables", "german_credit", "hillstrom", "--out", str(tmp_path)])


# --- runs --------------------------------------------------------------------

RIVAL = """
import os, pathlib, subprocess, sys, time

def start(*, threads, folder):
    pass

def fit(x, y, entity, *, seconds, threads, seed, folder):
    calls = pathlib.Path(__file__).parent / "calls"
    calls.write_text((calls.read_text() if calls.exists() else "") + f"{seconds:g} ")
    {fit}
    return float(y.mean())

def probabilities(model, x):
    return [model] * len(x)

def save(model, folder):
    {save}
    (folder / "model").write_text("12345")
    return folder / "model"

def members(model):
    return "one"
"""


def rival(folder: Path, *, fit: str = "pass", save: str = "pass", name: str = "flaml") -> Program:
    """A program of a few lines, that runs in this interpreter."""
    folder.mkdir(exist_ok=True)
    (folder / "side.py").write_text((SIDES / "side.py").read_text())
    (folder / "made_up_side.py").write_text(RIVAL.replace("{fit}", fit).replace("{save}", save))
    return Program(name, name, "nothing", "made_up_side", package="pandas", venv="flaml")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A prepared table of eight rows."""
    frame = pd.DataFrame({"x": np.arange(8.0), "word": list("abababa") + [None]})
    y = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    store = Store(tmp_path / "store")
    store.prepare("german_credit", 0, parted(frame, y, np.arange(8) >= 4))
    return store.data("german_credit", 0)


def test_a_run_gives_probabilities_and_its_figures(tmp_path: Path, table: Path) -> None:
    program = rival(tmp_path / "sides", fit="time.sleep(0.6)")
    found = run(program, HERE, table, seconds=5, sides=tmp_path / "sides")
    assert not found.failed, found.failed
    assert found.predictions.tolist() == [0.5] * 4
    assert found.figures["model_bytes"] == 5
    assert 0.6 <= found.figures["fit_seconds"] < 3
    assert found.figures["fit_seconds_outside"] == pytest.approx(found.figures["fit_seconds"], abs=1)
    assert found.figures["process_seconds"] > found.figures["fit_seconds"]
    assert found.figures["rows_per_second"] > 0
    assert found.figures["peak_bytes"] > 1e6


def test_no_test_label_lies_where_a_program_can_read_it(table: Path) -> None:
    assert sorted(f.name for f in table.iterdir()) == [
        "columns.json",
        "test.parquet",
        "train.parquet",
        "train_labels.parquet",
    ]
    assert len(pd.read_parquet(table / "train_labels.parquet")) == 4
    assert list(pd.read_parquet(table / "test.parquet")) == ["x", "word"]


def test_three_times_the_budget_ends_a_program_and_what_it_started(tmp_path: Path, table: Path) -> None:
    orphan = 'subprocess.Popen(["sleep", "60"], start_new_session=True); time.sleep(60)'
    program = rival(tmp_path / "sides", fit=orphan)
    before = set(descendants(os.getpid()))
    began = time.monotonic()
    found = run(program, HERE, table, seconds=0.5, sides=tmp_path / "sides")
    assert time.monotonic() - began < 30
    assert found.failed.startswith("ended by force after 2 s of fit")
    assert found.predictions is None
    assert set(descendants(os.getpid())) <= before


def test_a_server_that_a_program_leaves_is_ended_with_the_run(tmp_path: Path, table: Path) -> None:
    program = rival(tmp_path / "sides", fit='subprocess.Popen(["sleep", "60"], start_new_session=True)')
    before = set(descendants(os.getpid()))
    found = run(program, HERE, table, seconds=5, sides=tmp_path / "sides")
    assert not found.failed
    assert set(descendants(os.getpid())) <= before


def test_a_program_that_breaks_has_failed_with_its_last_words(tmp_path: Path, table: Path) -> None:
    program = rival(tmp_path / "sides", fit='raise ValueError("no model at all")')
    found = run(program, HERE, table, seconds=5, sides=tmp_path / "sides")
    assert found.failed == "ended with 1: ValueError: no model at all"
    assert found.predictions is None


def test_what_breaks_after_the_predictions_costs_nothing(tmp_path: Path, table: Path) -> None:
    program = rival(tmp_path / "sides", save='raise OSError("disk full")')
    found = run(program, HERE, table, seconds=5, sides=tmp_path / "sides")
    assert not found.failed
    assert found.predictions is not None
    assert found.figures["trouble"] == "ended with 1: OSError: disk full"
    assert "model_bytes" not in found.figures


@pytest.mark.parametrize("returned", ["[2.0] * len(x)", "[0.5]", "[float('nan')] * len(x)"])
def test_what_is_no_probability_is_a_failure(returned: str, tmp_path: Path, table: Path) -> None:
    program = rival(tmp_path / "sides")
    side = tmp_path / "sides" / "made_up_side.py"
    side.write_text(side.read_text().replace("[model] * len(x)", returned))
    found = run(program, HERE, table, seconds=5, sides=tmp_path / "sides")
    assert "no 4 probabilities came back" in found.failed


# --- resuming ----------------------------------------------------------------


@pytest.fixture
def calls(tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs the asked budgets of the made-up rival; gives the budgets that were really fitted."""
    sides = tmp_path / "sides"
    program = rival(sides)
    monkeypatch.setitem(PROGRAMS, "flaml", program)
    monkeypatch.setattr("benchmarks.search_figures.programs.SIDES", sides)
    monkeypatch.setattr(search, "run", lambda *a, **k: run(*a, **k, sides=sides))
    store = Store(tmp_path / "store")

    def go(*budgets: float, again: bool = False, threads: int = 2) -> list[str]:
        (sides / "calls").write_text("")
        cells = [Cell(seconds, "german_credit", 0, "flaml") for seconds in budgets]
        search.run_all(store, cells, {"flaml": HERE}, threads=threads, again=again)
        return (sides / "calls").read_text().split()

    return go


def test_a_stopped_run_does_not_run_again_what_is_there(calls) -> None:
    assert calls(1.0) == ["1"]
    assert calls(1.0, 2.0) == ["2"]
    assert calls(1.0, 2.0) == []


def test_a_half_written_result_is_run_again(calls, tmp_path: Path) -> None:
    assert calls(1.0) == ["1"]
    folder = tmp_path / "store" / "results" / "german_credit" / "seed-0"
    (folder / "flaml-1s").rename(folder / ".flaml-1s.part")  # what a kill while writing leaves
    assert calls(1.0) == ["1"]


def test_a_changed_program_is_run_again(calls, tmp_path: Path) -> None:
    assert calls(1.0) == ["1"]
    side = tmp_path / "sides" / "made_up_side.py"
    side.write_text(side.read_text() + "\n# another way to call it\n")
    assert calls(1.0) == ["1"]


def test_a_changed_table_is_run_again(calls, tmp_path: Path) -> None:
    assert calls(1.0) == ["1"]
    frame = pd.DataFrame({"x": np.arange(8.0) + 1})
    Store(tmp_path / "store").prepare(
        "german_credit", 0, parted(frame, np.array([0, 1] * 4), np.arange(8) >= 4)
    )
    assert calls(1.0) == ["1"]


def test_a_failure_is_a_result_and_is_run_again_only_when_asked(calls, tmp_path: Path) -> None:
    side = tmp_path / "sides" / "made_up_side.py"
    side.write_text(side.read_text().replace("pass\n    return float", "raise ValueError\n    return float"))
    assert calls(1.0) == ["1"]
    assert calls(1.0) == []
    assert calls(1.0, again=True) == ["1"]


def test_other_work_on_the_machine_is_noticed_and_may_be_run_again(calls, monkeypatch) -> None:
    busy = iter(range(0, 100_000, 100))
    monkeypatch.setattr("benchmarks.search_figures.run._busy", lambda cores: float(next(busy)))
    assert calls(1.0) == ["1"]
    assert calls(1.0) == []
    assert calls(1.0, again=True) == ["1"]


def test_another_number_of_threads_is_another_run(calls) -> None:
    assert calls(1.0) == ["1"]
    assert calls(1.0, threads=1) == ["1"]


def test_seeds_of_a_table_in_time_order_share_its_one_split() -> None:
    assert Cell(60.0, "bank_marketing", 2, "flaml").split == 0
    assert Cell(60.0, "german_credit", 2, "flaml").split == 2
    assert Cell(60.0, "bank_marketing", 2, "flaml").folder != Cell(60.0, "bank_marketing", 1, "flaml").folder


# --- rivals that are not there -------------------------------------------------


def test_a_rival_that_cannot_be_installed_is_missing_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "flaml.txt").write_text(
        "no-such-file-of-a-rival @ file:///nowhere/rival-1.0-py3-none-any.whl\n"
    )
    with pytest.raises(NoEnvironmentError, match="installing it failed"):
        environment("flaml", tmp_path / "envs", imports="flaml", requirements=tmp_path)


def test_a_rival_without_its_java_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NoEnvironmentError, match="needs no-such-java, which is not on the path"):
        environment("h2o", tmp_path, imports="h2o", needs=("no-such-java",))


def test_an_environment_is_made_once_and_again_when_its_pins_change(tmp_path: Path) -> None:
    (tmp_path / "flaml.txt").write_text("# nothing to install\n")
    ask = {"imports": "json", "requirements": tmp_path}
    made = environment("flaml", tmp_path / "envs", **ask)
    assert "pip" in made.versions
    (tmp_path / "envs" / "flaml" / "kept").touch()
    assert environment("flaml", tmp_path / "envs", **ask) == made
    assert (tmp_path / "envs" / "flaml" / "kept").exists()
    (tmp_path / "flaml.txt").write_text("# something else\n")
    assert environment("flaml", tmp_path / "envs", **ask).python == made.python
    assert not (tmp_path / "envs" / "flaml" / "kept").exists()


def test_a_missing_rival_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(self: Program, envs: Path) -> Environment:
        if self.name == "h2o":
            raise NoEnvironmentError("it needs java, which is not on the path")
        return HERE

    monkeypatch.setattr(Program, "environment", missing)
    why: dict[str, str] = {}
    found = search.environments([PROGRAMS[OURS], PROGRAMS["h2o"], PROGRAMS["flaml"]], tmp_path, why)
    assert list(found) == [OURS, "flaml"]
    assert why == {"H2O AutoML": "it needs java, which is not on the path"}


# --- the report --------------------------------------------------------------


def test_the_report_is_rebuilt_from_what_is_stored(tmp_path: Path, table: Path) -> None:
    store = Store(tmp_path / "store")
    data = store.prepared("german_credit", 0)["mark"]
    given = {OURS: np.array([0.2, 0.7, 0.3, 0.8]), "flaml": np.array([0.4, 0.3, 0.2, 0.9])}
    for program, p in given.items():
        figures = {
            "fit_seconds": 19.5,
            "peak_bytes": 2e9,
            "model_bytes": 3_000_000,
            "rows_per_second": 12_345.0,
        }
        store.keep(Cell(20.0, "german_credit", 0, program), Ran("", p, figures), mark=PROGRAMS[program].mark, data=data, version="1")  # fmt: skip
    store.keep(Cell(20.0, "german_credit", 0, "h2o"), Ran("ended by force after 60 s of fit", None), mark="old", data=data, version="1")  # fmt: skip
    report = compose(
        store,
        command="python benchmarks/search.py",
        budgets=[20.0, 60.0],
        tables=["german_credit"],
        programs=list(PROGRAMS),
        missing={"mljar-supervised": "installing it failed: no such version"},
        versions={OURS: {"workbench": "abc"}, "flaml": {"FLAML": "2.7.0"}},
        resamples=50,
    )
    written = report.markdown()
    assert "- mljar-supervised took no part: installing it failed: no such version." in written
    assert "| german_credit | 20 | workbench | 1.0000 |" in written
    assert "| 12,345 | 3.0 | 2.00 |" in written
    assert "| H2O AutoML | 3.00 | 3.00 | 1 |" in written
    assert "failed: ended by force after 60 s of fit" in written
    assert "1 of the results are of an earlier state" in written
    assert "Nowhere behind the best rival in AUC; closest on german_credit (0.2500 ahead)." in written
    stored = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert stored["groups"][0]["summaries"][0]["mean_rank"]["auc"] == {"flaml": 2.0, "h2o": 3.0, OURS: 1.0}


def test_the_command_in_the_report_names_no_folder_of_this_machine() -> None:
    given = ["--budgets", "20", "60", "--out", "/somewhere/else", "--envs=/home/me", "--judged"]
    assert search.shown(given) == "python benchmarks/search.py --budgets 20 60 --judged"


def test_every_rival_pins_every_version() -> None:
    for program in PROGRAMS.values():
        if program.rival:
            pins = (SIDES.parent / "rivals" / f"{program.venv}.txt").read_text().splitlines()
            wanted = [p for p in pins if p and not p.startswith("#")]
            assert all("==" in p and "http:" not in p and "@" not in p for p in wanted)
            assert any(p.lower().startswith(f"{program.package.lower()}==") for p in wanted)
