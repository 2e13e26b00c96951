"""Proposals: new, inside their ranges, the same for the same outcomes, and plain JSON."""

from __future__ import annotations

import json

import pytest

from workbench.search.flaml_search import near
from workbench.search.portfolio import PORTFOLIO
from workbench.search.study import SPACES, Outcome, propose

OUTCOMES = [Outcome(c, 0.4 + 0.01 * i) for i, c in enumerate(PORTFOLIO)]


@pytest.mark.parametrize("ask", [near, propose])
@pytest.mark.parametrize("family", sorted(SPACES))
def test_proposals_stay_inside_their_ranges(ask, family) -> None:
    found = ask(family, OUTCOMES, 3, seed=1)
    assert found
    for config in found:
        assert config.family == family
        json.dumps(config.to_dict())
        for name, r in SPACES[family].items():
            if name in config.params:
                assert r.low <= config.params[name] <= r.high


@pytest.mark.parametrize("ask", [near, propose])
def test_the_same_outcomes_give_the_same_proposals(ask) -> None:
    one, two = (ask("lightgbm", OUTCOMES, 3, seed=1) for _ in range(2))
    assert [c.id for c in one] == [c.id for c in two]
    assert {c.id for c in one}.isdisjoint(o.config.id for o in OUTCOMES)
    assert [c.id for c in ask("lightgbm", OUTCOMES, 3, seed=2)] != [c.id for c in one]


@pytest.mark.parametrize("ask", [near, propose])
def test_a_family_without_outcomes_gives_no_proposals(ask) -> None:
    assert ask("catboost", [o for o in OUTCOMES if o.config.family == "lightgbm"], 3, seed=1) == []


def test_a_local_step_stays_near_the_best() -> None:
    best = OUTCOMES[0].config
    for config in near("lightgbm", OUTCOMES, 4, seed=0):
        assert 0.3 < config.params["num_leaves"] / best.params["num_leaves"] < 3
