"""Good, indeterminate and bad: by days past due, at a month or at worst, with what a status adds."""

from __future__ import annotations

import pytest

from tests.labels.lending import ask, instalments, loans, scored, statements
from workbench.errors import WorkbenchError

BY_LOAN = """
bad_90d:
  kind: risk
  row: {each: loans, key: [customer_id, loan_id], cutoff: granted_at}
  outcome: {overdue_in: repayments, match: [loan_id], days_past_due: days_past_due, bad: 90, indeterminate: 30, within: 6mo, lag: 1d MORE}
"""
BY_CUSTOMER = """
bad_90d:
  kind: risk
  cutoffs: [2025-03-01]
  outcome: {overdue_in: repayments, loan: loan_id, days_past_due: days_past_due, bad: 90, indeterminate: 30, within: 6mo MORE}
"""
COUNTED = """
late:
  kind: risk
  row: {each: loans, key: [customer_id, loan_id], cutoff: granted_at}
  outcome: {overdue_in: repayments, days_past_due: {due: due_date, paid: paid_date, count_from: RULE}, bad: 30, within: 6mo MORE}
"""
GRANTED = loans(("a", 1, "2025-01-10"), ("b", 2, "2025-01-10"), ("c", 3, "2025-01-10"))


def by_loan(more: str = "") -> str:
    return BY_LOAN.replace(" MORE", more)


def test_worst_ever_makes_bad_from_the_threshold_and_leaves_out_what_is_between() -> None:
    answer = ask(
        by_loan(),
        loans=GRANTED,
        repayments=statements(
            ("a", 1, "2025-04-30", 90), ("a", 1, "2025-06-30", 0),
            ("b", 2, "2025-04-30", 89), ("b", 2, "2025-06-30", 0),
            ("c", 3, "2025-04-30", 29),
        ),
    )  # fmt: skip
    assert answer.by_loan == {"a": 1, "c": 0}
    assert answer.left_out == {"indeterminate": 1}


def test_indeterminate_rows_are_still_scored() -> None:
    rows = scored(by_loan(), "2025-01-10", loans=GRANTED, repayments=statements(("b", 2, "2025-04-30", 60)))
    assert rows["loan_id"].tolist() == ["a", "b", "c"]


def test_the_window_is_half_open_and_a_loan_without_statements_is_no_good_loan() -> None:
    answer = ask(
        by_loan(),
        loans=GRANTED,
        repayments=statements(
            ("a", 1, "2025-07-10 00:00", 95), ("a", 1, "2025-07-09 23:59", 0),
            ("b", 2, "2025-01-10 00:00", 95),
        ),
    )  # fmt: skip
    assert answer.by_loan == {"a": 0, "b": 1}
    assert answer.left_out == {"no_statement": 1}


def test_at_a_month_on_book_the_last_state_counts_and_not_the_worst() -> None:
    paid_up = statements(
        ("a", 1, "2025-04-30", 95), ("a", 1, "2025-06-30", 0),
        ("b", 2, "2025-04-30", 0), ("b", 2, "2025-06-30", 95),
        ("c", 3, "2025-06-30", 10),
    )  # fmt: skip
    at_six = by_loan(", measure: {at_month: 6}")
    assert ask(at_six, loans=GRANTED, repayments=paid_up).by_loan == {"a": 0, "b": 1, "c": 0}


def test_of_two_statements_at_one_moment_the_worse_counts() -> None:
    twice = statements(("a", 1, "2025-06-30", 95), ("a", 1, "2025-06-30", 0), ("b", 2, "2025-06-30", 0))
    answer = ask(by_loan(", measure: {at_month: 6}"), loans=GRANTED, repayments=twice)
    assert answer.by_loan == {"a": 1, "b": 0}


