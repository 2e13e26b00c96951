"""Dirt is normal: doubtful rows are set aside and counted; only too many of them stop a run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.dataset.shop import TABLES, orders, shop
from workbench.dataset.build import build_training_frame
from workbench.dataset.checks import check_dataset
from workbench.errors import DataError


def test_a_row_loaded_twice_counts_once(tmp_path: Path) -> None:
    clean = build_training_frame(shop(tmp_path / "clean"), "shop/buys")
    twice = pd.concat([orders(), orders().head(3)])
    dirty = build_training_frame(shop(tmp_path / "dirty", orders=twice), "shop/buys")
    assert dirty.counts["quarantined:orders"] == 3
    pd.testing.assert_frame_equal(clean.rows, dirty.rows)


def test_a_table_may_declare_that_equal_rows_are_real(tmp_path: Path) -> None:
    tables = TABLES.replace("known_after: 1d}", "known_after: 1d, duplicates: keep}")
    twice = pd.concat([orders(), orders()])
    frame = build_training_frame(shop(tmp_path, tables=tables, orders=twice), "shop/buys")
    assert "quarantined:orders" not in frame.counts


def test_unreadable_and_impossible_times_are_set_aside(tmp_path: Path) -> None:
    dirty = orders().assign(at=orders()["at"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    dirty.loc[[0, 1], "at"] = ["soon", None]
    dirty.loc[[2, 3], "at"] = ["1900-01-01", "9999-12-31"]
    home = shop(tmp_path, tables=TABLES + "max_quarantine: 0.1\n", orders=dirty)
    counts = {f.code: f.count for f in check_dataset(home, "shop").findings if f.severity == "quarantine"}
    assert counts == {"WB-T16": 2, "WB-T17": 2}
    assert build_training_frame(home, "shop/buys").counts["quarantined:orders"] == 4


def test_too_much_dirt_stops_and_says_how_much(tmp_path: Path) -> None:
    home = shop(tmp_path, orders=pd.concat([orders(), orders()]))
    with pytest.raises(DataError, match=r"WB-T08.*50\.0%.*allowed are 5\.0%"):
        build_training_frame(home, "shop/buys")


def test_dates_written_as_eight_digits_are_read(tmp_path: Path) -> None:
    compact = orders().assign(at=orders()["at"].dt.strftime("%Y%m%d").astype("int64"))
    plain = build_training_frame(shop(tmp_path / "plain"), "shop/buys")
    read = build_training_frame(shop(tmp_path / "compact", orders=compact), "shop/buys")
    pd.testing.assert_frame_equal(plain.rows, read.rows)


def test_a_clock_ahead_of_the_data_stops_the_dataset(tmp_path: Path) -> None:
    """Outcomes after the last event are unknown, not absent."""
    home = shop(tmp_path, tables=TABLES.replace("2025-07-01", "2025-12-31"))
    assert "WB-T21" in [f.code for f in check_dataset(home, "shop").findings if f.severity == "stop"]


def test_consent_is_the_latest_word_before_the_cutoff(tmp_path: Path) -> None:
    """Customer 1 agrees, 2 withdraws in April, 3 agreed to something else; nobody else said anything."""
    tables = TABLES.replace(
        "purpose: marketing\n",
        "purpose: marketing\nconsent: {table: words, purpose: what, granted: yes_no}\n",
    )
    tables += "  words: {source: words.parquet, event_time: said}\n"
    words = pd.DataFrame(
        {
            "customer": [1, 2, 2, 3],
            "what": ["marketing", "marketing", "marketing", "service"],
            "yes_no": [True, True, False, True],
            "said": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-04-15", "2025-01-01"]),
        }
    )
    frame = build_training_frame(shop(tmp_path, tables=tables, words=words), "shop/buys")
    asked = frame.rows.groupby("customer")["cutoff_time"].agg(lambda t: [f"{x:%m}" for x in t]).to_dict()
    assert asked == {1: ["03", "04", "05"], 2: ["03", "04"]}
    assert frame.counts["no_consent"] > 0
