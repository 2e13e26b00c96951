"""A workbench whose answers are made up, in the shapes of the real service: for pages in states that are slow to reach."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import streamlit as st

from workbench.config import Home
from workbench.errors import DefinitionError, UsageError
from workbench.files import write_json
from workbench.jobs.job import Job, JobError, JobProgress
from workbench.service.models import Report
from workbench.text import Text
from workbench.training.report import write_report

NOW = dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)
TASK = "complete_journey/coupon_response"


def gains() -> pd.DataFrame:
    depth = [i / 100 for i in range(1, 101)]
    capture = [1 - (1 - d) ** 2 for d in depth]
    return pd.DataFrame(
        {
            "depth": depth,
            "customers": [10 * i for i in range(1, 101)],
            "events": [round(160 * c) for c in capture],
            "capture": capture,
            "lift": [c / d for c, d in zip(capture, depth, strict=True)],
        }
    )


def write_fake_report(folder: Path) -> Report:
    """Real files, as a run writes them, with made-up figures."""
    metrics = {"auc": 0.83, "ks": 0.5, "lift_10": 1.9, "event_rate": 0.16, "rows": 1000.0, "events": 160.0}
    champion = {"version": 1, "comparable": True, "difference": 0.01, "low": -0.005, "high": 0.025}
    write_report(
        folder,
        summary={
            "kind": "response", "split": "Judged on October 2017.", "rows": 5000, "rows_test": 1000, "seed": 0,
            "fingerprint": "f" * 40, "event_class": "yes", "notes": ["3 columns were left out."],
            "suspects": [{"column": "spend", "code": "WB-D24", "severity": "stop", "message": "Without column 'spend' a model falls."}],
            "grades": {"en": "A is the most likely.", "zh": "A 为最可能。"},
            "card_direction": {"en": "More points, more likely.", "zh": "分数越高越可能。"},
            "against_champion": champion,
        },
        evaluation={"metrics": metrics, "intervals": {"auc": [0.8, 0.86]}},
        tables={
            "gains": gains(),
            "deciles": pd.DataFrame({"decile": range(1, 11), "event_rate": [0.4 - 0.04 * i for i in range(10)]}),
            "calibration": pd.DataFrame({"predicted": [0.1, 0.3], "observed": [0.12, 0.28], "low": [0.1, 0.2], "high": [0.15, 0.35]}),
            "by_month": pd.DataFrame({"month": ["2017-10", "2017-11"], "rows": [500, 500], "events": [80, 80], "event_rate": [0.16, 0.16]}),
            "importance": pd.DataFrame(
                {"feature": ["spend"], "sentence_en": ["spend in 30 days"], "sentence_zh": ["30 天消费"], "group": ["spend"], "share": [1.0], "mean_abs": [0.5]}
            ),
            "leaderboard": pd.DataFrame({"trial": [0], "family": ["lightgbm"], "auc": [0.83], "seconds": [1.0]}),
            "scorecard": pd.DataFrame({"variable": ["spend"], "bin": ["< 10"], "points": [12]}),
            "scorecard_zh": pd.DataFrame({"variable": ["spend"], "bin": ["小于 10"], "points": [12]}),
            "grades": pd.DataFrame({"grade": ["A"], "n": [100], "event_rate": [0.4]}),
        },
        plots={},
    )  # fmt: skip
    write_json(folder / "config" / "request.json", {"task": TASK})
    return Report("complete_journey.coupon_response", 2, folder)


def job(state: str, folder: Path, **more: Any) -> Job:
    started = None if state == "queued" else NOW
    ended = NOW + dt.timedelta(seconds=61) if state in ("done", "failed", "cancelled") else None
    given = {
        "id": f"job-{state}",
        "kind": "train",
        "title": TASK,
        "user": "wang.requester",
        "state": state,
        "budget_seconds": 60.0,
    }
    return Job(
        **{**given, "created_at": NOW, "folder": folder, "started_at": started, "ended_at": ended, **more}
    )


@dataclass
class FakeWorkbench:
    """State by name: `empty`, `sample` (a dataset, a model, a list) or `failed` (the newest job failed)."""

    home: Home
    state: str
    asked: list[tuple[str, Any]] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    alive: bool = True

    def __post_init__(self) -> None:
        folder = self.home.path
        if self.state == "failed":
            error = JobError("WB-T03", "The table 'transactions' is empty.", "Give it rows.")
            self.jobs = [job("failed", folder, error=error)]
        elif self.state == "sample":
            (folder / "log.txt").write_text("a line of the log\n")
            done = {"model": "complete_journey.coupon_response", "version": 2}
            self.jobs = [
                job("done", folder, result=done),
                job("cancelled", folder),
                job("queued", folder, queue_place=1),
            ]
        empty = self.state == "empty"
        self.people = SimpleNamespace(practice=self._people)
        self.data = SimpleNamespace(
            list=lambda: [] if empty else [dataset(), flat_dataset()],
            label=lambda task: label_detail(),
            check=lambda name: check_report(),
            scoring_days=lambda task: [SimpleNamespace(day=dt.date(2017, 12, 6), rows=341)],
        )
        self.runs = SimpleNamespace(
            list=lambda: self.jobs, get=self._job, worker_alive=lambda: self.alive, start=self._start,
            cancel=lambda job_id, user: self.asked.append(("cancel", job_id)),
            finish=lambda job_id, user: self.asked.append(("finish", job_id)),
            resume=lambda job_id, user: self.asked.append(("resume", job_id)),
            again=self._again,
        )  # fmt: skip
        has_model = self.state == "sample"
        self.models = SimpleNamespace(
            list=lambda: [model()] if has_model else [],
            report=lambda name, version: write_fake_report(folder / "report"),
        )
        self.lists = SimpleNamespace(
            list=lambda: [target_list()] if has_model else [],
            get=lambda list_id: target_list(),
            build=self._build,
            members=members,
        )
        requests = (
            [release("list", "coupon-contacts"), release("model", "complete_journey.coupon_response")]
            if has_model
            else []
        )
        self.approvals = SimpleNamespace(
            list=lambda: requests,
            pending=lambda user: requests if user == "li.approver" else self._to_sign(user),
            validate=lambda request_id, user, note: self.asked.append(("validate", (request_id, user))),
            get=lambda request_id: requests[0],
            request=lambda what, user, note: self.asked.append(("request", (what, user))),
            approve=lambda request_id, user, reason: self.asked.append(("approve", (request_id, user))),
            reject=self._reject,
        )

    def _people(self) -> list[Any]:
        return [
            SimpleNamespace(name="wang.requester", roles=("business", "modeler")),
            SimpleNamespace(name="chen.validator", roles=("validator",)),
            SimpleNamespace(name="li.approver", roles=("approver",)),
        ]

    def break_definitions(self) -> None:
        """From now on a definition cannot be read."""

        def refuse() -> list[Any]:
            raise DefinitionError(
                "WB-F02", "labels.yaml, line 3: no aggregation is called 'avrage'.", "Mend it."
            )

        self.data.list = refuse
        st.cache_resource.clear()

    def _to_sign(self, user: str) -> list[Any]:
        if user != "chen.validator" or self.state != "sample":
            return []
        asked = release("model", "credit_risk.default")
        asked.approval.waits_for, asked.approval.tier = "validator", "credit"
        return [asked]

    def _job(self, job_id: str) -> Job:
        found = [job for job in self.jobs if job.id == job_id]
        if not found:
            raise UsageError("WB-J01", f"There is no job '{job_id}'.", "Look at the list.")
        return found[0]

    def _start(self, request: Any) -> Job:
        self.asked.append(("start", request))
        self.jobs = [
            job(
                "running",
                self.home.path,
                progress=JobProgress("search", 0.3, "trial 4: AUC 0.81", ("read", "search")),
            )
        ]
        return self.jobs[0]

    def _again(self, request: dict[str, Any], *, user: str, **changes: tuple[str, ...]) -> Job:
        self.asked.append(("again", changes))
        return self._start(request)

    def _build(self, request: Any) -> Any:
        self.asked.append(("build", request))
        return target_list()

    def _reject(self, request_id: str, user: str, reason: str) -> None:
        if not reason:
            raise UsageError("WB-A10", "a rejection needs a reason.", "Say what must change.")
        self.asked.append(("reject", (request_id, user, reason)))


def dataset() -> Any:
    label = SimpleNamespace(
        task=TASK,
        name="coupon_response",
        kind="response",
        cutoffs="each row of contacts",
        sentence=Text("Redeems a coupon of this campaign.", "兑换本次活动的优惠券。"),
    )
    table = SimpleNamespace(
        name="transactions", rows=1_469_307, first=dt.date(2017, 1, 1), last=dt.date(2017, 12, 31)
    )
    return SimpleNamespace(
        name="complete_journey", title=Text("Complete journey", "完整旅程"), 
        tables=(table,), labels=(label,), n_features=60, features=features(),
    )  # fmt: skip


def features() -> tuple[Any, ...]:
    return (
        SimpleNamespace(
            name="spend_sum_30d",
            sentence=Text("sum of spend in the last 30 days", "近 30 天消费合计"),
            group="transactions",
        ),
    )


def flat_dataset() -> Any:
    return SimpleNamespace(
        name="credit_risk", title=Text("Credit", "信贷"), 
        tables=(SimpleNamespace(name="file", rows=150_000, first=None, last=None),), labels=(), n_features=10, features=(),
    )  # fmt: skip


def label_detail() -> Any:
    months = pd.DataFrame(
        {"month": ["2017-09", "2017-10"], "rows": [100, 120], "events": [10, 20], "event_rate": [0.1, 0.17]}
    )
    return SimpleNamespace(
        rows=6589, events=1000, event_rate=0.152, by_month=months, excluded={"immature": 12, "not_eligible": 0},
    )  # fmt: skip


def check_report() -> Any:
    finding = SimpleNamespace(
        code="WB-T10",
        severity="warn",
        table="demographics",
        column="age",
        message="Missing for two thirds.",
        hint="It is used as it is.",
        count=3,
    )
    return SimpleNamespace(findings=(finding,), ok=True)


def model() -> Any:
    return SimpleNamespace(
        name="complete_journey.coupon_response", version=2, task=TASK, kind="response", created_at=NOW, champion=True,
        metrics={"test_auc": 0.83, "card_auc": 0.8}, run_id="abc123", trained_by="wang.requester",
    )  # fmt: skip


def target_list() -> Any:
    funnel = {
        "scored": 1000, "without_id": 0, "double": 3, "excluded": 7, "below_grade": 0, "below_cut": 790, "held_out": 20, "final": 180,
    }  # fmt: skip
    manifest = {
        "funnel": funnel, "model": "complete_journey.coupon_response", "model_version": 2, "as_of": "2017-12-06", "entity": "household_id",
        "built_at": NOW.isoformat(), "built_by": "wang.requester", "rows": 180,
    }  # fmt: skip
    return SimpleNamespace(
        id="coupon-contacts@1",
        name="coupon-contacts",
        version=1,
        rows=180,
        state="waiting",
        approval="1",
        funnel=funnel,
        manifest=manifest,
    )


def members(list_id: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rank": [1, 2],
            "household_id": ["102345", "88"],
            "probability": [0.9, 0.8],
            "grade": ["A", "A"],
            "arm": ["contact", "holdout"],
        }
    )


def release(kind: str, name: str) -> Any:
    approval = SimpleNamespace(
        id=1, subject_kind=kind, name=name, version=1 if kind == "list" else 2, tier="marketing", status="waiting", requester="wang.requester",
        note="For the autumn campaign.", requested_at=NOW, decider=None, reason=None, decided_at=None, waits_for="approver",
    )  # fmt: skip
    return SimpleNamespace(
        id="1" if kind == "list" else "2", status="waiting", subject=f"{name}@1", approval=approval
    )
