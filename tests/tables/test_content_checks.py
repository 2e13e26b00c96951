"""`check` looks at what tables hold: gaps, drift, constants, silence, one file under two names, the plan of events."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.dataset.shop import LABELS, TABLES, orders, shop
from workbench.dataset.checks import check_dataset
from workbench.errors import DefinitionError
from workbench.tables.catalog import parse_tables
from workbench.tables.check_page import as_html, as_markdown
from workbench.tables.checks import check_tables
from workbench.tables.engine import Engine
from workbench.tables.findings import CheckReport, Finding
from workbench.tables.rhythm import Gap, Rhythm
from workbench.tables.yaml_file import read_yaml

DAYS = pd.date_range("2024-12-01", "2025-06-30", freq="D")


def visits(change: Callable[[pd.DataFrame], pd.DataFrame] = lambda rows: rows) -> pd.DataFrame:
    """Forty visits a day for seven months, of even ways and amounts, changed as a test wishes."""
    rng = np.random.default_rng(7)
    n = len(DAYS) * 40
    rows = pd.DataFrame(
        {
            "customer": rng.integers(1, 8, n),
            "at": np.repeat(DAYS.to_numpy(), 40) + pd.to_timedelta(rng.integers(0, 86_400, n), unit="s"),
            "way": rng.choice(["app", "web", "shop"], n, p=[0.5, 0.3, 0.2]),
            "amount": rng.gamma(2.0, 20.0, n).round(2),
            "receipt": np.arange(n) + 1_000_000,
            "week": np.repeat((DAYS - DAYS[0]).days.to_numpy() // 7, 40),
        }
    )
    return change(rows).reset_index(drop=True)


def found(folder: Path, rows: pd.DataFrame, *codes: str, setting: str = "", **more: pd.DataFrame) -> list[Finding]:  # fmt: skip
    """The findings of these codes about the visits."""
    tables = TABLES + f"  visits: {{source: visits.parquet, event_time: at{setting}}}\n"
    report = check_dataset(shop(folder, tables=tables, visits=rows, **more), "shop", label="buys")
    assert not [f for f in report.findings if f.severity == "stop" and f.table == "visits"]
    return [f for f in report.findings if f.code in codes and f.table == "visits"]


CONTENT = ("WB-T34", "WB-T38", "WB-T39", "WB-T40", "WB-T41", "WB-T42", "WB-T43")


def test_an_even_table_has_nothing_to_report(tmp_path: Path) -> None:
    """Neither its receipt numbers nor its week numbers, which run with time, are drift."""
    assert found(tmp_path, visits(), *CONTENT) == []


def test_days_without_rows_are_a_gap(tmp_path: Path) -> None:
    rows = visits(lambda r: r[~r["at"].between("2025-03-10", "2025-03-14")])
    (gap,) = found(tmp_path, rows, *CONTENT)
    assert (gap.code, gap.severity, gap.count) == ("WB-T39", "warn", 4)
    assert "no rows for 2025-03-10 to 2025-03-13" in gap.message


def day_list(*, keep: Callable[[date], bool], days: int = 200) -> tuple[date, ...]:
    return tuple(d for i in range(days) if keep(d := date(2025, 1, 1) + timedelta(days=i)))


@pytest.mark.parametrize(
    ("days", "gaps"),
    [
        (day_list(keep=lambda d: d.weekday() < 5), []),  # closed at weekends
        (day_list(keep=lambda d: d.weekday() != 0), []),  # closed on Mondays
        (day_list(keep=lambda d: d != date(2025, 4, 18)), []),  # one holiday
        (day_list(keep=lambda d: d.weekday() < 5 and not date(2025, 3, 3) <= d <= date(2025, 3, 7)),
         [Gap(date(2025, 3, 1), date(2025, 3, 9), 5)]),
        (day_list(keep=lambda d: d.day == 1, days=700), []),  # a monthly table
        (day_list(keep=lambda d: d.day == 1 and d.month != 4, days=360), [Gap(date(2025, 4, 1), date(2025, 4, 30), 30)]),
        (day_list(keep=lambda d: d.day in (3, 17), days=60), []),  # too few to have a habit
        ((date(2025, 1, 1),), []),
        ((), []),
    ],
)  # fmt: skip
def test_a_gap_is_a_silence_against_the_tables_own_habit(days: tuple[date, ...], gaps: list[Gap]) -> None:
    assert Rhythm(days).gaps() == gaps


def test_random_days_are_no_gaps() -> None:
    """Of two hundred tables with rows on seven days in ten, none shows a gap."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        days = tuple(date(2025, 1, 1) + timedelta(days=int(i)) for i in np.flatnonzero(rng.random(365) < 0.7))
        assert Rhythm(days).gaps() == []