def test_small_arrears_count_as_none_and_a_missing_amount_is_not_small() -> None:
    answer = ask(
        by_loan(", smallest_amount: {column: amount_overdue, least: 100}"),
        loans=GRANTED,
        repayments=statements(
            ("a", 1, "2025-04-30", 95, "late", 99.99),
            ("b", 2, "2025-04-30", 95, "late", 100.0),
            ("c", 3, "2025-04-30", 95, "late", None),
        ),
    )
    assert answer.by_loan == {"a": 0, "b": 1, "c": 1}


def test_days_that_are_missing_or_no_number_are_none() -> None:
    rows = statements(
        ("a", 1, "2025-04-30", float("nan")),
        ("b", 2, "2025-04-30", float("inf")),
        ("c", 3, "2025-04-30", 90.0),
    )
    assert ask(by_loan(), loans=GRANTED, repayments=rows).by_loan == {"a": 0, "b": 0, "c": 1}


def test_a_cure_within_the_days_makes_bad_indeterminate_and_a_later_one_does_not() -> None:
    rows = statements(
        ("a", 1, "2025-04-30", 91), ("a", 1, "2025-05-30", 0),
        ("b", 2, "2025-04-30", 91), ("b", 2, "2025-05-31", 0),
        ("c", 3, "2025-04-30", 0),
    )  # fmt: skip
    forgiving = ask(by_loan(", cures: {ignore_within: 30d}"), loans=GRANTED, repayments=rows)
    assert forgiving.by_loan == {"b": 1, "c": 0}
    assert forgiving.left_out == {"indeterminate": 1}
    assert ask(by_loan(", cures: count"), loans=GRANTED, repayments=rows).by_loan == {"a": 1, "b": 1, "c": 0}


def test_a_cure_after_the_window_counts_and_the_outcome_is_known_that_much_later() -> None:
    rows = statements(
        ("a", 1, "2025-07-05", 91),
        ("a", 1, "2025-07-20", 0),
        ("b", 2, "2025-07-05", 91),
        ("c", 3, "2025-07-05", 0),
    )
    answer = ask(by_loan(", cures: {ignore_within: 30d}"), loans=GRANTED, repayments=rows)
    assert answer.by_loan == {"b": 1, "c": 0}
    assert answer.found.rows["_outcome_known"].dt.strftime("%m-%d").unique().tolist() == ["08-10"]


@pytest.mark.parametrize(
    ("treatment", "labels", "left_out"),
    [
        ("bad", {"a": 1, "b": 1, "c": 0}, {}),
        ("indeterminate", {"b": 1, "c": 0}, {"indeterminate": 1}),
        ("good", {"a": 0, "b": 1, "c": 0}, {}),
        ("excluded", {"b": 1, "c": 0}, {"restructured": 1}),
    ],
)
def test_a_status_makes_a_loan_good_indeterminate_or_bad_or_excludes_it(
    treatment: str, labels: dict[str, int], left_out: dict[str, int]
) -> None:
    answer = ask(
        by_loan(f", status: status, restructured: {treatment}"),
        loans=GRANTED,
        repayments=statements(
            ("a", 1, "2025-04-30", 0, "restructured"),
            ("b", 2, "2025-04-30", 0, "written_off"),
            ("c", 3, "2025-04-30", 0, "settled_early"),
        ),
    )
    assert (answer.by_loan, answer.left_out) == (labels, left_out)


def test_statuses_may_have_names_of_the_house() -> None:
    answer = ask(
        by_loan(", status: {column: status, written_off: [WO, sold]}"),
        loans=GRANTED,
        repayments=statements(
            ("a", 1, "2025-04-30", 0, "WO"), ("b", 2, "2025-04-30", 0, "sold"), ("c", 3, "2025-04-30", 0, "x")
        ),
    )
    assert answer.by_loan == {"a": 1, "b": 1, "c": 0}


def test_a_customer_is_as_bad_as_the_worst_loan() -> None:
    rows = statements(
        ("a", 1, "2025-02-28", 0), ("a", 1, "2025-04-30", 0), ("b", 1, "2025-05-31", 90),
        ("c", 2, "2025-02-20", 0), ("c", 2, "2025-05-31", 10),
    )  # fmt: skip
    answer = ask(BY_CUSTOMER.replace(" MORE", ""), repayments=rows)
    assert answer.labels == {(1, "2025-03-01"): 1, (2, "2025-03-01"): 0}


