"""PSI is judged on frozen bins, and never alone: beside it stands what chance would give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.feedback.drift import Reference, drift, freeze, psi


def test_psi_of_a_worked_example() -> None:
    """(.5-.4)ln(.5/.4) + (.5-.6)ln(.5/.6) = .0405 by hand."""
    assert psi(np.array([0.4, 0.6]), np.array([0.5, 0.5])) == pytest.approx(0.0405465, abs=1e-6)


def test_an_empty_bin_does_not_make_psi_infinite() -> None:
    assert np.isfinite(psi(np.array([0.0, 1.0]), np.array([0.5, 0.5])))


def test_the_same_rows_have_no_drift_and_the_bins_survive_json() -> None:
    rows = pd.DataFrame({"age": [20.0, 30, 40, None] * 50, "city": ["A", "B", None, "C"] * 50})
    frozen = Reference.from_dict(Reference.of(rows, np.linspace(0, 1, 200)).as_dict())
    found = drift(frozen, rows, np.linspace(0, 1, 200))
    assert found["psi"].abs().max() < 1e-9
    assert list(found["column"])[0] == "(score)"


def test_without_drift_alerts_are_as_rare_as_the_chance_line_says() -> None:
    """500 against 500 rows with 20 bins exceed .10 in about one month of five by chance alone; the chance line keeps it to 5%."""
    rng = np.random.default_rng(0)
    over_band = over_chance = 0
    for _ in range(300):
        bins = freeze(pd.Series(rng.normal(size=500)))
        counts = bins.counts(pd.Series(rng.normal(size=500)))
        value = psi(np.asarray(bins.shares), counts / 500)
        over_band += value > 0.10
        over_chance += value > (2 / 500) * 16.92  # chi2(9) at 95%
    assert over_chance / 300 < 0.09
    assert over_band <= over_chance + 30


def test_a_shifted_column_is_named_and_a_steady_one_is_not() -> None:
    rng = np.random.default_rng(1)
    then = pd.DataFrame({"a": rng.normal(size=4000), "b": rng.normal(size=4000)})
    now = pd.DataFrame({"a": rng.normal(1.5, 1, size=4000), "b": rng.normal(size=4000)})
    score = rng.uniform(size=4000)
    found = drift(Reference.of(then, score), now, score).set_index("column")["state"]
    assert found["a"] == "alert"
    assert found["b"] == "steady"
    assert found["(score)"] == "steady"


def test_new_levels_and_missing_values_count() -> None:
    bins = freeze(pd.Series(["x", "y", "x", None]))
    assert bins.levels == ("x", "y")
    assert list(bins.counts(pd.Series(["x", "new", None, None]))) == [1, 0, 1, 2]
