"""What past searches teach the next: near tables speak, far ones don't, and a broken line costs itself only."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.search.conftest import mixed_table
from tests.search.test_search import searched
from workbench.search.learners import Config
from workbench.search.past import Past, PastSearch, TableFacts, remember
from workbench.search.portfolio import PORTFOLIO

SMALL = TableFacts(rows=1_000, columns=20, category_share=0.5, event_share=0.3)
LARGE = TableFacts(rows=200_000, columns=300, category_share=0.0, event_share=0.01)
REST = PORTFOLIO[2:]


def past_of(facts: TableFacts, best: Config, *others: Config) -> PastSearch:
    """A search in which one candidate was in the blend and the others far behind."""
    return PastSearch(facts, ((best, 0.0), *((c, 0.09) for c in others if c != best)), frozenset({best.id}))


def test_without_a_past_the_portfolio_keeps_its_order_but_for_a_family_each() -> None:
    order = Past([]).order(REST, SMALL)
    assert sorted(c.id for c in order) == sorted(c.id for c in REST)
    assert len({c.family for c in order[:4]}) == 4
    for family in ("lightgbm", "catboost", "xgboost"):
        assert [c for c in order if c.family == family] == [c for c in REST if c.family == family]


def test_what_won_on_a_table_alike_comes_first_of_its_family_and_what_won_elsewhere_does_not() -> None:
    near, far = (next(c for c in reversed(REST) if c.family == f) for f in ("xgboost", "catboost"))
    past = Past([past_of(SMALL, near, *REST)] * 3 + [past_of(LARGE, far, *REST)] * 3)
    order = past.order(REST, SMALL)
    assert order[0] == near
    assert next(c for c in order if c.family == "catboost") != far
    assert past.order(REST, LARGE)[0] == far


def test_what_local_search_found_on_a_table_alike_comes_along() -> None:
    found = REST[1].with_params(num_leaves=11)
    past = Past([past_of(SMALL, found, *REST)])
    assert past.order(REST, SMALL)[0] == found
    assert found not in past.order(REST, LARGE)


def test_ten_times_the_rows_and_thirty_times_the_columns_are_each_at_distance_one() -> None:
    assert SMALL.distance(SMALL) == 0
    assert SMALL.distance(TableFacts(10_000, 20, 0.5, 0.3)) == pytest.approx(1)
    assert SMALL.distance(TableFacts(1_000, 600, 0.5, 0.3)) == pytest.approx(1)
    assert SMALL.distance(TableFacts(1_000, 20, 1.0, 0.3)) == pytest.approx(1)


def test_a_history_is_written_line_by_line_and_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "var" / "history.jsonl"
    remember(path, past_of(SMALL, REST[0], *REST))
    with path.open("ab") as stream:
        stream.write(b'{"table": {"rows": 12')  # a crash
    remember(path, past_of(LARGE, REST[1], *REST))
    past = Past([]).with_history(path)
    assert [s.facts for s in past.searches] == [SMALL, LARGE]
    assert past.searches[0] == past_of(SMALL, REST[0], *REST)
    assert len(past.problems) == 1
    assert past.problems[0].startswith("history.jsonl, line 2: passed over (")


@pytest.mark.parametrize("changed", [{"rows": 0}, {"event_share": 1.0}, {"colums": 3}])
def test_a_line_about_an_impossible_table_is_passed_over(tmp_path: Path, changed: dict) -> None:
    stored = past_of(SMALL, REST[0]).to_dict()
    stored["table"] |= changed
    (tmp_path / "history.jsonl").write_text(json.dumps(stored) + "\n")
    past = Past([]).with_history(tmp_path / "history.jsonl")
    assert not past.searches
    assert len(past.problems) == 1


def test_a_search_leaves_what_later_ones_may_learn_from() -> None:
    X, y = mixed_table()
    left = searched((X, y), trials=4).past
    assert left is not None
    assert left.facts.rows == 600
    assert left.facts.columns == 6  # the constant and the empty one teach nothing
    assert left.facts.category_share == pytest.approx(2 / 6)
    assert left.facts.event_share == pytest.approx(y.mean())
    assert min(behind for _, behind in left.behind) == 0
    assert len(left.behind) == 4
    assert left.blended <= {c.id for c, _ in left.behind}


def test_the_shipped_past_can_be_read_and_knows_real_tables() -> None:
    shipped = Past.shipped()
    assert len(shipped.searches) >= 4
    for search in shipped.searches:
        assert all(math.isfinite(behind) and behind >= 0 for _, behind in search.behind)
