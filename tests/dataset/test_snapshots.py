"""Values as of a moment: snapshots of an entity, and vendor files that say when they were made."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataset.shop import LABELS, TABLES, shop
from workbench.dataset.build import build_scoring_frame, build_training_frame
from workbench.dataset.checks import check_dataset
from workbench.errors import WorkbenchError

LEVEL = "level: {attribute: levels.level}\nspend: {from: orders, value: amount, aggregate: sum}\n"


def levels(*rows: tuple[int, str, str], known: list[str] | None = None) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer", "since", "level"])
    frame["since"] = pd.to_datetime(frame["since"])
    if known is not None:
        frame["told"] = pd.to_datetime(known)
    return frame


def seen(folder: Path, given_levels: pd.DataFrame, day: str, *, setting: str = "valid_from: since") -> dict[int, object]:  # fmt: skip
    """Customer -> level as of a day, of those who have one."""
    tables = TABLES + f"  levels: {{source: levels.parquet, {setting}}}\n"
    home = shop(folder, tables=tables, features=LEVEL, levels=given_levels)
    rows = build_scoring_frame(home, "shop/buys", pd.Timestamp(day).date()).rows
    return {int(c): v for c, v in zip(rows["customer"], rows["level"], strict=True) if v is not None}


def test_a_snapshot_gives_the_value_that_held_before_the_cutoff(tmp_path: Path) -> None:
    """One that begins at the cutoff itself is not known yet; one without a level has none."""
    rows = levels((1, "2025-01-01", "gold"), (1, "2025-03-01", "silver"), (1, "2025-06-01", "iron"), (2, "2025-06-01", "gold"))  # fmt: skip
    assert seen(tmp_path / "a", rows, "2025-03-01") == {1: "gold"}
    assert seen(tmp_path / "b", rows, "2025-03-02") == {1: "silver"}
    assert seen(tmp_path / "c", rows, "2025-06-02") == {1: "iron", 2: "gold"}


def test_what_was_told_late_is_not_known_early(tmp_path: Path) -> None:
    rows = levels((1, "2025-01-01", "gold"), (1, "2025-02-01", "iron"), known=["2025-01-01", "2025-05-15"])
    setting = "snapshot: true, event_time: since, known_at: told"
    assert seen(tmp_path / "a", rows, "2025-05-01", setting=setting) == {1: "gold"}
    assert seen(tmp_path / "b", rows, "2025-06-01", setting=setting) == {1: "iron"}


def test_of_two_values_from_the_same_moment_the_one_told_later_counts(tmp_path: Path) -> None:
    rows = levels((1, "2025-01-01", "right"), (1, "2025-01-01", "wrong"), known=["2025-01-03", "2025-01-02"])
    setting = "snapshot: true, event_time: since, known_at: told"
    assert seen(tmp_path / "a", rows, "2025-05-01", setting=setting) == {1: "right"}


def test_an_unresolvable_tie_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = levels((1, "2025-01-01", "a"), (1, "2025-01-01", "c"), (1, "2025-01-01", "b"))
    assert seen(tmp_path / "a", rows, "2025-05-01") == {1: "c"}
    assert seen(tmp_path / "b", rows.iloc[::-1], "2025-05-01") == {1: "c"}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 179), st.sampled_from("abc")),
        min_size=1,
        max_size=12,
        unique=True,
    ),
    st.integers(75, 179),
)
def test_any_snapshots_against_a_walk_through_the_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, str]], cutoff: int
) -> None:
    start = pd.Timestamp("2025-01-01")
    told = [(c, str(start + pd.Timedelta(d, "D")), v) for c, d, v in rows]
    expected: dict[int, tuple[int, str]] = {}
    for customer, day, value in rows:
        if day < cutoff and (day, value) >= expected.get(customer, (-1, "")):
            expected[customer] = (day, value)
    day = str((start + pd.Timedelta(cutoff, "D")).date())
    found = seen(tmp_path_factory.mktemp("s"), levels(*told), day)
    everyone = {1, 2, 3} & set(found) | {c for c in expected if c in found}
    assert found == {c: expected[c][1] for c in everyone}
    assert {c for c in expected if c in (1, 2)} <= set(
        found
    )  # customers 1 and 2 are active on every such day


def test_a_static_attribute_needs_one_row_per_entity(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=r"WB-F09.*one row per customer"):
        seen(tmp_path, levels((1, "2025-01-01", "gold")), "2025-03-01", setting="event_time: since")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("snapshot: true", "nothing says from when"),
        ("snapshot: maybe, event_time: since", "`snapshot` is 'maybe'"),
        ("valid_from: since, event_time: since", "beside `event_time:`"),
        ("as_of: since, known_at: since", "keep one"),
        ("as_of: 7", "Write one name"),
        ("columns: {level: {allow: [risk]}}", "no setting is called 'allow'"),
        ("columns: {level: {sensitive: perhaps}}", "Write true or false"),
        ("built_from: [nowhere.level]", "no other table is called 'nowhere'"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(tmp_path: Path, setting: str, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        seen(tmp_path, levels((1, "2025-01-01", "gold")), "2025-03-01", setting=setting)


def test_a_file_made_after_a_cutoff_is_refused(tmp_path: Path) -> None:
    """The label asks on the first of March, April, May and June; the vendor computed its scores on 1 April."""
    rows = pd.DataFrame({"customer": range(1, 8), "level": list("abcabca")})
    tables = TABLES + "  levels: {source: levels.parquet, as_of: 2025-04-01}\n"
    home = shop(tmp_path / "a", tables=tables, features=LEVEL, levels=rows)
    (found,) = [
        f
        for f in check_dataset(home, "shop", label="buys").findings
        if f.severity == "stop" and f.code != "WB-L08"
    ]
    assert (found.code, found.table) == ("WB-T32", "levels")
    assert "as of 2025-04-01" in found.message
    assert "earliest usable cutoff is 2025-05-01" in found.hint
    with pytest.raises(WorkbenchError, match="WB-T32"):
        build_training_frame(home, "shop/buys")
    with pytest.raises(WorkbenchError, match="WB-T32"):
        build_scoring_frame(home, "shop/buys", pd.Timestamp("2025-04-01").date())
    assert len(build_scoring_frame(home, "shop/buys", pd.Timestamp("2025-04-02").date()).rows)
    later = LABELS.replace("from: 2025-03-01", "from: 2025-05-01")
    home = shop(tmp_path / "b", tables=tables, features=LEVEL, labels=later, levels=rows)
    assert len(build_training_frame(home, "shop/buys").rows)
    assert "WB-T32" not in [f.code for f in check_dataset(home, "shop", label="buys").findings]


def test_a_file_made_after_the_first_contact_is_refused(tmp_path: Path) -> None:
    rows = pd.DataFrame({"customer": range(1, 8), "level": list("abcabca")})
    tables = TABLES + "  levels: {source: levels.parquet, as_of: 2025-04-01}\n"
    home = shop(tmp_path, tables=tables, features=LEVEL, levels=rows)
    codes = {f.code for f in check_dataset(home, "shop", label="answers").findings if f.severity == "stop"}
    assert "WB-T32" in codes


def test_rows_that_say_when_they_were_made_count_from_then_on(tmp_path: Path) -> None:
    rows = levels((1, "2025-02-10", "a"), (1, "2025-04-01", "b"), (2, "2025-06-20", "c"))
    assert seen(tmp_path / "a", rows, "2025-04-01", setting="as_of: since") == {1: "a"}
    tables = TABLES + "  levels: {source: levels.parquet, as_of: since}\n"
    home = shop(tmp_path / "b", tables=tables, features=LEVEL, levels=rows)
    (found,) = [f for f in check_dataset(home, "shop", label="buys").findings if f.code == "WB-T33"]
    assert (found.severity, found.count) == ("warn", 2)
    assert "1 are dated (since) at or after the last cutoff 2025-05-01" in found.message