def test_a_table_that_fell_silent_is_told(tmp_path: Path) -> None:
    rows = visits(lambda r: r[r["at"] < "2025-06-21"])
    (silent,) = found(tmp_path, rows, *CONTENT)
    assert silent.code == "WB-T43"
    assert "ends on 2025-06-20, 10 days before `observed_until`" in silent.message
    assert Rhythm(day_list(keep=lambda d: True)).silence(datetime(2025, 7, 24)) == timedelta(days=4)
    assert Rhythm(day_list(keep=lambda d: True)).silence(datetime(2025, 7, 23)) is None


def test_a_column_of_one_value_or_none_says_nothing(tmp_path: Path) -> None:
    rows = visits(lambda r: r.assign(country="NL", note=pd.Series(None, index=r.index, dtype="str")))
    messages = [f.message for f in found(tmp_path, rows, *CONTENT)]
    assert messages == [
        "table 'visits': column 'country' has one value ('NL') in all rows.",
        "table 'visits': column 'note' has no value in any row.",
    ]


def renamed(rows: pd.DataFrame) -> pd.DataFrame:
    late = rows["at"] >= "2025-04-01"
    return rows.assign(way=rows["way"].where(~(late & (rows["way"] == "shop")), "store"))


def test_a_level_that_is_renamed_appears_and_disappears(tmp_path: Path) -> None:
    level, shift = found(tmp_path, visits(renamed), *CONTENT)
    assert (level.code, level.column, level.count) == ("WB-T41", "way", 2)
    assert "'shop' is last seen in 2025-03" in level.message
    assert "'store' appears in 2025-04" in level.message
    assert (shift.code, shift.column) == ("WB-T42", "way")


def cents(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(amount=rows["amount"].where(rows["at"] < "2025-05-01", rows["amount"] * 100))


def half_missing(rows: pd.DataFrame) -> pd.DataFrame:
    lost = (rows["at"] >= "2025-06-01") & (rows.index % 2 == 0)
    return rows.assign(amount=rows["amount"].mask(lost))


@pytest.mark.parametrize(
    ("change", "words"),
    [(cents, "strongly in 2 months; most in 2025-0[56]"), (half_missing, "in 2025-06;.*missing.*0% -> 50%")],
)
def test_a_measure_that_changes_unit_or_gets_lost_shifts(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], words: str
) -> None:
    (shift,) = found(tmp_path, visits(change), *CONTENT)
    assert (shift.code, shift.column) == ("WB-T42", "amount")
    assert pd.Series([shift.message]).str.contains(words).all(), shift.message


def test_even_columns_are_not_called_drifting_by_chance(tmp_path: Path) -> None:
    """Thirty columns of pure noise over seven months, none of which moves: the number of columns is allowed for."""
    rng = np.random.default_rng(5)

    def noise(rows: pd.DataFrame) -> pd.DataFrame:
        few = rows.iloc[::5]
        return few.assign(**{f"x{i}": rng.choice(list("abcdefgh"), len(few)) for i in range(30)})

    assert found(tmp_path, visits(noise), "WB-T41", "WB-T42") == []


def test_rows_known_before_they_happened_are_told(tmp_path: Path) -> None:
    rows = visits(lambda r: r.assign(told=r["at"] + pd.to_timedelta(np.where(r.index % 100 == 0, -3, 1), unit="D")))  # fmt: skip
    (early,) = found(tmp_path, rows, "WB-T38", setting=", known_at: told")
    assert early.count == (len(rows) + 99) // 100


def test_one_file_under_two_names_is_told(tmp_path: Path) -> None:
    """By its name, and as a copy of another name."""
    tables = (
        TABLES
        + "  again: {source: orders.parquet, event_time: at}\n  copy: {source: copy.parquet, event_time: at}\n"
    )
    report = check_dataset(shop(tmp_path, tables=tables, copy=orders()), "shop", label="buys")
    assert [f.table for f in report.findings if f.code == "WB-T36"] == ["again", "copy"]


