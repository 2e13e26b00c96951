"""What a search by the clock fits next, with fits that take no time: the order, and no fit twice."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.search.bench import Bench
from workbench.search.budget import Deadline
from workbench.search.encoder import Encoded
from workbench.search.fitting import Fitter
from workbench.search.journal import Entry
from workbench.search.learners import Config
from workbench.search.plan import Plan
from workbench.search.portfolio import FLOOR, PORTFOLIO
from workbench.search.spec import SearchSpec

ROWS = 300


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Model:
    settled: dict[str, object] = {}


class Table:
    """A bench whose fits are told: `end(config, fold, skill)` with scores that are as good as `skill`."""

    def __init__(self, *, seconds: float = 100.0, folds: int = 3) -> None:
        rng = np.random.default_rng(0)
        self.truth = rng.normal(size=ROWS)
        y = (rng.random(ROWS) < 1 / (1 + np.exp(-2 * self.truth))).astype(float)
        of = rng.integers(0, folds, ROWS)
        parts = [(np.flatnonzero(of != i), np.flatnonzero(of == i)) for i in range(folds)]
        data = Encoded(self.truth[:, None], (0,), {}, ("x",))
        self.clock = Clock()
        deadline = Deadline(seconds, clock=self.clock)
        fitter = Fitter(data, y, parts, seed=0)
        self.bench = Bench(fitter, spec=SearchSpec(seconds=seconds), deadline=deadline, journal=None)

    def end(self, config: Config, fold: int, *, skill: float = 1.0, took: float = 1.0) -> None:
        valid = self.bench.folds[fold][1]
        noise = np.random.default_rng(abs(hash((config.id, fold))) % 2**32).normal(size=len(valid))
        scores = skill * 2 * self.truth[valid] + 0.2 * noise
        self.bench._add(Entry(config, fold, scores, took, {}, Model()))
        self.clock.now += took / 2  # two at a time

    def play(
        self, plan: Plan, *, skill=lambda _: 1.0, took: float = 1.0, most: int = 500
    ) -> list[tuple[Config, int]]:
        """Gives the plan what it asks for until it asks for nothing."""
        given = []
        while len(given) < most and (task := plan.next()):
            given.append(task)
            self.end(*task, skill=skill(task[0]), took=took)
        return given


@pytest.fixture
def table() -> Table:
    made = Table()
    for fold in range(3):
        made.end(FLOOR, fold, skill=0.5)
    return made


def test_no_fit_is_given_twice_and_every_one_is_new(table) -> None:
    given = table.play(Plan(table.bench, PORTFOLIO[2:]))
    assert len(given) == len({(c.id, f) for c, f in given})
    assert (FLOOR.id, 0) not in {(c.id, f) for c, f in given}


def test_the_first_folds_of_five_candidates_come_before_any_second_fold(table) -> None:
    given = table.play(Plan(table.bench, PORTFOLIO[2:]))
    assert [f for _, f in given[:5]] == [0] * 5
    assert [c for c, _ in given[:5]] == list(PORTFOLIO[2:7])


def test_a_candidate_that_is_worse_on_its_first_fold_gets_no_second_and_says_why(table) -> None:
    bad = PORTFOLIO[3]
    plan = Plan(table.bench, PORTFOLIO[2:])
    given = table.play(plan, skill=lambda c: -1.0 if c == bad else 1.0)
    assert [f for c, f in given if c == bad] == [0]
    assert plan.why[bad.id].startswith("worse by ")


def test_local_search_follows_the_portfolio_and_ends_when_nothing_is_gained(table) -> None:
    plan = Plan(table.bench, PORTFOLIO[2:])
    given = table.play(plan, took=0.1)
    known = {c.id for c in PORTFOLIO}
    assert any(c.id not in known for c, _ in given)
    assert plan.exhausted
    assert table.clock.now < 50


def test_nothing_is_begun_for_which_there_is_no_time(table) -> None:
    table.clock.now = 97.0  # of 100, of which 2 are for the end; a fit takes a second
    plan = Plan(table.bench, PORTFOLIO[2:])
    assert plan.next() is None
    assert plan.why[PORTFOLIO[2].id] == "no time was left for its folds"
