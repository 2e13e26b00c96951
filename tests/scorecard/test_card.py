"""The scorecard as its users meet it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from workbench.dataset.frame import KINDS, Kind
from workbench.errors import DataError, UsageError
from workbench.scorecard import CardSpec, Scorecard, build_scorecard
from workbench.scorecard.points import Scale
from workbench.text import Text

Table = tuple[pd.DataFrame, np.ndarray]


def ks(y: np.ndarray, score: np.ndarray) -> float:
    false, true, _ = roc_curve(y, score)
    return float(np.abs(true - false).max())


def test_the_published_scale() -> None:
    """PDO 20 and 600 points at 50:1 give 487.1229 + 28.8539 ln(odds)."""
    scale = Scale.of(CardSpec(pdo=20, base_points=600, base_odds=50), "risk")
    assert (round(scale.offset, 4), round(scale.factor, 4)) == (487.1229, 28.8539)
    assert scale.score(-np.log(50)) == pytest.approx(600)
    assert scale.score(-np.log(100)) == pytest.approx(620)


@pytest.mark.parametrize("kind", KINDS)
def test_points_sum_to_the_score(kind: Kind, awkward: Table) -> None:
    X, y = awkward
    card = build_scorecard(X, y, kind=kind)
    exact = card.exact_points(X).sum(axis=1)
    assert np.abs(exact - [card.scale.score(z) for z in card.log_odds(X)]).max() < 1e-9
    assert (card.part_points(X).sum(axis=1) == card.points(X)).all()
    assert card.points(X).dtype.kind == "i"


def test_a_reversed_card_is_the_mirror_image_and_not_off_by_a_constant(awkward: Table) -> None:
    """Negating the slope but not the intercept would shift every score by 2 factor intercept."""
    X, y = awkward
    risk, response = (build_scorecard(X, y, kind=kind) for kind in ("risk", "response"))
    middle = risk.scale.offset
    assert risk.exact_points(X).sum(axis=1) - middle == pytest.approx(
        middle - response.exact_points(X).sum(axis=1), abs=1e-9
    )
    even = (response.exact_points(X).sum(axis=1) > middle) == (response.log_odds(X) > 0)
    assert even.all()  # even odds stand at the offset on both cards


def test_whole_points_order_customers_as_the_model_does(awkward: Table) -> None:
    X, y = awkward
    card = build_scorecard(X, y, kind="risk")
    whole, exact = -card.points(X), card.log_odds(X)
    assert roc_auc_score(y, whole) == pytest.approx(roc_auc_score(y, exact), abs=1e-3)
    assert ks(y, whole) == pytest.approx(ks(y, exact), abs=2e-3)  # 4,000 rows: one event is .0008


def test_probability_is_refitted_on_whole_points_and_monotone(awkward: Table) -> None:
    X, y = awkward
    for kind, sign in (("risk", -1), ("conversion", 1)):
        card = build_scorecard(X, y, kind=kind)
        assert card.probability(X).mean() == pytest.approx(y.mean(), abs=1e-9)
        assert (np.diff(card.score_table()["probability"]) * sign > 0).all()


def test_a_card_is_the_same_after_json(awkward: Table) -> None:
    X, y = awkward
    card = build_scorecard(X, y, kind="churn", sentences={"code": Text("a code", "代码")}, event_class="left")
    again = Scorecard.from_dict(json.loads(json.dumps(card.to_dict())))
    assert again == card
    assert (again.probability(X) == card.probability(X)).all()
    with pytest.raises(DataError, match="WB-C05"):
        Scorecard.from_dict(card.to_dict() | {"format": 99})


def test_missing_codes_and_unseen_levels_have_their_own_fate(awkward: Table) -> None:
    X, y = awkward
    card = build_scorecard(X, y, kind="risk")
    table = card.table().set_index(["variable", "bin"])
    assert table.loc[("code", "special value -999"), "n"] == (X["code"] == -999).sum()
    assert table.loc[("城市", "missing"), "n"] == X["城市"].isna().sum()
    city = next(part for part in card.parts if part.name == "城市")
    unseen = city.bins.index(pd.Series(["never seen", None, "北京"], name="城市"))
    assert unseen[0] == city.bins.size - 2
    assert city.bins.woe[unseen[0]] == pytest.approx(0, abs=1e-12)
    assert unseen[1] == city.bins.size - 1
    assert "北京" in city.bins.groups[unseen[2]]


def test_the_table_counts_what_scoring_scores(awkward: Table) -> None:
    X, y = awkward
    card = build_scorecard(X, y, kind="risk")
    table = card.table()
    assert (table.groupby("variable")["n"].sum() == len(X)).all()
    assert (table.groupby("variable")["events"].sum() == y.sum()).all()
    for at, part in enumerate(card.parts):
        counts = np.bincount(card.bin_numbers(X)[:, at], minlength=part.bins.size)
        assert table.loc[table["variable"] == part.name, "n"].tolist() == counts.tolist()


def test_every_coefficient_has_the_sign_of_its_bins_and_variables_differ(awkward: Table) -> None:
    X, y = awkward
    twin = X.assign(twin=X["code"] * 2 + 1)
    card = build_scorecard(twin, y, kind="risk")
    assert min(part.coefficient for part in card.parts) > 0
    assert len({"twin", "code"} & set(card.variables)) == 1
    assert set(card.left_out.values()) <= {"correlation", "iv", "adds_nothing", "sign", "beyond_limit"}


def test_a_declared_trend_is_kept() -> None:
    draw = np.random.default_rng(1)
    x = draw.uniform(-3, 3, 6000)
    y = (draw.random(6000) < np.where(np.abs(x) < 1, 0.5, 0.1)).astype(int)
    X = pd.DataFrame({"x": x})
    free = build_scorecard(X, y, kind="risk")
    assert free.parts[0].bins.trend == "peak"
    tied = build_scorecard(X, y, kind="risk", spec=CardSpec(trends={"x": "ascending"}))
    for part in tied.parts:
        assert (np.diff(part.bins.woe[: part.bins.ordinary]) > 0).all()
    assert sum(tied.iv.values()) < sum(free.iv.values())


def test_nothing_to_learn_gives_a_card_of_the_intercept_that_says_so() -> None:
    draw = np.random.default_rng(2)
    X = pd.DataFrame({"constant": 1.0, "nothing": np.nan, "noise": draw.normal(size=2000), "id": range(2000)})
    X["name"] = [f"customer {k}" for k in range(2000)]
    y = (np.arange(2000) % 10 == 0).astype(int)
    card = build_scorecard(X, y, kind="risk")
    assert card.variables == ()
    assert len(set(card.points(X))) == 1
    assert card.probability(X) == pytest.approx(0.1)
    assert "no variable" in card.notes[0].en
    assert set(card.grade(X)) == {"D"}
    assert card.reasons(X.head(2)).isna().all(axis=None)
    assert Scorecard.from_dict(json.loads(json.dumps(card.to_dict()))) == card


def test_two_hundred_rows_and_twenty_events_are_enough_for_a_card() -> None:
    draw = np.random.default_rng(3)
    y = np.repeat([1, 0], [20, 180])
    X = pd.DataFrame({"x": draw.normal(size=200) + 2.0 * y, "level": np.where(y == 1, "a", "b")})
    X["level"] = X["level"].astype("category")
    card = build_scorecard(X, y, kind="response")
    assert set(card.variables) <= {"x", "level"}
    assert card.variables
    p = card.probability(X)
    assert np.isfinite(p).all()
    assert roc_auc_score(y, p) > 0.9


def test_infinite_values_booleans_and_declared_codes() -> None:
    draw = np.random.default_rng(4)
    x = draw.normal(size=3000)
    y = (draw.random(3000) < 1 / (1 + np.exp(-x))).astype(int)
    x[:50], x[50:100] = np.inf, -np.inf
    X = pd.DataFrame({"x": x, "flag": draw.random(3000) < 0.2 + 0.4 * y, "late": np.where(y == 1, 98, 1)})
    card = build_scorecard(X, y, kind="risk", spec=CardSpec(specials={"late": (98.0,)}))
    assert np.isfinite(card.probability(X)).all()
    assert "special value 98" in set(card.table().query("variable == 'late'")["bin"])
    assert {"flag", "late"} & set(card.variables)


def test_weights_count_as_repeated_rows() -> None:
    draw = np.random.default_rng(5)
    x = draw.normal(size=2000)
    y = (draw.random(2000) < 1 / (1 + np.exp(1 - x))).astype(int)
    X = pd.DataFrame({"x": x})
    heavy = build_scorecard(X, y, kind="risk", weight=np.full(2000, 3.0))
    plain = build_scorecard(X, y, kind="risk")
    assert heavy.parts[0].bins == plain.parts[0].bins


def test_thousands_of_columns_are_screened_first() -> None:
    draw = np.random.default_rng(6)
    y = (np.arange(1500) % 5 == 0).astype(int)
    X = pd.DataFrame(draw.normal(size=(1500, 200)), columns=[f"c{k}" for k in range(200)])
    X["c7"] += 1.0 * y
    X["c199"] -= 0.8 * y
    card = build_scorecard(X, y, kind="risk", spec=CardSpec(screen=30))
    assert set(card.variables) == {"c7", "c199"}  # and none of 198 that are noise
    assert card.left_out["c8"] in {"quick_iv", "iv", "adds_nothing"}
    assert "200 columns" in card.notes[0].en


def test_the_same_rows_give_the_same_card(awkward: Table) -> None:
    X, y = awkward
    assert build_scorecard(X, y, kind="risk", seed=1) == build_scorecard(X, y, kind="risk", seed=1)


def test_reasons_name_what_costs_points_in_the_customers_own_values() -> None:
    draw = np.random.default_rng(7)
    X = pd.DataFrame({"late": draw.integers(0, 5, 4000).astype(float), "use": draw.uniform(0, 1, 4000)})
    y = (draw.random(4000) < 1 / (1 + np.exp(4 - X["late"] - 2 * X["use"]))).astype(int).to_numpy()
    sentences = {"late": Text("payments late", "逾期次数")}
    card = build_scorecard(X, y, kind="risk", sentences=sentences)
    worst = pd.DataFrame({"late": [4.0, 0.0], "use": [0.01, 0.0]}, index=[11, 12])
    told = card.reasons(worst, n=4)
    assert told.index.tolist() == [11, 12]
    assert told.loc[11, "reason_1"] == "payments late: 4"
    assert told.loc[12].isna().all()
    assert card.reasons(worst, language="zh").loc[11, "reason_1"] == "逾期次数：4"
    assert "cut-off" in card.reference.en


def test_bad_input_is_named(awkward: Table) -> None:
    X, y = awkward
    card = build_scorecard(X, y, kind="risk")
    with pytest.raises(DataError, match="WB-C03.*'code'"):
        card.points(X.drop(columns="code"))
    with pytest.raises(DataError, match="WB-C02.*'code'"):
        card.points(X.assign(code="many"))
    with pytest.raises(DataError, match="WB-C06"):
        build_scorecard(X, np.zeros(len(X)), kind="risk")
    with pytest.raises(DataError, match="WB-C07"):
        build_scorecard(pd.concat([X, X], axis=1), y, kind="risk")
    with pytest.raises(UsageError, match="WB-C01.*Did you mean 'peak'"):
        CardSpec(trends={"x": "peek"})  # ty: ignore[invalid-argument-type]