def test_a_customers_month_on_book_is_the_worst_of_each_loans_last_state() -> None:
    rows = statements(
        ("a", 1, "2025-02-20", 0), ("a", 1, "2025-04-30", 95), ("b", 1, "2025-05-31", 0),
        ("c", 2, "2025-02-20", 0), ("c", 2, "2025-04-30", 95), ("c", 2, "2025-05-31", 0),
    )  # fmt: skip
    answer = ask(BY_CUSTOMER.replace(" MORE", ", measure: {at_month: 6}"), repayments=rows)
    assert answer.labels == {(1, "2025-03-01"): 1, (2, "2025-03-01"): 0}


def test_who_is_already_bad_by_what_was_known_is_left_out_of_training_and_of_scoring() -> None:
    """Customer 2's arrears were reported only on the cutoff itself: she is asked about; customer 3 has paid by then."""
    rows = statements(
        ("a", 1, "2025-02-20", 95), ("a", 1, "2025-04-30", 120),
        ("b", 2, "2025-02-20", 0), ("b", 2, "2025-02-28", 95), ("b", 2, "2025-04-30", 0),
        ("c", 3, "2025-02-10", 95), ("c", 3, "2025-02-20", 0), ("c", 3, "2025-04-30", 0),
    )  # fmt: skip
    text = BY_CUSTOMER.replace(" MORE", "")
    answer = ask(text, repayments=rows)
    assert answer.labels == {(2, "2025-03-01"): 0, (3, "2025-03-01"): 0}
    assert answer.left_out == {"already_bad": 1}
    assert scored(text, "2025-03-01", repayments=rows)["customer_id"].tolist() == [2, 3]


def test_a_written_off_loan_is_already_bad_whatever_its_days() -> None:
    rows = statements(
        ("a", 1, "2025-02-20", 0, "written_off"), ("b", 2, "2025-02-20", 0), ("b", 2, "2025-04-01", 0)
    )
    answer = ask(BY_CUSTOMER.replace(" MORE", ", status: status"), repayments=rows)
    assert answer.left_out == {"already_bad": 1}


@pytest.mark.parametrize(
    ("paid", "rule", "label"),
    [
        ("2025-03-09", "day_after", 0),  # 28 February 2025 for a due date of 8 February would be day 20
        ("2025-03-10", "day_after", 1),
        ("2025-03-08", "due_date", 0),
        ("2025-03-09", "due_date", 1),
        (None, "day_after", 1),
    ],
)
def test_days_are_counted_from_the_day_after_the_due_date_or_from_the_due_date_itself(
    paid: str | None, rule: str, label: int
) -> None:
    """Due on 8 February: 10 March is the 30th day after it, and the 31st if the due date is the first."""
    answer = ask(
        COUNTED.replace("RULE", rule).replace(" MORE", ""),
        loans=loans(("a", 1, "2025-01-10")),
        repayments=instalments(("a", 1, 1, "2025-02-08", paid)),
    )
    assert answer.by_loan == {"a": label}


def test_the_oldest_unpaid_instalment_decides_and_only_days_inside_the_window_count() -> None:
    text = COUNTED.replace("RULE", "day_after").replace(" MORE", "")
    rows = instalments(
        ("a", 1, 1, "2025-06-10", None), ("a", 1, 2, "2025-07-08", "2025-07-08"),  # day 29 is the window's last
        ("b", 2, 1, "2025-06-09", None),
        ("c", 3, 1, "2025-02-10", "2025-02-12"), ("c", 3, 2, "2025-03-10", "2025-03-10"),
    )  # fmt: skip
    assert ask(text, loans=GRANTED, repayments=rows).by_loan == {"a": 0, "b": 1, "c": 0}


