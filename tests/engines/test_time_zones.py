"""Local times are wall times, zoned times become UTC, and a change of the clocks is neither a day more nor less."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from sqlglot import exp

from tests.engines.conftest import ENGINES, use_engine
from workbench.dataset.build import feature_values, store_spine
from workbench.features.aggregations import REGISTRY
from workbench.features.definition import RowsFeature
from workbench.features.windows import Window
from workbench.tables.engine import AT, Engine, column, named
from workbench.tables.schema import Table, TableSet
from workbench.text import Text

NEW_YORK = ZoneInfo("America/New_York")


def shop() -> TableSet:
    return TableSet(
        "shop", Path(), Text.of("shop"), "customer", {"visits": Table("visits", "-", event_time="at")}
    )


def answers(at: object, cutoff: datetime) -> dict[str, float]:
    """Count and days since the last visit over a day, a week and a month, for visits at the given times."""
    feature = RowsFeature(
        name="v",
        source="visits",
        aggregate=(REGISTRY["count"], REGISTRY["days_since_last"], REGISTRY["peak_hour"]),
        windows=tuple(Window.parse(w) for w in ("1d", "7d", "1mo")),
    )
    visits = pd.DataFrame({"customer": 1, "at": at})
    with Engine(shop()) as engine:
        engine.put_rows("visits", visits)
        store_spine(engine, pd.DataFrame({"_row": [0], "customer": [1], "_cutoff": [pd.Timestamp(cutoff)]}))
        return feature_values(engine, [feature], None, 1).iloc[0].to_dict()


@pytest.mark.parametrize("engine_kind", ENGINES)
def test_times_of_a_text_with_an_offset_become_utc(
    engine_kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_engine(engine_kind, request, monkeypatch)
    texts = ["2025-03-30 02:30:00+02:00", "2025-03-30T00:30:00Z", "2025-03-30 00:30:00", "20250330", "soon"]
    with Engine(shop()) as engine:
        loaded = engine.put_rows("visits", pd.DataFrame({"customer": range(5), "at": texts}))
        read = engine.frame(exp.select(column("customer"), column(AT)).from_(named("visits")))
    half_past_midnight = pd.Timestamp("2025-03-30 00:30")
    assert read.sort_values("customer")[AT].tolist() == [
        half_past_midnight, half_past_midnight, half_past_midnight, pd.Timestamp("2025-03-30"),
    ]  # fmt: skip
    assert loaded.unreadable_times == 1


def test_the_same_instants_in_another_zone_give_the_same_features() -> None:
    instants = pd.to_datetime(
        ["2025-03-30 00:59:59", "2025-03-30 01:00:00", "2025-11-02 05:30:00"]
    ).tz_localize("UTC")
    for cutoff in (datetime(2025, 3, 31), datetime(2025, 11, 3)):
        found = [
            answers(instants.tz_convert(z), cutoff) for z in ("UTC", "Europe/Berlin", "America/New_York")
        ]
        assert found[0] == found[1] == found[2]


def test_the_zone_of_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:

    zoned = pd.to_datetime(["2025-03-09 06:30:00", "2025-03-09 07:30:00"]).tz_localize("UTC")
    found = []
    try:
        for zone in ("UTC", "America/New_York", "Asia/Shanghai"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            found.append(answers(zoned, datetime(2025, 3, 10)))
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert found[0] == found[1] == found[2]
    assert found[0]["v_count_1d"] == 2


def test_a_local_day_of_23_hours_is_one_day_long() -> None:
    """Clocks in Berlin went forward on 30 March 2025: from 00:00 to 00:00 are 23 hours, and one day of wall time."""
    at = pd.to_datetime(["2025-03-30 00:00:00", "2025-03-29 23:59:59"])
    found = answers(at, datetime(2025, 3, 31))
    assert found["v_count_1d"] == 1
    assert found["v_days_since_last_1d"] == 1
    assert found["v_count_7d"] == 2


def test_a_local_hour_that_happens_twice_is_one_wall_time_and_two_instants() -> None:
    """01:30 in New York on 2 November 2025 was there twice, an hour apart: zoned sources keep them apart."""
    twice = [datetime(2025, 11, 2, 1, 30, fold=f, tzinfo=NEW_YORK) for f in (0, 1)]
    utc = pd.to_datetime([t.astimezone(ZoneInfo("UTC")) for t in twice])
    between = datetime(2025, 11, 2, 6, 0)
    assert answers(utc, between)["v_count_1d"] == 1
    assert answers(utc.tz_convert("America/New_York"), between)["v_count_1d"] == 1
    local = pd.to_datetime([t.replace(tzinfo=None, fold=0) for t in twice]) + pd.to_timedelta(
        [0, 1], unit="us"
    )
    assert answers(local, datetime(2025, 11, 2, 1, 30))["v_count_1d"] == 0
    assert answers(local, datetime(2025, 11, 2, 2, 0))["v_count_1d"] == 2


def test_a_month_over_a_change_of_the_clocks_begins_at_the_same_hour() -> None:
    """From 31 March noon a month back is 28 February noon, though an hour was lost in between."""
    at = pd.to_datetime(["2025-02-28 12:00:00", "2025-02-28 11:59:59"])
    assert answers(at, datetime(2025, 3, 31, 12))["v_count_1mo"] == 1
