"""Names, versions and aliases, by our own store alone: no MLflow, no training."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from workbench.config import Home
from workbench.errors import DataError, UsageError
from workbench.files import write_json
from workbench.registry import aliases, champion, history, load, resolve, rollback
from workbench.registry.card import model_card
from workbench.registry.facts import Facts
from workbench.store import open_store
from workbench.store.people import (
    PRACTICE_APPROVER,
    PRACTICE_REQUESTER,
    PRACTICE_VALIDATOR,
    seed_practice_users,
)
from workbench.store.versions import VersionOrigin, add_version
from workbench.targeting import approval

AT = datetime(2026, 11, 21, tzinfo=UTC)
FACTS = Facts(
    name="shop.response",
    task="shop/response",
    kind="response",
    event_class="yes",
    other_class="no",
    features=("a", "b"),
    fingerprint="f00d",
    seed=0,
    train_rows=1000,
    event_rate=0.161,
    base_rate=0.161,
    created_at=AT.isoformat(),
    metrics={"test_auc": 0.84, "card_auc": 0.82},
    budget_seconds=60,
    trained_by="mo",
)


@pytest.fixture(autouse=True)
def _away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")


def make(home: Home, facts: Facts = FACTS, times: int = 1) -> None:
    def write(folder: Path) -> None:
        (folder / "artefact").mkdir()
        write_json(folder / "artefact" / "facts.json", facts.as_dict())

    origin = VersionOrigin(facts.name, facts.task, facts.kind, "f00d", facts.trained_by, None, AT)
    for _ in range(times):
        add_version(open_store(home), origin, models=home.models, write=write)
    seed_practice_users(home, at=AT)


def publish(home: Home, subject: str) -> None:
    asked = approval.request(home, "model", subject, who=PRACTICE_REQUESTER, at=AT)
    approval.approve(home, asked.id, who=PRACTICE_APPROVER, reason="good", at=AT)


def test_a_bare_name_is_the_newest_until_there_is_a_champion(home: Home) -> None:
    make(home, times=3)
    assert str(resolve(home, "shop.response")) == "shop.response@3"
    publish(home, "shop.response@2")
    assert str(resolve(home, "shop.response")) == "shop.response@2"
    assert str(resolve(home, "shop/response@champion")) == "shop.response@2"
    assert str(resolve(home, "shop.response@challenger")) == "shop.response@3"
    assert str(resolve(home, "shop.response@1")) == "shop.response@1"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("shop.respones", "WB-R01: no model is called 'shop.respones'. Did you mean 'shop.response'?"),
        ("shop.response@9", "WB-R02: 'shop.response' has no version 9. Known versions: 1, 2."),
        ("shop.response@²", "WB-R03: '²' is neither"),
        ("shop.response@champoin", "WB-R03: 'champoin' is neither a version of 'shop.response' nor an alias. Did you mean 'champion'?"),
        ("shop.response@champion", "WB-R06: 'shop.response' has no champion yet."),
        ("shop.response@", "WB-R03: '' is neither"),
    ],
)  # fmt: skip
def test_what_cannot_be_resolved_is_said_with_what_can(home: Home, text: str, sentence: str) -> None:
    make(home, times=2)
    with pytest.raises(UsageError) as caught:
        resolve(home, text)
    assert str(caught.value).startswith(sentence)


def test_publishing_a_bare_name_means_the_newest_version(home: Home) -> None:
    make(home, times=1)
    publish(home, "shop.response")
    make(home, times=1)
    publish(home, "shop.response")
    assert [line.version for line in history(home, "shop.response")] == [1, 2]
    assert aliases(home, "shop.response") == {"champion": 2, "previous": 1}


def test_rollback_needs_an_approver_and_something_to_go_back_to(home: Home) -> None:
    make(home, times=2)
    for version in (1, 2):
        publish(home, f"shop.response@{version}")
    with pytest.raises(UsageError, match="WB-A02"):
        rollback(home, "shop/response", who=PRACTICE_REQUESTER, why="x", at=AT)
    line = rollback(home, "shop/response", who=PRACTICE_APPROVER, why="complaints", at=AT)
    assert (line.version, line.previous_version) == (1, 2)
    assert champion(home, "shop.response") == 1
    assert aliases(home, "shop.response") == {"champion": 1, "challenger": 2}
    with pytest.raises(UsageError, match="WB-R04"):
        rollback(home, "shop/response", who=PRACTICE_APPROVER, why="x", at=AT)


def test_the_evidence_in_the_ledger_is_what_the_model_was_judged_by(home: Home) -> None:
    make(home)
    publish(home, "shop.response")
    (line,) = history(home, "shop.response")
    assert line.evidence["metrics"] == {"test_auc": 0.84, "card_auc": 0.82}
    assert line.evidence["fingerprint"] == "f00d"


def test_a_risk_model_is_signed_by_a_validator_before_it_is_approved(home: Home) -> None:
    make(home, dataclasses.replace(FACTS, name="credit", task="credit", kind="risk"))
    asked = approval.request(home, "model", "credit", who=PRACTICE_REQUESTER, at=AT)
    assert (asked.tier, asked.waits_for) == ("credit", "validator")
    approval.validate(home, asked.id, who=PRACTICE_VALIDATOR, note="sound", at=AT)
    approval.approve(home, asked.id, who=PRACTICE_APPROVER, at=AT)
    assert champion(home, "credit") == 1


def test_a_folder_that_is_no_model_says_so(home: Home) -> None:
    make(home)
    (home.models / "shop.response" / "1" / "artefact" / "facts.json").unlink()
    with pytest.raises(DataError, match="WB-R07"):
        load(home, "shop.response@1")


def test_the_model_card_reads_like_this() -> None:
    assert model_card(FACTS, version=3) == (
        "# shop.response, version 3\n"
        "\n"
        "**Purpose.** Says how likely a customer is to respond to a contact: the probability of `yes` (against `no`).\n"
        "**Tier.** marketing.\n"
        "**Data.** 1,000 rows, event rate 16.10%; fingerprint `f00d`.\n"
        "**Method.** A calibrated blend over 2 features; search budget 60 seconds, seed 0.\n"
        "**Trained.** 2026-11-21T00:00:00+00:00 by mo.\n"
        "\n"
        "| figure | test | card |\n"
        "|---|---|---|\n"
        "| auc | 0.8400 | 0.8200 |\n"
        "\n"
        "**Limits.** Valid for customers like those it learned from; watch drift before each use. It says who, not what "
        "contacting them changes: only a hold-out measures that. Not for IRB or IFRS 9.\n"
    )
