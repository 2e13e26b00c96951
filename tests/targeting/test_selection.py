"""From scored rows to people, with a count for everybody who is not on the list."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import DataError, UsageError
from workbench.targeting.selection import Funnel, Selection, select_people


def scored(*rows: tuple[object, float, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["id", "probability", "grade"])


def choose(frame: pd.DataFrame, selection: Selection, **options: object) -> tuple[pd.DataFrame, Funnel]:
    settings = {"entity": "id", "exclusions": (), "holdout_share": 0.0, "salt": "s", **options}
    return select_people(frame, selection, **settings)


def test_of_a_persons_rows_the_best_one_stands_and_all_others_are_counted() -> None:
    rows = scored(
        ("a", 0.2, "C"), ("b", 0.9, "A"), ("a", 0.8, "A"), (None, 0.7, "B"), ("c", 0.5, "B"), ("d", 0.1, "D")
    )
    chosen, funnel = choose(rows, Selection(size=2), exclusions=["b", "nobody"])
    assert chosen[["rank", "id", "probability"]].values.tolist() == [[1, "a", 0.8], [2, "c", 0.5]]
    assert funnel == Funnel(
        scored=6, without_id=1, double=1, excluded=1, below_grade=0, below_cut=1, held_out=0, final=2
    )


def test_a_lowest_grade_takes_all_better_ones() -> None:
    rows = scored(("a", 0.9, "A"), ("b", 0.5, "B"), ("c", 0.3, "C"), ("d", 0.4, "B"))
    chosen, funnel = choose(rows, Selection(min_grade="B"))
    assert chosen["id"].tolist() == ["a", "b", "d"]
    assert (funnel.below_grade, funnel.below_cut) == (1, 0)
    capped, funnel = choose(rows, Selection(grades=("B", "C"), size=1))
    assert (capped["id"].tolist(), funnel.below_grade, funnel.below_cut) == (["b"], 1, 2)


def test_a_share_is_of_the_people_that_may_be_on_the_list() -> None:
    rows = scored(*((f"c{k}", k / 100, "A") for k in range(20)))
    chosen, _ = choose(rows, Selection(share=0.25), exclusions=["c19", "c18", "c17", "c16"])
    assert chosen["id"].tolist() == ["c15", "c14", "c13", "c12"]


def test_the_least_likely_first_where_that_is_wanted() -> None:
    rows = scored(("a", 0.9, "D"), ("b", 0.1, "A"), ("a", 0.05, "A"))
    chosen, _ = choose(rows, Selection(size=1, order="lowest"))
    assert chosen[["id", "probability"]].values.tolist() == [["a", 0.05]]


def test_ties_at_the_cut_do_not_depend_on_row_order() -> None:
    rows = scored(*((f"c{k}", 0.5, "A") for k in range(50)))
    first, _ = choose(rows, Selection(size=10))
    second, _ = choose(rows.sample(frac=1, random_state=3), Selection(size=10))
    assert first["id"].tolist() == second["id"].tolist()
    assert first["id"].tolist() != rows["id"].head(10).tolist()


def test_exclusions_match_numbers_and_text() -> None:
    rows = scored((17.0, 0.9, "A"), (18.0, 0.8, "A"), (19.0, 0.7, "A"))
    chosen, funnel = choose(rows, Selection(size=9), exclusions=["17", 18])
    assert (chosen["id"].tolist(), funnel.excluded) == (["19"], 2)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"size": 0},
        {"share": 0.0},
        {"share": 1.1},
        {"size": 5, "share": 0.5},
        {"min_grade": "A", "grades": ("A",)},
    ],
)
def test_a_selection_that_says_nothing_or_two_things_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="WB-A15"):
        Selection(**options)


def test_columns_that_are_missing_are_named() -> None:
    with pytest.raises(DataError, match="WB-A16.*'id'"):
        choose(scored(("a", 0.5, "A")).rename(columns={"id": "ID"}), Selection(size=1))
    with pytest.raises(DataError, match="WB-A16.*'grade'"):
        choose(scored(("a", 0.5, "A")).drop(columns="grade"), Selection(min_grade="B"))
    with pytest.raises(DataError, match="WB-A17: 1 rows"):
        choose(scored(("a", float("nan"), "A")), Selection(size=1))
    with pytest.raises(DataError, match="WB-A18.*1 people are excluded"):
        choose(scored(("a", 0.5, "A")), Selection(size=1), exclusions=["a"])


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([None, *"abcdefgh"]),
            st.sampled_from([0.1, 0.2, 0.5, 0.9]),
            st.sampled_from("ABCD"),
        ),
        min_size=1,
        max_size=40,
    ),
    size=st.integers(1, 12),
    gone=st.sets(st.sampled_from("abcdefgh")),
    share=st.sampled_from([0.0, 0.1, 0.5]),
)
def test_everybody_is_accounted_for(
    rows: list[tuple[object, float, str]], size: int, gone: set[str], share: float
) -> None:
    frame = scored(*rows)
    free = {r[0] for r in rows if r[0] is not None} - gone
    if not free:
        return
    chosen, funnel = choose(frame, Selection(size=size), exclusions=gone, holdout_share=share)
    parts = funnel.as_dict()
    assert sum(parts.values()) - parts["scored"] == parts["scored"] == len(rows)
    assert chosen["id"].is_unique
    assert len(chosen) == min(size, len(free))
    best = {e: max(r[1] for r in rows if r[0] == e) for e in free}
    cut = sorted(best.values(), reverse=True)[: len(chosen)]
    assert chosen["probability"].tolist() == cut
