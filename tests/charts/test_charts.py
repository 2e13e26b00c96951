"""Every chart: a valid specification with title and description in both languages, and a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench import charts

DEPTH = np.arange(1, 101) / 100
CAPTURE = 1 - (1 - DEPTH) ** 3
CHARTS: dict[str, Callable[[str], Any]] = {
    "gain": lambda language: charts.gain_curve(
        pd.DataFrame(
            {"depth": DEPTH, "customers": DEPTH * 1000, "events": CAPTURE * 90, "capture": CAPTURE, "lift": CAPTURE / DEPTH}
        ),
        language=language,
    ),
    "deciles": lambda language: charts.deciles(
        pd.DataFrame({"decile": range(1, 11), "customers": 100, "events": 5, "event_rate": np.linspace(0.4, 0.01, 10)}),
        language=language,
    ),
    "calibration": lambda language: charts.calibration(
        pd.DataFrame({"predicted": [0.1, 0.3], "observed": [0.12, 0.28], "low": [0.1, 0.2], "high": [0.2, 0.4]}),
        language=language,
    ),
    "by_month": lambda language: charts.by_month(
        pd.DataFrame({"month": ["2017-01", "2017-02"], "auc": [0.8, 0.7], "rows": [9, 8]}), metric="auc", language=language
    ),
    "grades": lambda language: charts.grade_rates(
        pd.DataFrame(
            {"grade": ["A", "B"], "n": [5, 9], "share": [0.4, 0.6], "events": [1, 1], "event_rate": [0.2, 0.1], "rate_low": [0.1, 0.0], "rate_high": [0.3, 0.2]}
        ),
        language=language,
    ),
    "leaderboard": lambda language: charts.leaderboard(
        pd.DataFrame({"trial": [0, 1], "family": ["a", "b"], "auc": [0.7, 0.8], "seconds": [1.0, 2.0]}), language=language
    ),
    "importance": lambda language: charts.importance_bar(
        pd.DataFrame(
            {"feature": ["a.b", "c"], "sentence_en": ["x", "x"], "sentence_zh": ["值", "值"], "group": "t", "share": [0.6, 0.4], "mean_abs": [0.6, 0.4]}
        ),
        language=language,
    ),
    "points": lambda language: charts.card_points(
        pd.DataFrame(
            {"variable": "x", "sentence": "age", "bin": ["≤ 3", "missing"], "n": 1.0, "share": 0.5, "event_rate": [0.1, np.nan], "woe": [1.0, 0.0], "points": [30, -5]}
        ),
        "x",
        language=language,
    ),
    "customer": lambda language: charts.customer_bars(
        pd.DataFrame({"feature": ["a"], "sentence": ["x"], "value": ["1"], "contribution": [0.2], "direction": ["up"]}),
        language=language,
    ),
    "dependence": lambda language: charts.dependence_line(
        pd.DataFrame({"value": [1.0], "label_en": ["1"], "label_zh": ["1"], "n": [3], "contribution": [0.1], "low": [0.0], "high": [0.2]}),
        "x",
        language=language,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CHARTS))
def test_a_chart_says_in_both_languages_what_it_shows(name: str) -> None:
    english, chinese = (CHARTS[name](language).to_dict() for language in ("en", "zh"))
    for spec in (english, chinese):
        assert spec["title"]["text"]
        assert len(spec["description"]) > 10
        assert "tooltip" in json.dumps(spec.get("layer", spec))
    assert english["title"]["text"] != chinese["title"]["text"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese["description"])


@pytest.mark.parametrize("name", ["gain", "importance"])
def test_a_chart_is_a_picture_without_a_browser(name: str) -> None:
    assert charts.to_png(CHARTS[name]("en"))[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_gain_curve_names_the_capture_at_a_tenth() -> None:
    assert (
        CHARTS["gain"]("en").to_dict()["title"]["text"] == "The best 10% of customers hold 27% of the events"
    )


def test_two_features_with_one_sentence_stay_two_bars() -> None:
    spec = CHARTS["importance"]("en").to_dict()
    rows = next(iter(spec["datasets"].values()))
    assert [row["label"] for row in rows] == ["x", "x (2)"]
