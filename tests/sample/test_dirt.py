"""The dirt is there, at the stated rates."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.sample.conftest import Written
from workbench.sample.dirt import DirtRates

RATES = DirtRates()
IMPOSSIBLE = [pd.Timestamp("1900-01-01"), pd.Timestamp("2099-12-31")]


def planted(count: int, rate: float, rows: int) -> None:
    """The count lies within four standard deviations of what the rate says."""
    expected = rate * rows
    assert abs(count - expected) < 4 * expected**0.5 + 1, (count, expected)


@pytest.mark.parametrize("table", ["transactions", "app_events", "contacts", "repayments"])
def test_a_piece_of_each_big_table_was_loaded_twice(bank: Written, table: str) -> None:
    """One block per 2,000 customers; rows that were cut off at the end make it a little shorter."""
    rows = bank.table(table)
    repeated = int(rows.duplicated().sum())
    assert 0.5 * RATES.duplicate_rows < repeated / len(rows) < 1.7 * RATES.duplicate_rows


def test_some_rows_have_no_customer(bank: Written) -> None:
    for table in ("transactions", "app_events"):
        rows = bank.table(table)
        planted(int(rows["customer_id"].isna().sum()), RATES.missing_ids, len(rows))


def test_some_keys_lead_nowhere(bank: Written) -> None:
    events, transactions = bank.table("app_events"), bank.table("transactions")
    stranger = events["customer_id"].notna() & ~events["customer_id"].isin(
        bank.table("customers")["customer_id"]
    )
    planted(int(stranger.sum()), RATES.orphan_keys, len(events))
    orphan = ~transactions["account_id"].isin(bank.table("accounts")["account_id"])
    planted(int(orphan.sum()), RATES.orphan_keys, len(transactions))


def test_some_dates_are_impossible(bank: Written) -> None:
    for table, column in (("transactions", "happened_at"), ("app_events", "happened_at")):
        rows = bank.table(table)
        planted(int(rows[column].isin(IMPOSSIBLE).sum()), RATES.impossible_dates, len(rows))


def test_some_rows_come_weeks_late(bank: Written) -> None:
    rows = bank.table("app_events")
    rows = rows[~rows["happened_at"].isin(IMPOSSIBLE)]
    delay = rows["loaded_at"] - rows["happened_at"]
    # those of the last weeks have not come yet
    planted(int((delay > pd.Timedelta(days=4)).sum()), RATES.late_rows * (1 - 22 / 730 * 1.8), len(rows))
    assert delay.max() < pd.Timedelta(days=41)


def test_events_are_half_filled_or_unknown(bank: Written) -> None:
    rows = bank.table("app_events")
    planted(int(rows["device"].isna().sum()), RATES.half_filled_events, len(rows))
    tried = rows[(rows["event"] == "calculate_loan") & (rows["happened_at"] > "2024-01-01")]
    lost = tried["amount"].isna().groupby(tried["happened_at"].dt.strftime("%Y-%m")).mean()
    assert 0.3 < lost["2025-05"] < 0.5  # a broken release
    assert lost.drop("2025-05").max() < 0.02
    unknown = rows["event"].isin(["Login", "view_laon", "loan_view_v2", "test_event"])
    planted(int(unknown.sum()), RATES.unknown_events, len(rows))


def test_test_accounts_and_second_records_are_among_the_customers(bank: Written) -> None:
    customers, truth = bank.table("customers"), bank.true("customers")
    assert list(customers["customer_id"]) == list(truth["customer_id"])
    planted(int(truth["test_account"].sum()), RATES.test_accounts, len(truth))
    assert list(customers["branch"] == "T999") == list(truth["test_account"])
    planted(int(truth["second_record"].sum()), RATES.second_ids, len(truth))


def test_two_records_of_one_person_share_the_phone_and_a_few_strangers_do(bank: Written) -> None:
    truth = bank.true("customers").set_index("customer_id")["person"]
    identities = bank.table("identities")
    shared = identities.groupby(["channel", "identity"])["customer_id"].unique()
    shared = shared[shared.str.len() > 1]
    same_person = shared.map(lambda ids: truth[list(ids)].nunique() == 1)
    second = int(bank.true("customers")["second_record"].sum())
    assert same_person.sum() >= 0.8 * second > 5
    wrong = int((~same_person).sum())
    planted(wrong, RATES.shared_identities * 0.8, 5_000)  # not every other owner has the channel
    pair = next(iter(shared[same_person]))
    facts = bank.table("customers").set_index("customer_id").loc[list(pair), ["birth_year", "gender", "city"]]
    assert len(facts.drop_duplicates()) == 1