def test_counted_days_at_a_month_on_book_forget_what_was_paid() -> None:
    text = COUNTED.replace("RULE", "day_after").replace(" MORE", ", measure: {at_month: 6}")
    rows = instalments(
        ("a", 1, 1, "2025-02-10", "2025-06-10"), ("b", 2, 1, "2025-02-10", None), ("c", 3, 1, "2025-02-10", "2025-02-10")
    )  # fmt: skip
    assert ask(text, loans=GRANTED, repayments=rows).by_loan == {"a": 0, "b": 1, "c": 0}


def test_the_day_of_payment_is_still_late_and_a_payment_on_the_due_date_is_not() -> None:
    """The last day of the window is 9 July, the 30th after 9 June; one day late is late, none is not."""
    text = COUNTED.replace("RULE", "day_after").replace(" MORE", ", measure: {at_month: 6}")
    rows = instalments(
        ("a", 1, 1, "2025-06-09", "2025-07-09"), ("b", 2, 1, "2025-06-09", "2025-07-08"), ("c", 3, 1, "2025-06-09", None)
    )  # fmt: skip
    assert ask(text, loans=GRANTED, repayments=rows).by_loan == {"a": 1, "b": 0, "c": 1}
    strict = COUNTED.replace("RULE", "due_date").replace("bad: 30", "bad: 1").replace(" MORE", "")
    rows = instalments(("a", 1, 1, "2025-06-09", "2025-06-09"), ("b", 2, 1, "2025-06-09", "2025-06-10"))
    assert ask(strict, loans=GRANTED, repayments=rows).by_loan == {"a": 0, "b": 1}


def test_counted_arrears_at_the_cutoff_are_those_of_the_eve_by_the_payments_known_then() -> None:
    text = BY_CUSTOMER.replace("days_past_due: days_past_due, bad: 90, indeterminate: 30", "days_past_due: {due: due_date, paid: paid_date}, bad: 30").replace(" MORE", "")  # fmt: skip
    rows = instalments(
        ("a", 1, 1, "2025-01-29", None), ("b", 2, 1, "2025-01-30", "2025-03-01"), ("c", 3, 1, "2025-01-01", "2025-02-27"),
        ("b", 2, 2, "2025-03-30", "2025-03-30"), ("c", 3, 2, "2025-03-30", "2025-03-30"),
    )  # fmt: skip
    answer = ask(text, repayments=rows)
    assert answer.left_out == {"already_bad": 1}  # 28 February is the 30th day after 29 January
    assert answer.labels == {(2, "2025-03-01"): 1, (3, "2025-03-01"): 0}


def test_each_loan_can_be_asked_about_at_each_cutoff() -> None:
    text = """
    warn:
      kind: risk
      cutoffs: [2025-03-01, 2025-04-01]
      row: {each: loans, key: [customer_id, loan_id]}
      outcome: {overdue_in: repayments, days_past_due: days_past_due, bad: 30, within: 1mo}
    """
    rows = statements(("a", 1, "2025-03-15", 40), ("b", 1, "2025-03-15", 0), ("b", 1, "2025-04-15", 31))
    answer = ask(text, loans=loans(("a", 1, "2025-02-01"), ("b", 1, "2025-03-05")), repayments=rows)
    assert answer.labels == {(1, "a", "2025-03-01"): 1, (1, "b", "2025-04-01"): 1}
    assert answer.left_out == {"already_bad": 1}  # loan a in April; loan b had not begun in March


def test_early_warning_asks_who_is_current_today_about_the_next_three_months() -> None:
    text = "warn: {template: early_warning, cutoffs: [2025-04-01]}"
    rows = statements(
        ("a", 1, "2025-03-15", 0), ("a", 1, "2025-06-15", 30),
        ("b", 2, "2025-03-15", 0), ("b", 2, "2025-06-15", 29),
        ("c", 3, "2025-03-15", 5), ("c", 3, "2025-06-15", 60),
        ("d", 4, "2025-01-15", 0), ("d", 4, "2025-06-15", 60),
    )  # fmt: skip
    answer = ask(text, repayments=rows)
    assert answer.labels == {(1, "2025-04-01"): 1, (2, "2025-04-01"): 0}
    assert answer.left_out == {"already_late": 1, "not_eligible": 1}


