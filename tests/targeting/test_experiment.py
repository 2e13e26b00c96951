"""The hold-out is sticky: who is in it is a property of the customer."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from workbench.errors import UsageError
from workbench.targeting.experiment import HOLDOUT, arms, identifiers, places

PEOPLE = pd.Series([f"c{k}" for k in range(20_000)])


def test_a_place_is_the_hash_that_anybody_can_compute() -> None:
    digest = hashlib.sha256(b"spring\x1fc17").digest()
    assert places(pd.Series(["c17"]), salt="spring")[0] == int.from_bytes(digest[:8], "big") / 2**64


def test_the_share_is_met_and_two_salts_are_independent() -> None:
    spring, summer = (arms(PEOPLE, holdout_share=0.1, salt=s) == HOLDOUT for s in ("spring", "summer"))
    four_sigma = 4 * np.sqrt(0.1 * 0.9 / len(PEOPLE))
    assert abs(spring.mean() - 0.1) < four_sigma
    assert abs((spring & summer).mean() - 0.01) < 4 * np.sqrt(0.01 * 0.99 / len(PEOPLE))


def test_nobody_changes_arms_when_the_list_or_the_order_changes() -> None:
    whole = pd.Series(arms(PEOPLE, holdout_share=0.1, salt="s"), index=PEOPLE)
    some = PEOPLE.sample(500, random_state=1)
    assert (whole[some].to_numpy() == arms(some, holdout_share=0.1, salt="s")).all()


def test_a_larger_share_only_adds() -> None:
    small, large = (arms(PEOPLE, holdout_share=share, salt="s") == HOLDOUT for share in (0.1, 0.2))
    assert not (small & ~large).any()


@pytest.mark.parametrize("share", [-0.1, 0.51, 1.0, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match="WB-A14"):
        arms(PEOPLE, holdout_share=share, salt="s")


def test_a_customer_number_is_the_same_text_however_it_was_read() -> None:
    for column in ([17, 18], [17.0, 18.0], ["17", " 18 "], [17.0, 18.0, None], [np.int32(17), "18"]):
        assert identifiers(pd.Series(column)).tolist()[:2] == ["17", "18"]
    assert identifiers(pd.Series([17.0, None])).tolist() == ["17", None]
    assert identifiers(pd.Series(["0017", "", None])).tolist() == ["0017", None, None]
