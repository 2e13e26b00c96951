"""Words for yes and no are numbers and conditions alike on every engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dataset.test_yes_and_no import asked, frame

FEATURES = """
happy: {from: calls, value: 满意, aggregate: [mean, sum, mode], windows: [60d]}
pleased: {from: calls, aggregate: count, where: 满意, windows: [60d]}
cross: {from: calls, aggregate: count, where: "满意 = false and customer = 1", windows: [60d]}
"""


def test_yes_and_no(engine_kind: str, tmp_path: Path) -> None:
    rows = frame(asked(tmp_path, FEATURES))
    assert rows["happy_mean_60d"].tolist() == [pytest.approx(2 / 3), 0.0]
    assert rows["happy_sum_60d"].tolist() == [2.0, 0.0]
    assert rows["happy_mode_60d"].tolist() == ["是", "否"]
    assert rows["pleased_count_60d"].tolist() == [2.0, 0.0]
    assert rows["cross_count_60d"].tolist() == [1.0, 0.0]
