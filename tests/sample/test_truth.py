"""What is true of a bank can be seen in its data, by whoever knows where to look."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tests.sample.conftest import Written
from workbench.sample.calibration import calibrate
from workbench.sample.credit import HORIZON, true_pd
from workbench.sample.plan import BankPlan
from workbench.sample.world import World

FAMILIES = ["bank", "judges"]
CHANNELS = ["app", "wechat", "sms", "email", "call"]


@pytest.fixture(params=FAMILIES)
def either(request: pytest.FixtureRequest) -> Written:
    """Both families in turn."""
    return request.getfixturevalue(request.param)


def clean(events: pd.DataFrame) -> pd.DataFrame:
    inside = events["happened_at"].between("2024-01-01", "2026-01-01")
    return events[inside & events["customer_id"].notna()]


def difference(a: pd.Series, b: pd.Series) -> tuple[float, float]:
    """Difference of two shares and its standard error."""
    se = np.sqrt(a.mean() * (1 - a.mean()) / len(a) + b.mean() * (1 - b.mean()) / len(b))
    return float(a.mean() - b.mean()), float(se)


def test_customers_come_at_lunch_and_in_the_evening_and_less_at_night(either: Written) -> None:
    hour = clean(either.table("app_events"))["happened_at"].dt.hour
    share = hour.value_counts(normalize=True)
    assert share[[12, 13]].mean() > 2 * share[[15, 16]].mean()
    assert share[[20, 21]].mean() > 2 * share[[15, 16]].mean()
    assert share[[2, 3, 4]].mean() < 0.01


def test_each_customer_has_his_own_hour_and_weekday(either: Written) -> None:
    events = clean(either.table("app_events")).merge(either.true("customers"), on="customer_id")
    hours, days = events["happened_at"].dt.hour, events["happened_at"].dt.day_of_week
    early = events["peak_hour"] < 14
    assert hours[early].between(10, 14).mean() > 1.5 * hours[~early].between(10, 14).mean()
    free = events["weekend_share"] > 0.4
    assert (days[free] >= 5).mean() > 1.5 * (days[~free] >= 5).mean()


def test_customers_are_acquired_activated_grow_fall_dormant_and_some_return(either: Written) -> None:
    lives = either.true("propensities")
    share = lives.groupby("state").size() / len(lives)
    assert set(share.index) == {"absent", "acquired", "activated", "growing", "dormant", "won_back"}
    assert (share > 0.005).all()
    events = clean(either.table("app_events"))
    for day in ("2025-04-01", "2025-10-01"):
        now = lives[pd.to_datetime(lives["as_of"]) == day].set_index("customer_id")["state"]
        # the state is that of the month which begins on the day
        month = events[events["happened_at"].between(day, pd.Timestamp(day) + pd.DateOffset(months=1))]
        seen = now.index.isin(month["customer_id"])
        assert seen[now == "growing"].mean() > 0.8
        assert seen[now == "dormant"].mean() < 0.2  # some fell asleep on the way
        assert not seen[now == "absent"].any()


def test_between_five_and_twelve_percent_of_the_active_go_silent_and_the_truth_knows_who(
    either: Written,
) -> None:
    events, lives = clean(either.table("app_events")), either.true("propensities")
    rates = []
    for day in pd.to_datetime(["2024-10-01", "2025-04-01", "2025-10-01"]):
        before = events[events["happened_at"].between(day - pd.Timedelta(days=30), day, inclusive="left")]
        after = events[events["happened_at"].between(day, day + pd.Timedelta(days=60), inclusive="left")]
        active = pd.Index(before["customer_id"].unique())
        silent = pd.Series(~active.isin(after["customer_id"]), active)
        rates.append(silent.mean())
        chance = (
            lives[pd.to_datetime(lives["as_of"]) == day].set_index("customer_id")["p_sleep"].reindex(active)
        )
        top = chance > chance.quantile(0.8)
        assert silent[top].mean() > 1.4 * silent[~top].mean()
    assert 0.05 < np.mean(rates) < 0.12


def test_response_is_rare_and_contacts_by_lot_have_the_logged_propensity(either: Written) -> None:
    contacts = either.table("contacts").drop_duplicates()
    answered = contacts["contact_id"].isin(
        either.table("outcomes").query("event == 'responded'")["contact_id"]
    )
    sent = contacts["channel"] != "none"
    assert 0.01 < answered[sent].mean() < 0.06
    assert answered[~sent].mean() < 0.5 * answered[sent].mean()
    by_lot = contacts[contacts["random"]]
    for channel, rows in by_lot.groupby("channel"):
        assert rows["propensity"].unique().tolist() == [0.2 if channel == "none" else 0.16]
        assert len(rows) / len(by_lot) == pytest.approx(rows["propensity"].iloc[0], abs=0.015)
    assert set(contacts[~contacts["random"]]["channel"]) == set(CHANNELS)  # the old rule holds nobody out
    # among those chosen by the rule the logged propensity says how often the arm comes
    rule = contacts[~contacts["random"]]
    weighted = (1 / rule["propensity"]).sum() / len(rule)
    assert weighted == pytest.approx(len(CHANNELS), rel=0.05)


def test_uplift_differs_between_customers_and_contacts_by_lot_recover_it(either: Written) -> None:
    contacts = either.table("contacts").drop_duplicates()
    contacts = contacts[contacts["random"] & (contacts["sent_at"] < "2025-11-15")].merge(
        either.true("contacts"), on="contact_id"
    )
    contacts["answered"] = contacts["contact_id"].isin(
        either.table("outcomes").query("event == 'responded'")["contact_id"]
    )
    contacts["uplift"] = contacts[[f"p_{c}" for c in CHANNELS]].mean(axis=1) - contacts["p_none"]
    contacts["group"] = pd.qcut(contacts["uplift"], [0, 0.5, 0.8, 1], labels=["little", "some", "much"])
    seen = {}
    for group, rows in contacts.groupby("group", observed=True):
        sent = rows["channel"] != "none"
        effect, se = difference(rows["answered"][sent], rows["answered"][~sent])
        assert abs(effect - rows["uplift"].mean()) < 3 * se + 0.002, (
            group,
            effect,
            rows["uplift"].mean(),
            se,
        )
        seen[group] = (effect, se)
    (much, se_much), (little, se_little) = seen["much"], seen["little"]
    assert much - little > 3 * np.hypot(se_much, se_little)


def test_some_customers_are_sleeping_dogs_whom_a_contact_drives_away(either: Written) -> None:
    uplift = either.true("uplift")
    names = [c for c in uplift if c.startswith("uplift_")]
    assert len(names) == 4 * 5
    for name in names:
        assert 0.02 < (uplift[name] < -0.0005).mean() < 0.5, name
        assert (uplift[name] > 0.005).mean() > 0.15, name
    # the best channel is not everybody's best channel
    best = uplift[[f"uplift_rate_cut_{c}" for c in CHANNELS]].idxmax(axis=1).value_counts(normalize=True)
    assert best.max() < 0.8


def test_three_to_eight_percent_of_loans_go_bad_and_the_truth_is_calibrated(either: Written) -> None:
    told = either.true("applications")
    granted = told[told["granted"]]
    assert 0.03 < granted["would_go_bad"].mean() < 0.08
    for part in (told, granted, told[~told["granted"]], told.nlargest(len(told) // 4, "pd_12m"), told.nsmallest(len(told) // 2, "pd_12m")):  # fmt: skip
        sd = np.sqrt((part["pd_12m"] * (1 - part["pd_12m"])).sum())
        assert abs(part["would_go_bad"].sum() - part["pd_12m"].sum()) < 3.5 * sd


def test_bad_loans_of_the_truth_are_those_that_the_statements_show(either: Written) -> None:
    """90 days past due within twelve months of granting, for loans whose twelve months are over."""
    loans = either.table("loans")
    old = loans[pd.to_datetime(loans["granted_at"]) < "2024-12-01"]
    rows = either.table("repayments").merge(old[["loan_id", "granted_at"]], on="loan_id")
    within = pd.to_datetime(rows["month"]) < pd.to_datetime(rows["granted_at"]) + pd.DateOffset(months=12)
    bad = set(rows[within & (rows["days_past_due"] >= 90)]["loan_id"])
    told = old.merge(either.true("applications"), on="application_id")
    assert set(told[told["would_go_bad"]]["loan_id"]) == bad
    assert len(bad) > 15


def test_the_declined_are_riskier_and_overrides_know_more_than_the_score(either: Written) -> None:
    told = either.table("applications").merge(either.true("applications"), on="application_id")
    pd_of = told.groupby("decision")["pd_12m"].mean()
    assert pd_of["declined_score"] > 2 * pd_of["approved"]
    assert pd_of["declined_policy"] > 1.3 * pd_of["approved"]
    assert (
        pd_of["overridden_high"] > 1.5 * pd_of["approved"]
    )  # stopped by the underwriter in spite of the score
    assert pd_of["overridden_low"] < 0.6 * pd_of["declined_score"]  # let through in spite of it
    share = told["decision"].value_counts(normalize=True)
    assert share["overridden_low"] > 0.003 and share["overridden_high"] > 0.005
    # the old score sees part of the risk, not all of it
    approved = told[told["decision"] == "approved"]
    ranked = approved["score_at_decision"].corr(approved["pd_12m"], method="spearman")
    assert -0.75 < ranked < -0.15


def test_risk_drifts_with_the_economy(either: Written) -> None:
    world = json.loads((either.truth / "world.json").read_text(encoding="utf-8"))
    economy = world["economy"][:24]
    assert max(economy) / min(economy) > 1.15
    standard = either.true("propensities").groupby("as_of")["pd_12m"].mean()
    assert standard.max() / standard.min() > 1.1


def test_open_loans_that_are_behind_are_known_to_be_riskier(either: Written) -> None:
    risk = either.true("loans").groupby("instalments_behind")["pd_12m"].mean()
    assert risk.loc[[0, 1, 2, 3]].is_monotonic_increasing
    assert risk.loc[3] > 0.3
    assert risk.loc[4] == 1.0


def test_the_exact_pd_agrees_with_drawing_lots() -> None:
    """An independent simulation of one customer's loan, 40,000 times."""
    world = calibrate(World.of(BankPlan(customers=100, seed=3)))
    x = {k: np.array([v]) for k, v in {"need": 0.8, "thrift": 0.2, "stability": 0.2, "digital": 0.5, "social": 0.5, "patience": 0.3, "pride": 0.5, "rhythm": 0.5, "impulse": 0.6, "age": 0.4}.items()}  # fmt: skip
    exact = true_pd(
        world, x, shocked=np.array([False]), month=np.array([5]), burden=np.array([0.3]), term=np.array([12])
    )[0]
    rng, n = np.random.default_rng(0), 40_000
    wide = {k: np.repeat(v, n) for k, v in x.items()}
    behind, done, bad, broken = np.zeros(n, int), np.zeros(n, bool), np.zeros(n, bool), np.zeros(n, bool)
    for step in range(1, HORIZON):
        pressure = world.economy[5 + step]
        hit = 1 - np.exp(-world.rates.shock * world.family.shock(wide, pressure))
        broken = np.where(broken, rng.random(n) > 0.2, rng.random(n) < hit)
        state = broken.astype(float)
        miss = 1 - np.exp(
            -world.rates.fail
            * world.family.failing(wide, state, pressure, np.full(n, float(step)), np.full(n, 0.3))
        )
        late = behind > 0
        eased = late & (behind == 3) & (rng.random(n) < 0.06)
        onward = late & ~eased & (rng.random(n) < world.family.rolling(wide, state))
        stays = late & ~eased & ~onward & (rng.random(n) < 0.15)
        was = behind
        behind = np.where(onward, behind + 1, np.where(stays, behind, 0))
        behind = np.where(was == 0, rng.random(n) < miss, behind)
        done |= (was == 0) & (behind == 0) & ~bad & (rng.random(n) < 0.004 + 0.03 * 0.2**2)
        bad |= (behind >= 4) & ~done
        behind = np.where(done, 0, behind)
    assert exact > 0.03
    assert bad.mean() == pytest.approx(exact, abs=4 * np.sqrt(exact / n))


def test_the_judging_family_answers_the_same_questions_otherwise() -> None:
    """The same people, other truths: the families' answers hang together only loosely."""
    rng = np.random.default_rng(1)
    names = (
        "need",
        "thrift",
        "stability",
        "digital",
        "social",
        "patience",
        "pride",
        "rhythm",
        "impulse",
        "age",
    )
    x = {k: rng.random(4_000) for k in names}
    one, two = (World.of(BankPlan(customers=100, seed=s)).family for s in (0, 1_000_000))
    assert type(one) is not type(two)
    half, zero, offer = np.full(4_000, 0.5), np.zeros(4_000), np.zeros(4_000, int)
    for ask in (
        lambda f: f.lift(x, half, half, offer, 0),
        lambda f: f.failing(x, zero, 1.0, np.full(4_000, 6.0), np.full(4_000, 0.2)),
        lambda f: f.leaving(x, half, np.full(4_000, 9.0)),
        lambda f: f.responding(x, half, half, offer),
    ):
        assert abs(np.corrcoef(ask(one), ask(two))[0, 1]) < 0.75
