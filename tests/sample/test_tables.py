"""The tables that a bank consists of."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from tests.sample.conftest import Written
from workbench.files import sha256
from workbench.sample.bank import write_bank
from workbench.sample.plan import BankPlan

DOC = Path(__file__).parents[2] / "docs" / "sample-bank.md"


def test_the_same_plan_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    sums = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        plan = BankPlan(customers=2_100, seed=seed, events_per_customer=15)
        report = write_bank(plan, tmp_path / name, tmp_path / f"{name}_truth")
        files = sorted([*report.out.iterdir(), *report.truth.iterdir()])
        sums.append({f"{f.parent.name[1:]}/{f.name}": sha256(f) for f in files})
    assert sums[0] == sums[1]
    assert len(sums[0]) == 14 + 1 + 6 + 1
    same = {name for name in sums[0] if sums[0][name] == sums[2][name]}
    assert same == {"/products.parquet", "/branches.parquet", "/events.yaml"}


def test_a_smaller_bank_has_the_first_customers_of_a_larger_one(written: Callable[..., Written]) -> None:
    small, large = written(2_300, 7), written(5_000, 7)
    ids = set(small.table("customers")["customer_id"])
    assert len(ids) == 2_300
    for name in ("customers", "accounts", "transactions", "app_events", "contacts", "outcomes", "applications", "loans", "repayments", "consents"):  # fmt: skip
        few, many = small.table(name), large.table(name)
        few = few[few["customer_id"].isin(ids)].reset_index(drop=True)
        many = many[many["customer_id"].isin(ids)].reset_index(drop=True)
        pd.testing.assert_frame_equal(few, many, obj=name)


def documented(section: str) -> dict[str, list[str]]:
    text = DOC.read_text(encoding="utf-8").split(f"## {section}")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.M)
    return {name: re.findall(r"`(\w+)`", columns) for name, columns in rows}


def test_every_table_and_column_is_as_documented(bank: Written) -> None:
    for section, folder in (("Tables", bank.data), ("Truth", bank.truth)):
        found = {f.stem: pq.read_schema(f).names for f in folder.glob("*.parquet")}
        told = documented(section)
        assert set(found) == set(told)
        for name, columns in told.items():
            # the truth's families of columns are documented by their pattern
            assert [c for c in found[name] if not re.match(r"(p|habit|uplift|alone)_(?!none)[a-z_]+$", c) or section == "Tables" or c in columns] == columns, name  # fmt: skip


def test_identifiers_are_text_with_leading_zeros(bank: Written) -> None:
    ids = bank.table("customers")["customer_id"]
    assert ids.iloc[0] == "0000001"
    assert (ids.str.len() == 7).all()
    assert ids.is_unique


def test_nothing_in_the_data_is_younger_than_the_day_it_was_drawn(bank: Written) -> None:
    end = pd.Timestamp("2026-01-01")
    for table, known in (("transactions", "booked_at"), ("app_events", "loaded_at"), ("outcomes", "reported_at"), ("repayments", "known_at"), ("applications", "applied_at"), ("loans", "granted_at"), ("repayments", "paid_date"), ("loans", "settled_at")):  # fmt: skip
        assert (pd.to_datetime(bank.table(table)[known]).dropna() < end).all(), (table, known)


def test_the_truth_cannot_be_reached_from_the_data(bank: Written) -> None:
    """No file, column or value of the data leads to it, and a latent trait is in no table."""
    assert sorted(f.suffix for f in bank.data.iterdir()) == [".parquet"] * 14 + [".yaml"]
    secret = {c for f in bank.truth.glob("*.parquet") for c in pq.read_schema(f).names}
    secret -= {
        "customer_id",
        "contact_id",
        "application_id",
        "loan_id",
        "granted",
    }  # a consent is granted too
    for file in bank.data.iterdir():
        assert b"truth" not in file.read_bytes(), file.name
        if file.suffix == ".parquet":
            assert not secret & set(pq.read_schema(file).names), file.name


def test_keys_fit_together_apart_from_the_planted_dirt(bank: Written) -> None:
    loans, applications = bank.table("loans"), bank.table("applications")
    assert set(loans["application_id"]) <= set(applications["application_id"])
    assert set(bank.table("repayments")["loan_id"]) <= set(loans["loan_id"])
    assert set(bank.table("outcomes")["contact_id"]) <= set(bank.table("contacts")["contact_id"])
    granted = applications[applications["application_id"].isin(loans["application_id"])]
    assert set(granted["decision"]) == {"approved", "overridden_low"}
    assert (pd.to_datetime(loans.merge(applications, on="application_id")["granted_at"]) > loans.merge(applications, on="application_id")["decided_at"]).all()  # fmt: skip


def test_nobody_is_contacted_who_did_not_agree_or_took_it_back(bank: Written) -> None:
    words = bank.table("consents").query("purpose == 'marketing'").sort_values("changed_at")
    sent = bank.table("contacts").drop_duplicates().sort_values("sent_at")
    last = pd.merge_asof(sent, words, left_on="sent_at", right_on="changed_at", by="customer_id")
    assert last["granted"].notna().all() and last["granted"].astype(bool).all()
    assert (words.groupby("customer_id").size() == 2).sum() > 100  # who took it back


def test_statements_follow_each_other_and_arrears_grow_by_a_month_at_most(bank: Written) -> None:
    rows = bank.table("repayments").drop_duplicates().sort_values(["loan_id", "installment"])
    same = rows["loan_id"] == rows["loan_id"].shift()
    assert (rows["installment"].diff()[same] == 1).mean() > 0.99  # a late statement may be missing at the end
    assert (rows["days_past_due"].diff()[same] <= 31).all()
    assert ((rows["days_past_due"] > 0) == (rows["amount_overdue"] > 0)).all()
    assert ((rows["status"].isin(["late", "written_off"])) == (rows["days_past_due"] > 0)).all()


def test_an_instalment_is_dated_when_it_was_paid_not_when_it_was_stated(bank: Written) -> None:
    """A missed instalment that is made good two months later has that day; one that never is has none."""
    rows = bank.table("repayments").drop_duplicates().sort_values(["loan_id", "installment"])
    missed = rows[(rows["days_past_due"] == 5) & (rows["status"] == "late")]
    paid_by = pd.to_datetime(missed["paid_date"]) - pd.to_datetime(missed["due_date"])
    assert (paid_by.dropna().dt.days > 20).all()
    cured = rows[rows["status"] == "cured"].merge(missed, on="loan_id", suffixes=("", "_missed"))
    next_month = cured[cured["installment"] == cured["installment_missed"] + 1]
    assert len(next_month) > 50
    assert (next_month["paid_date"] == next_month["paid_date_missed"]).all()
    assert rows[rows["status"] == "written_off"]["paid_date"].isna().all()


def test_the_event_plan_names_events_that_never_come_and_the_data_events_that_are_not_planned(
    bank: Written,
) -> None:
    plan = yaml.safe_load((bank.data / "events.yaml").read_text(encoding="utf-8"))["events"]
    seen = set(bank.table("app_events")["event"])
    beside = Path(__file__).parents[2] / "feature_defs" / "sample_bank" / "events.yaml"
    assert beside.read_bytes() == (bank.data / "events.yaml").read_bytes()
    assert plan["login"] == {"properties": {"device": {"type": "text", "required": True}, "page": {"type": "text", "required": True}}}  # fmt: skip
    assert set(plan) - seen == {"redeem_points"}
    assert seen - set(plan) == {"Login", "view_laon", "loan_view_v2", "test_event"}
    shares = bank.table("app_events").query("event == 'share'")["happened_at"].dt.strftime("%Y-%m")
    assert "2025-01" not in set(shares) and {"2024-12", "2025-02"} <= set(shares)


@pytest.mark.parametrize("months", [12, 36])
def test_a_bank_of_any_length_ends_on_the_same_day(months: int, tmp_path: Path) -> None:
    write_bank(BankPlan(customers=200, months=months, events_per_customer=20), tmp_path / "bank")
    events = pd.read_parquet(tmp_path / "bank" / "app_events.parquet")["happened_at"]
    inside = events[(events > "1950-01-01") & (events < "2099-01-01")]
    assert f"{inside.min():%Y-%m}" == {12: "2025-01", 36: "2023-01"}[months]
    assert f"{inside.max():%Y-%m}" == "2025-12"


def test_the_datasets_plan_is_the_one_that_the_bank_writes(bank: Written) -> None:
    """`check sample_bank` compares app_events with it."""
    dataset = Path(__file__).parents[2] / "feature_defs" / "sample_bank" / "events.yaml"
    ours = yaml.safe_load(dataset.read_text(encoding="utf-8"))
    theirs = yaml.safe_load((bank.data / "events.yaml").read_text(encoding="utf-8"))
    assert ours == {"table": "app_events", "name": "event", **theirs}
