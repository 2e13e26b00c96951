"""The main job, end to end, on real data that pip brings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import DataError, WorkbenchError
from workbench.progress import Progress
from workbench.service import ListRequest, TrainRequest, Workbench, seconds_of

DATASETS = ("complete_journey", "credit_risk")
TASKS = (
    "complete_journey/coupon_response",
    "complete_journey/first_nutrition",
    "complete_journey/churn_60d",
    "credit_risk/default",
)
LIST_TASK = TASKS[0]
LIST_CUTOFF = "2017-12-06"  # two campaigns start; their outcomes were not known yet when the data ends
LIST_SHARE, LIST_HOLDOUT = 0.5, 0.1
LIST_NAME = "coupon-contacts"


@dataclass
class DemoResult:
    """What the demo leaves behind, station by station."""

    seconds: float = 0.0
    checks: dict[str, dict[str, int]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    champion: str = ""
    audience: dict[str, Any] = field(default_factory=dict)
    exported: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def lines(self) -> list[str]:
        """The table of all four tasks, where the list lies, and what to try next."""
        return [*table(self.runs), "", *self._list_lines(), "", *NEXT, "", f"done in {self.seconds:.0f} s"]

    def _list_lines(self) -> list[str]:
        manifest = self.exported["manifest"]
        return [
            f"List {self.audience['id']}: {manifest['rows']:,} contacts, scored by {manifest['model']} version "
            f"{manifest['model_version']}, asked for by {manifest['requested_by']}, approved by {manifest['approved_by']}. "
            f"{manifest['mark']}",
            f"  {self.exported['file']}",
            f"  {self.exported['manifest_file']}",
        ]


NEXT = (
    "Three things to try next:",
    "  workbench app                                            click through the same in the browser",
    "  workbench train YOUR.csv --label OUTCOME --budget 60s    a model from a table of your own",
    "  mlflow ui --backend-store-uri sqlite:///mlruns/mlflow.db review the runs as a modeler",
)

COLUMNS = ("task", "rows", "event rate", "AUC (95%)", "KS", "lift@10%", "card AUC", "seconds", "MLflow run")


def table(runs: list[dict[str, Any]]) -> list[str]:
    """One row per task, columns aligned."""
    rows = [COLUMNS, *(cells(run) for run in runs)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def cells(run: dict[str, Any]) -> tuple[str, ...]:
    metrics = run["metrics"]
    return (
        run["task"],
        f"{run['rows']:,}",
        f"{run['event_rate']:.1%}",
        f"{metrics['test_auc']:.3f} ({metrics['test_auc_low']:.3f}-{metrics['test_auc_high']:.3f})",
        f"{metrics['test_ks']:.3f}",
        f"{metrics['test_lift_10']:.1f}",
        f"{metrics['card_auc']:.3f}",
        f"{run['wall_seconds']:.0f}",
        run["run_id"] or "(MLflow was away; it is mirrored later)",
    )


Station = Callable[[Workbench, DemoResult, float, Progress], None]


def check_data(wb: Workbench, result: DemoResult, budget: float, progress: Progress) -> None:
    for i, dataset in enumerate(DATASETS):
        progress("check the tables", i / len(DATASETS), dataset)
        report = wb.data.check(dataset)
        stops = [finding for finding in report.findings if finding.severity == "stop"]
        if stops:
            raise DataError(stops[0].code, f"{dataset}: {stops[0].message}", hint=stops[0].hint)
        result.checks[dataset] = {
            severity: sum(finding.severity == severity for finding in report.findings)
            for severity in ("quarantine", "warn")
        }


def train_tasks(wb: Workbench, result: DemoResult, budget: float, progress: Progress) -> None:
    user = wb.people.practice()[0].name
    for i, task in enumerate(TASKS):

        def told(stage: str, fraction: float, sentence: str, task: str = task, done: int = i) -> None:
            progress(f"train {task}", (done + fraction) / len(TASKS), f"{stage}: {sentence}")

        request = TrainRequest(
            task=task, budget_seconds=budget, user=user, trigger="demo", started_at=time.time()
        )
        result.runs.append(wb.runs.train_here(request, progress=told))


def publish_model(wb: Workbench, result: DemoResult, budget: float, progress: Progress) -> None:
    """The list's model goes live once; later demos leave the champion and add a challenger."""
    requester, _, approver = wb.people.practice()
    name = LIST_TASK.replace("/", ".")
    progress("publish the model", 0.0, name)
    if wb.models.champion(name) is None:
        asked = wb.approvals.request(name, user=requester.name, note="The demo's first model of this task.")
        wb.approvals.approve(asked.id, user=approver.name, reason="Judged out of time; practice.")
    result.champion = f"{name}@{wb.models.champion(name)}"


def make_list(wb: Workbench, result: DemoResult, budget: float, progress: Progress) -> None:
    requester, _, approver = wb.people.practice()
    progress("make the list", 0.0, f"contacts as of {LIST_CUTOFF}")
    audience = wb.lists.build(
        ListRequest(
            model=LIST_TASK,
            cutoff=LIST_CUTOFF,
            share=LIST_SHARE,
            holdout_share=LIST_HOLDOUT,
            name=LIST_NAME,
            user=requester.name,
        )
    )
    progress("make the list", 0.5, "ask for its release")
    asked = wb.approvals.request(
        audience.id, user=requester.name, note="The likeliest half of the planned contacts."
    )
    if asked.status == "waiting":
        wb.approvals.approve(asked.id, user=approver.name, reason="Checked against the plan; practice.")
    progress("make the list", 0.8, "write file and manifest")
    folder = wb.home.lists / "released"
    result.audience = audience.as_dict()
    result.exported = wb.lists.export(audience.id, user=requester.name, out=folder)


STATIONS: tuple[tuple[str, float, Station], ...] = (
    ("check the tables", 0.04, check_data),
    ("train the four tasks", 0.92, train_tasks),
    ("publish the model", 0.01, publish_model),
    ("make the list", 0.03, make_list),
)
"""Name, share of the whole time, and the work of each station, in order."""


def run_demo(wb: Workbench, *, budget: str | float = "60s", progress: Progress) -> DemoResult:
    """All stations in order. A station that fails raises its own error, which then names the station."""
    result, started, before = DemoResult(), time.monotonic(), 0.0
    seconds = seconds_of(budget)
    for name, share, work in STATIONS:

        def told(
            stage: str, fraction: float, sentence: str, before: float = before, share: float = share
        ) -> None:
            progress(stage, before + share * fraction, sentence)

        told(name, 0.0, "")
        try:
            work(wb, result, seconds, told)
        except WorkbenchError as error:
            error.message = f"The demo stopped at '{name}': {error.message}"
            raise
        before += share
    result.seconds = time.monotonic() - started
    progress("done", 1.0, "")
    return result


def require_source(home: Path) -> None:
    """The demo's definitions live in the project's folder; say so where they are not."""
    if not (home / "feature_defs" / DATASETS[0]).is_dir():
        raise DataError(
            "WB-H01",
            f"the folder {home} has no feature_defs/{DATASETS[0]}, which the demo reads.",
            hint="Run the demo in the project's folder, or name it: --home FOLDER.",
        )