def test_one_wide_file_of_which_two_tables_tell_different_columns_is_no_mistake(tmp_path: Path) -> None:
    wide = pd.DataFrame({"customer": range(50), "b1": 1.0, "b2": 2.0, "p1": 3.0, "p2": 4.0})
    told = "{{source: wide.parquet, event_time: at, unpivot: {{time: at, rows: {{2025-01-01: {{v: {0}1}}, 2025-02-01: {{v: {0}2}}}}}}}}"
    tables = TABLES + "".join(
        f"  {n}: {told.format(c)}\n" for n, c in (("bills", "b"), ("paid", "p"), ("same", "p"))
    )
    report = check_dataset(shop(tmp_path, tables=tables, wide=wide), "shop", label="buys")
    assert [f.message[:40] for f in report.findings if f.code == "WB-T36"] == [
        "tables 'paid' and 'same' are the same fi"
    ]


def test_a_period_loaded_twice_is_named(tmp_path: Path) -> None:
    rows = visits()
    again = rows[rows["at"].between("2025-02-03", "2025-02-08")]
    both = pd.concat([rows, again])
    (aside,) = found(tmp_path / "a", both, "WB-T34")
    assert (aside.severity, aside.count) == ("quarantine", len(again))
    assert "2025-02-03 to 2025-02-07 was loaded twice" in aside.message
    (kept,) = found(tmp_path / "b", both, "WB-T34", setting=", duplicates: keep")
    assert (kept.severity, kept.count) == ("warn", len(again))


def test_a_reach_beyond_the_observed_period_is_counted(tmp_path: Path) -> None:
    rows = visits(lambda r: r.assign(at=r["at"] + pd.Timedelta(5, "D")))
    (beyond,) = found(tmp_path, rows, "WB-T22")
    assert beyond.count == int((rows["at"] > "2025-07-01").sum())


PLAN = """
table: visits
name: way
events:
  app: {properties: {amount: {type: number, required: true}, device: {type: text, required: true}, size: {type: integer}}}
  web: {}
  kiosk: {}
"""


def planned(folder: Path, rows: pd.DataFrame, plan: str = PLAN) -> CheckReport:
    tables = TABLES + "  visits: {source: visits.parquet, event_time: at}\n"
    home = shop(folder, tables=tables, visits=rows)
    (home.feature_defs / "shop" / "events.yaml").write_text(plan, encoding="utf-8")
    return check_dataset(home, "shop", label="buys")


