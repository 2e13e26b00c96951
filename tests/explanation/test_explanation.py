"""Reasons, importance, dependence and the picture of one customer, on a model that can be read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError, UsageError
from workbench.explanation import (
    dependence,
    importance,
    one_customer,
    pushes,
    reasons,
    reference_rows,
    reference_sentence,
)
from workbench.explanation.words import value_in_words
from workbench.text import Text

SENTENCES = {
    "days": Text("days since last redemption", "距上次兑换天数"),
    "spend_30d": Text("spend in the last 30 days", "近30天消费"),
    "spend_90d": Text("spend in the last 90 days", "近90天消费"),
}


class ByHand:
    """log-odds = -1 - days/100 + spend_30d/50 + spend_90d/200 + (city is Rome)."""

    features = ("days", "spend_30d", "spend_90d", "city")

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        told = pd.DataFrame(
            {
                "days": -X["days"] / 100,
                "spend_30d": X["spend_30d"].fillna(0) / 50,
                "spend_90d": X["spend_90d"] / 200,
                "city": (X["city"] == "Rome").astype(float),
            },
            index=X.index,
        )
        told["(base)"] = -1.0
        return told

    def log_odds(self, X: pd.DataFrame) -> np.ndarray:
        return self.contributions(X).sum(axis=1).to_numpy()


@pytest.fixture
def customers() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "days": draw.integers(0, 200, 400).astype(float),
            "spend_30d": draw.gamma(2, 20, 400).round(2),
            "spend_90d": draw.gamma(2, 60, 400).round(2),
            "city": draw.choice(["Rome", "Pisa"], 400),
        }
    )


def test_pushes_and_base_sum_to_the_log_odds(customers: pd.DataFrame) -> None:
    model = ByHand()
    found = pushes(model, customers, reference=customers.iloc[:50])
    assert found.log_odds == pytest.approx(model.log_odds(customers), abs=1e-9)
    assert found.base == pytest.approx(model.log_odds(customers.iloc[:50]).mean())


def test_reasons_are_sentences_with_the_customers_true_value(customers: pd.DataFrame) -> None:
    """Against days 100, spend 40 and 120, Pisa: few days and Rome push up, the rest is at the reference."""
    reference = pd.DataFrame({"days": [100.0], "spend_30d": [40.0], "spend_90d": [120.0], "city": ["Pisa"]})
    ann = pd.DataFrame(
        {"days": [12.0], "spend_30d": [40.0], "spend_90d": [100.0], "city": ["Rome"]}, index=["ann"]
    )
    told = reasons(ByHand(), ann, kind="response", sentences=SENTENCES, reference=reference)
    assert told.columns.tolist() == ["reason_1", "reason_2", "reason_3", "reason_4"]
    assert told.loc["ann", ["reason_1", "reason_2"]].tolist() == [
        "city: Rome",
        "days since last redemption: 12",
    ]
    assert told.loc["ann", ["reason_3", "reason_4"]].isna().all()
    chinese = reasons(ByHand(), ann, kind="response", sentences=SENTENCES, reference=reference, language="zh")
    assert chinese.loc["ann", "reason_2"] == "距上次兑换天数：12"
    assert "1 reference customers" in told.attrs["reference"]


def test_one_group_gives_one_reason(customers: pd.DataFrame) -> None:
    reference = pd.DataFrame({"days": [50.0], "spend_30d": [0.0], "spend_90d": [0.0], "city": ["Pisa"]})
    ann = pd.DataFrame({"days": [10.0], "spend_30d": [90.0], "spend_90d": [100.0], "city": ["Rome"]})
    groups = {"spend_30d": "spend", "spend_90d": "spend", "days": "days", "city": "city"}
    told = reasons(ByHand(), ann, kind="churn", sentences=SENTENCES, reference=reference, groups=groups, n=3)
    assert told.iloc[0].tolist() == [
        "spend in the last 30 days: 90",
        "city: Rome",
        "days since last redemption: 10",
    ]
    flat = reasons(
        ByHand(), ann, kind="churn", sentences={}, reference=reference, groups=dict.fromkeys(groups, "file")
    )
    assert flat.notna().sum(axis=1).tolist() == [4]  # one table for all is no grouping


def test_equal_reasons_keep_the_order_of_the_features() -> None:
    reference = pd.DataFrame({"days": [100.0], "spend_30d": [0.0], "spend_90d": [0.0], "city": ["Pisa"]})
    tied = pd.DataFrame({"days": [0.0], "spend_30d": [50.0], "spend_90d": [200.0], "city": ["Rome"]})
    told = reasons(ByHand(), tied, kind="response", sentences={}, reference=reference)
    assert told.iloc[0].tolist() == ["days: 0", "spend_30d: 50", "spend_90d: 200", "city: Rome"]


def test_risk_is_told_against_customers_near_the_cut_off(customers: pd.DataFrame) -> None:
    model = ByHand()
    p = 1 / (1 + np.exp(-model.log_odds(customers)))
    near = reference_rows(customers, p, kind="risk", cut=0.4)
    assert len(near) == 50
    gaps = np.abs(p - 0.4)
    assert gaps[near.index].max() <= np.delete(gaps, near.index).min()
    named = reference_sentence(
        "risk", 50, threshold_note=Text("at 40%, between B and C", "在 B 与 C 之间（40%）")
    )
    assert "riskier than 50 customers at 40%, between B and C" in named.en
    safest = customers.iloc[[int(np.argmin(p))]]
    told = reasons(model, safest, kind="risk", sentences=SENTENCES, reference=near)
    up = pushes(model, safest, reference=near).values.iloc[0]
    assert told.iloc[0].notna().sum() == (up > 1e-6).sum()


def test_the_population_reference_has_the_populations_mean(customers: pd.DataFrame) -> None:
    model = ByHand()
    z = model.log_odds(customers)
    chosen = reference_rows(customers, 1 / (1 + np.exp(-z)), kind="response", n=100)
    assert model.log_odds(chosen).mean() == pytest.approx(z.mean(), abs=0.02)
    assert len(reference_rows(customers.head(7), z[:7], kind="churn")) == 7


def test_the_picture_and_the_reasons_read_the_same_values(customers: pd.DataFrame) -> None:
    model, reference = ByHand(), customers.iloc[100:150]
    for row in range(20):
        one = customers.iloc[[row]]
        picture = one_customer(model, one, kind="response", sentences=SENTENCES, reference=reference)
        told = reasons(model, one, kind="response", sentences=SENTENCES, reference=reference)
        up = picture[picture["contribution"] > 1e-6]
        expected = [f"{s}: {v}" for s, v in zip(up["sentence"], up["value"], strict=True)]
        assert told.iloc[0].dropna().tolist() == expected
        total = picture.attrs["base"] + picture["contribution"].sum()
        assert total == pytest.approx(model.log_odds(one)[0])
        assert set(picture["direction"]) <= {"up", "down", "none"}


def test_importance_sorts_sums_to_one_and_knows_directions(customers: pd.DataFrame) -> None:
    told = importance(ByHand().contributions(customers), {"days": "redemptions"}, SENTENCES, X=customers)
    assert told["share"].sum() == pytest.approx(1)
    assert told["mean_abs"].is_monotonic_decreasing
    by_name = told.set_index("feature")
    assert by_name["direction"].to_dict() == {
        "days": "down",
        "spend_30d": "up",
        "spend_90d": "up",
        "city": "",
    }
    assert by_name.loc["days", ["sentence_en", "sentence_zh", "group"]].tolist() == [
        "days since last redemption",
        "距上次兑换天数",
        "redemptions",
    ]
    mean = customers["days"].mean()
    assert by_name.loc["days", "mean_abs"] == pytest.approx((customers["days"] - mean).abs().mean() / 100)


def test_dependence_follows_the_model(customers: pd.DataFrame) -> None:
    customers.loc[:9, "spend_30d"] = np.nan
    model = ByHand()
    told = dependence(customers, model.contributions(customers), "spend_30d")
    assert told["n"].sum() == 400
    known = told.iloc[:-1]
    assert (np.diff(known["contribution"]) > 0).all()
    assert told.iloc[-1][["label_en", "label_zh", "n"]].tolist() == ["unknown", "未知", 10]
    cities = dependence(customers, model.contributions(customers), "city").set_index("label_en")
    assert cities["contribution"].to_dict() == {"Rome": 1.0, "Pisa": 0.0}
    with pytest.raises(UsageError, match="WB-C10.*Did you mean 'city'"):
        dependence(customers, model.contributions(customers), "citi")


def test_values_in_words() -> None:
    told = [
        value_in_words(v) for v in (12.0, 3.14159, 1234567.0, np.nan, None, pd.NaT, True, " a\nb ", np.inf)
    ]
    assert told == ["12", "3.142", "1,234,567", "unknown", "unknown", "unknown", "yes", "a b", "∞"]
    assert value_in_words(pd.Timestamp("2017-04-01")) == "2017-04-01"
    assert value_in_words(float("nan"), "zh") == "未知"


def test_bad_input_is_named(customers: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="WB-C08"):
        pushes(ByHand(), customers, reference=customers.iloc[:0])
    with pytest.raises(DataError, match="WB-C09"):
        one_customer(ByHand(), customers.head(2), kind="risk", sentences={}, reference=customers)


def test_no_rows_give_no_reasons(customers: pd.DataFrame) -> None:
    told = reasons(ByHand(), customers.iloc[:0], kind="risk", sentences={}, reference=customers.head())
    assert told.shape == (0, 4)
