"""The columns of every table, and of the truth."""

from __future__ import annotations

import pyarrow as pa

from workbench.sample.families import CHANNELS, OFFERS
from workbench.sample.traits import TRAITS

_TEXT, _DAY, _AT, _NUMBER, _WHOLE, _FLAG = (
    pa.string(),
    pa.date32(),
    pa.timestamp("us"),
    pa.float64(),
    pa.int64(),
    pa.bool_(),
)
_SMALL = pa.float32()


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


TABLES: dict[str, pa.Schema] = {
    "customers": _schema(
        customer_id=_TEXT, branch=_TEXT, product_line=_TEXT, birth_year=_WHOLE, gender=_TEXT, province=_TEXT, city=_TEXT, joined_at=_DAY,
        channel_acquired=_TEXT, segment_code=_TEXT,
    ),
    "identities": _schema(customer_id=_TEXT, channel=_TEXT, identity=_TEXT, bound_at=_AT),
    "accounts": _schema(account_id=_TEXT, customer_id=_TEXT, type=_TEXT, opened_at=_DAY, credit_limit=_NUMBER, closed_at=_DAY),
    "transactions": _schema(
        transaction_id=_WHOLE, account_id=_TEXT, customer_id=_TEXT, happened_at=_AT, booked_at=_AT, amount=_NUMBER, direction=_TEXT,
        category=_TEXT, merchant_city=_TEXT,
    ),
    "app_events": _schema(
        customer_id=_TEXT, event=_TEXT, happened_at=_AT, loaded_at=_AT, session_id=_WHOLE, page=_TEXT, amount=_NUMBER, device=_TEXT,
    ),
    "campaigns": _schema(campaign_id=_TEXT, name=_TEXT, offer=_TEXT, goal=_TEXT, starts_on=_DAY, ends_on=_DAY),
    "contacts": _schema(
        contact_id=_WHOLE, customer_id=_TEXT, campaign_id=_TEXT, offer=_TEXT, channel=_TEXT, sent_at=_AT, ends_at=_AT, random=_FLAG,
        propensity=_NUMBER,
    ),
    "outcomes": _schema(contact_id=_WHOLE, customer_id=_TEXT, event=_TEXT, happened_at=_AT, reported_at=_AT, amount=_NUMBER),
    "applications": _schema(
        application_id=_TEXT, customer_id=_TEXT, applied_at=_AT, amount=_NUMBER, term_months=_WHOLE, purpose=_TEXT, bureau_score=_NUMBER,
        bureau_inquiries_6m=_WHOLE, bureau_open_loans=_WHOLE, bureau_debt_share=_NUMBER, bureau_as_of=_DAY, decision=_TEXT, decided_at=_AT,
        score_at_decision=_NUMBER, reason=_TEXT,
    ),
    "loans": _schema(
        loan_id=_TEXT, application_id=_TEXT, customer_id=_TEXT, granted_at=_DAY, amount=_NUMBER, term_months=_WHOLE, rate=_NUMBER,
        restructured_at=_DAY, written_off_at=_DAY, settled_at=_DAY,
    ),
    "repayments": _schema(
        loan_id=_TEXT, customer_id=_TEXT, installment=_WHOLE, month=_DAY, due_date=_DAY, due_amount=_NUMBER, paid_date=_DAY,
        paid_amount=_NUMBER, amount_overdue=_NUMBER, days_past_due=_WHOLE, status=_TEXT, known_at=_AT,
    ),
    "consents": _schema(customer_id=_TEXT, purpose=_TEXT, granted=_FLAG, changed_at=_AT),
    "products": _schema(product_line=_TEXT, title_en=_TEXT, title_zh=_TEXT),
    "branches": _schema(branch=_TEXT, province=_TEXT, branch_city=_TEXT, opened_on=_DAY),
}  # fmt: skip

TRUTH: dict[str, pa.Schema] = {
    "customers": _schema(
        customer_id=_TEXT, person=_WHOLE, second_record=_FLAG, test_account=_FLAG, **dict.fromkeys(TRAITS, _SMALL), income=_NUMBER,
        peak_hour=_SMALL, weekend_share=_SMALL, **{f"habit_{c}": _SMALL for c in CHANNELS},
    ),
    "propensities": _schema(
        customer_id=_TEXT, as_of=_DAY, state=_TEXT, engagement=_SMALL, want=_SMALL, income_broken=_FLAG, p_sleep=_SMALL, p_wake=_SMALL,
        p_apply=_SMALL, pd_12m=_SMALL,
    ),
    "uplift": _schema(
        customer_id=_TEXT, **{f"alone_{o}": _SMALL for o in OFFERS}, **{f"uplift_{o}_{c}": _SMALL for o in OFFERS for c in CHANNELS},
    ),
    "contacts": _schema(contact_id=_WHOLE, customer_id=_TEXT, p_none=_SMALL, **{f"p_{c}": _SMALL for c in CHANNELS}),
    "applications": _schema(
        application_id=_TEXT, customer_id=_TEXT, granted=_FLAG, pd_12m=_SMALL, would_go_bad=_FLAG, worst_behind_12m=_WHOLE,
    ),
    "loans": _schema(loan_id=_TEXT, customer_id=_TEXT, as_of=_DAY, instalments_behind=_WHOLE, pd_12m=_SMALL),
}  # fmt: skip