def test_events_are_compared_with_the_plan(tmp_path: Path) -> None:
    """`shop` is not planned, `kiosk` never came, `web` paused in March, `device` is lost in May, `size` holds words."""

    def dirty(rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows[~((rows["way"] == "web") & rows["at"].between("2025-03-01", "2025-04-01"))]
        rows = rows.reset_index(drop=True)
        device = pd.Series("phone", index=rows.index).mask((rows["at"].dt.month == 5) & (rows.index % 4 == 0))
        size = pd.Series("12", index=rows.index).mask(rows.index % 50 == 0, "big").mask(rows.index % 7 == 0)
        return rows.assign(device=device, size=size)

    rows = visits(dirty)
    report = planned(tmp_path, rows)
    events = {
        f.code + f.column: f for f in report.findings if f.code in ("WB-T46", "WB-T47", "WB-T48", "WB-T49")
    }
    assert events["WB-T46way"].count == (rows["way"] == "shop").sum()
    assert {f.message for f in report.findings if f.code == "WB-T47"} == {
        "table 'visits': 1 planned event never seen: kiosk.",
        "table 'visits': the event 'web' is missing in 1 month: 2025-03.",
    }
    app, may = rows["way"] == "app", rows["at"].dt.month == 5
    lost = rows["device"].isna()[app & may].mean()
    assert f"missing in {lost:.1%} of its rows in 2025-05." in events["WB-T48device"].message
    assert events["WB-T49size"].count == ((rows["size"] == "big") & app).sum()
    told = json.loads(json.dumps(report.as_dict()["events"]))
    (march,) = [m for m in told["months"] if m["month"] == "2025-03" and m["event"] == "app"]
    in_march = rows["at"].dt.month == 3
    assert march["rows"] == (app & in_march).sum()
    assert march["share"] == pytest.approx((app & in_march).sum() / in_march.sum(), abs=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("type: text", "type: txt", "WB-T02", "line 5.*Did you mean 'text'"),
        ("name: way", "name: how", "WB-T12", "no column 'how'"),
        ("table: visits", "table: visit", "WB-T05", "Did you mean 'visits'"),
        ("table: visits", "table: people", "WB-T02", "no `event_time:`"),
        ("required: true}, size", "required: often}, size", "WB-T02", "`required` is 'often'"),
        ("name: way\n", "", "WB-T02", "`name:` is missing"),
        ("  web: {}", "  web: {colour: red}", "WB-T02", "no setting is called 'colour'"),
        ("  web: {}", "  web: {}\n  web: {}", "WB-T01", "written twice"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_hold_is_refused(
    tmp_path: Path, old: str, new: str, code: str, words: str
) -> None:
    assert old in PLAN
    report = planned(tmp_path, visits().assign(device="x", size=1), PLAN.replace(old, new, 1))
    (error,) = [f for f in report.findings if f.severity == "stop" and f.table == "events.yaml"]
    assert error.code == code
    assert pd.Series([error.message + error.hint]).str.contains(words, regex=True).all(), error


def test_a_column_that_knows_the_answer_is_suspected_when_its_label_is_checked(tmp_path: Path) -> None:
    """A rating that was filled only for those who bought later."""
    tables = TABLES + "  ratings: {source: ratings.parquet}\n"
    rng = np.random.default_rng(1)
    many = pd.DataFrame({"customer": rng.integers(1, 400, 4000), "at": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 180, 4000), unit="D"), "amount": 1.0, "product": "t"})  # fmt: skip
    later = many[many["at"].between("2025-05-01", "2025-05-31")]["customer"].unique()
    ratings = pd.DataFrame({"customer": range(1, 400), "mark": [float(c in later) for c in range(1, 400)]})
    home = shop(
        tmp_path,
        tables=tables,
        features="mark: {attribute: ratings.mark}\n",
        labels="buys:\n  kind: conversion\n  cutoffs: {every: 1mo, from: 2025-05-01, to: 2025-05-01}\n  outcome: {any_in: orders, within: 30d, lag: 1d}\n",
        orders=many,
        ratings=ratings,
    )
    (leak,) = [f for f in check_dataset(home, "shop", label="buys").findings if f.code.startswith("WB-D2")]
    assert (leak.column, leak.table) == ("mark", "ratings")
    assert not [f for f in check_dataset(home, "shop").findings if f.code.startswith("WB-D2")]


def test_the_report_tells_the_gravest_first_and_each_table_together(tmp_path: Path) -> None:
    many = {f"empty{i}": pd.Series(None, index=range(8560), dtype="str") for i in range(9)}
    rows = visits(lambda r: r[~r["at"].between("2025-03-10", "2025-03-14")]).iloc[:8000]
    rows = rows.assign(**{k: v.iloc[: len(rows)].to_numpy() for k, v in many.items()})
    tables = TABLES + "  visits: {source: visits.parquet, event_time: at}\n"
    people = pd.DataFrame({"customer": [1, 2, 2], "town": ["a", "b", "c"], "age": [1, 2, 3]})
    report = check_dataset(shop(tmp_path, tables=tables, visits=rows, people=people), "shop")
    lines = report.lines()
    severities = [line.split()[0] for line in lines if line.startswith(("stop", "quarantine", "warn"))]
    assert severities == sorted(severities, key=("stop", "quarantine", "warn").index)
    assert "NOT ready" in lines[0]
    assert sum("WB-T40" in line and "visits" in line for line in lines) == 4
    assert any("and 6 more of this kind in 'visits'" in line for line in lines)
    page, text = as_html(report), as_markdown(report)
    for finding in report.findings:
        assert finding.code in text
        assert page.count(finding.code) >= 1
    assert len(report.as_dict()["findings"]) == len(report.findings)


def test_the_profile_tells_what_a_column_holds_but_no_sensitive_value(tmp_path: Path) -> None:
    report = check_dataset(shop(tmp_path), "shop", label="buys")
    people = next(t for t in report.as_dict()["tables"] if t["name"] == "people")
    columns = {c["name"]: c for c in people["columns"]}
    assert columns["town"]["top"] == [
        {"value": "a", "rows": 3}, {"value": "b", "rows": 2}, {"value": "c", "rows": 2}
    ]  # fmt: skip
    assert (columns["age"]["min"], columns["age"]["max"], columns["age"]["top"]) == (None, None, [])
    bought = next(t for t in report.as_dict()["tables"] if t["name"] == "orders")
    amount = next(c for c in bought["columns"] if c["name"] == "amount")
    assert (amount["min"], amount["max"], amount["missing"]) == ("1", "7", 0)
    assert report.as_dict()["lineage"]["town"] == ["people.town"]


def test_nothing_of_the_data_becomes_markup_in_the_report() -> None:
    finding = Finding("WB-T40", "warn", "<b>", "x", "<script>alert(1)</script> | a", "a|b")
    report = CheckReport("shop", (finding,), ())
    assert "<script>" not in as_html(report)
    assert "\\|" in as_markdown(report)


@pytest.mark.parametrize(
    ("written", "told"),
    [(lambda n: n, "text, the other numbers"), (lambda n: f"c{n}", ""), (lambda n: f"{n:05d}", None)],
)
def test_customers_whose_ids_are_written_in_another_way_are_strangers(
    tmp_path: Path, written: Callable[[int], object], told: str | None
) -> None:
    calls = pd.DataFrame(
        {"customer": [f"{i % 60:05d}" for i in range(600)], "at": pd.Timestamp("2025-02-01")}
    )
    homes = pd.DataFrame({"customer": [written(n) for n in range(50)], "size": range(50)})
    tables = (
        "entity: customer\nobserved_until: 2025-02-03\ntables:\n"
        "  calls: {source: calls.parquet, event_time: at, duplicates: keep}\n  homes: {source: homes.parquet, key: customer}\n"
    )
    for name, rows in (("calls", calls), ("homes", homes)):
        rows.to_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "tables.yaml").write_text(tables, encoding="utf-8")
    with Engine(parse_tables(read_yaml(tmp_path / "tables.yaml"), "x")) as engine:
        found = [f for f in check_tables(engine)[0] if f.code == "WB-T50"]
    if told is None:
        assert found == []
    else:
        (stranger,) = found
        assert (stranger.table, stranger.count) == ("homes", 50)
        assert told in stranger.message


