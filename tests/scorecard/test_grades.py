from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binomtest

from workbench.dataset.frame import KINDS, Kind
from workbench.errors import DataError
from workbench.scorecard import Grades, grade_bands, wilson


def scored(rows: int = 5000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    p = draw.beta(1, 9, rows)
    return p, (draw.random(rows) < p).astype(int)


@pytest.mark.parametrize("kind", KINDS)
def test_a_is_the_best_customer_for_every_kind(kind: Kind) -> None:
    p, y = scored()
    grades = grade_bands(p, y, kind)
    table = grades.table(p, y).set_index("grade")
    assert table.index.tolist() == ["A", "B", "C", "D"]
    rates = table["event_rate"].to_numpy()
    falling = kind in ("response", "conversion")
    assert (np.diff(rates) < 0).all() if falling else (np.diff(rates) > 0).all()
    assert (table["n"] > 0).all()
    likeliest = "A" if falling else "D"
    assert table.loc[likeliest, "share"] == pytest.approx(0.1, abs=0.03)
    assert table["n"].sum() == len(p)
    word = "highest" if falling else "lowest"
    assert f"A has the {word} probability" in grades.sentence.en
    assert grades.sentence.zh.startswith("A 级的")


def test_grades_survive_json_and_hold_their_edges() -> None:
    p, y = scored(1000)
    grades = grade_bands(p, y, "risk")
    again = Grades.from_dict(json.loads(json.dumps(grades.to_dict())))
    assert again == grades
    edge = grades.edges[0]
    assert grades.of(np.array([np.nextafter(edge, 0), edge])).tolist() == ["A", "B"]
    assert grades.review_cut == grades.edges[1]


def test_few_different_probabilities_make_fewer_grades() -> None:
    p = np.repeat([0.1, 0.3], 500)
    y = np.concatenate([np.arange(500) % 10 == 0, np.arange(500) % 10 < 3]).astype(int)
    grades = grade_bands(p, y, "response")
    assert set(grades.of(p[:1])) | set(grades.of(p[-1:])) == {"A", "D"}
    assert grades.of(np.array([0.3]))[0] == "A"
    flat = grade_bands(np.full(100, 0.2), np.arange(100) % 5 == 0, "risk")
    assert set(flat.of(np.array([0.2]))) == {"D"}
    assert "does not tell customers apart" in flat.sentence.en


def test_a_probability_that_is_no_number_has_no_grade() -> None:
    p, y = scored(500)
    with pytest.raises(DataError, match="WB-C04"):
        grade_bands(p, y, "risk").of(np.array([0.1, np.nan]))


def test_wilsons_interval_is_scipys() -> None:
    low, high = wilson(np.array([3.0, 0.0]), np.array([40.0, 9.0]))
    for at, (k, n) in enumerate([(3, 40), (0, 9)]):
        told = binomtest(k, n).proportion_ci(method="wilson")
        assert (low[at], high[at]) == pytest.approx((told.low, told.high), abs=1e-12)