def test_first_payment_default_counts_the_first_instalment_only() -> None:
    rows = instalments(
        ("a", 1, 1, "2025-02-10", "2025-03-12"), ("a", 1, 2, "2025-03-10", "2025-03-12"),
        ("b", 2, 1, "2025-02-10", "2025-03-11"), ("b", 2, 2, "2025-03-10", None),
        ("c", 3, 1, "2025-02-10", None),
    )  # fmt: skip
    answer = ask("fpd: {template: first_payment_default}", loans=GRANTED, repayments=rows)
    assert answer.by_loan == {"a": 1, "b": 0, "c": 1}


def test_a_template_is_expanded_in_full_and_each_part_of_it_can_be_replaced() -> None:
    from tests.labels.lending import defined

    label = defined("warn: {template: early_warning, outcome: {bad: 60, within: 6mo}, eligible: null}")
    assert "overdue_in: repayments" in label.expanded and "bad: 60" in label.expanded
    assert label.eligible == () and label.outcome.within is not None and label.outcome.within.count == 6
    moments = label.cutoffs.moments() if label.cutoffs else ()
    assert (f"{moments[0]:%Y-%m-%d}", f"{moments[-1]:%Y-%m-%d}") == ("2024-04-01", "2026-06-01")


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (", bad: 30", "", ""),
        (", indeterminate: 90", "WB-L10", "not above indeterminate"),
        (", starts_below: 120", "WB-L10", "bad .90 days. from the start"),
        (", measure: sometimes", "WB-L16", "worst_ever"),
        (", measure: {at_month: 12}", "WB-L16", "contradict"),
        (", cures: ignore", "WB-L16", "ignore_within"),
        (", cures: {ignore_within: 1mo}", "WB-L16", "30d"),
        (", written_off: bad", "WB-L16", "which column holds the status"),
        (", status: status, restructured: awful", "WB-L16", "Known: good"),
        (", status: {column: status, written_off: WO}", "WB-L13", "'WO'.*Known: current"),
        (", smallest_amount: {column: amount_overdue, least: 0}", "WB-L16", "above 0"),
        (", smallest_amount: {column: status, least: 5}", "WB-L14", "a number is needed"),
        (", days_past_due: status", "WB-L14", "a number is needed"),
        (", days_past_due: dpd", "WB-F01", "Did you mean|Known"),
        (", days_past_due: {due: month}", "WB-L14", "both needed"),
        (", days_past_due: {due: month, paid: status}", "WB-L14", "a date is needed"),
        (", days_past_due: null", "WB-L14", "nothing says how many days"),
        (", bad: 0", "WB-L01", "1 or more"),
        (", within: 0d", "WB-L01", "holds no moment"),
        (", within: 9y", "WB-L11", "longer than the data"),
        (", overdu: 3", "WB-T02", "no setting"),
    ],
)  # fmt: skip
def test_what_cannot_hold_is_refused_with_a_mend(more: str, code: str, words: str) -> None:
    import yaml

    label = yaml.safe_load(by_loan())
    label["bad_90d"]["outcome"] |= yaml.safe_load("{" + more.removeprefix(", ") + "}")
    if more == ", bad: 30":
        label["bad_90d"]["outcome"]["indeterminate"] = 10
    text = yaml.safe_dump(label)
    given = {
        "loans": GRANTED,
        "repayments": statements(("a", 1, "2025-04-30", 40), ("b", 2, "2025-04-30", 0)),
    }
    if not code:
        assert ask(text, **given).by_loan == {"a": 1, "b": 0}
        return
    with pytest.raises(WorkbenchError, match=words) as caught:
        ask(text, **given)
    assert caught.value.code == code and caught.value.hint