def test_a_table_none_of_whose_times_can_be_read_is_told_and_nothing_breaks(tmp_path: Path) -> None:
    codes = {
        f.code for f in check_dataset(shop(tmp_path, orders=orders().assign(at="45294")), "shop").findings
    }
    assert {"WB-T08", "WB-T16"} <= codes
    assert "WB-X01" not in codes


def test_look_ups_that_go_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "tables.yaml").write_text(
        "entity: customer\nobserved_until: 2025-02-03\ntables:\n"
        "  a: {source: a.csv, key: x, join: {b: y}}\n  b: {source: b.csv, key: y, join: {c: z}}\n  c: {source: c.csv, key: z, join: {a: x}}\n",
        encoding="utf-8",
    )
    with pytest.raises(DefinitionError, match="WB-T13.*a -> b -> c -> a"):
        parse_tables(read_yaml(tmp_path / "tables.yaml"), "x")


@pytest.mark.parametrize(
    ("cutoffs", "told"),
    [
        ("[2025-03-01, 2025-04-01, 2030-01-01]", ["1 of its 3 cutoffs lies after the data's end on 2025-07-01: 2030-01-01."]),
        ("[2020-01-01, 2025-03-01]", ["1 of its 2 cutoffs lies on or before the data's first day, 2024-12-01: 2020-01-01."]),
        (
            "{every: 1mo, from: 2025-03-01, to: 2025-11-01}",
            ["4 of its 9 cutoffs lie after the data's end on 2025-07-01: 2025-08-01, 2025-09-01, 2025-10-01 and 1 more."],
        ),
        (
            "[2024-12-01, 2025-03-01, 2025-07-02]",
            [
                "1 of its 3 cutoffs lies on or before the data's first day, 2024-12-01: 2024-12-01.",
                "1 of its 3 cutoffs lies after the data's end on 2025-07-01: 2025-07-02.",
            ],
        ),
        ("[2024-12-02, 2025-03-01, 2025-07-01]", []),
    ],
)  # fmt: skip
def test_cutoffs_outside_the_data_among_others_are_named(
    tmp_path: Path, cutoffs: str, told: list[str]
) -> None:
    labels = LABELS.replace("{every: 1mo, from: 2025-03-01, to: 2025-06-01}", cutoffs)
    assert labels != LABELS
    found = [
        f
        for f in check_dataset(shop(tmp_path, labels=labels), "shop", label="buys").findings
        if f.code == "WB-L12"
    ]
    assert [f.severity for f in found] == ["warn"] * len(told)
    assert [f.message for f in found] == [f"label 'buys': {t}" for t in told]
