"""What runs unattended: retrain, score, monitor. Each is idempotent per task and date, and has its own lock."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from workbench.config import Home
from workbench.dataset.catalog import load_task
from workbench.errors import DataError, Locked, UsageError
from workbench.files import read_json, write_json
from workbench.progress import Progress, silent
from workbench.search.budget import seconds_of
from workbench.service.approvals import Approvals
from workbench.service.data import Data
from workbench.service.days import day_of
from workbench.service.models import Models
from workbench.service.runs import Runs
from workbench.service.scores import Scores
from workbench.training.request import TrainRequest

GATE_FAILED, WAITING = 4, 5


@dataclass(frozen=True)
class Retrained:
    """What became of one task."""

    task: str
    as_of: str
    state: str  # waiting (for approval), gate_failed, nothing_new
    sentence: str
    version: int | None = None
    approval: str | None = None
    metrics: dict[str, float] | None = None
    against_champion: dict[str, Any] | None = None

    @property
    def exit_code(self) -> int:
        return {"waiting": WAITING, "gate_failed": GATE_FAILED}.get(self.state, 0)


@dataclass(frozen=True)
class RetrainResult:
    """One line per task; the exit code is that of the worst (gate failed before waiting before done)."""

    tasks: tuple[Retrained, ...]

    @property
    def exit_code(self) -> int:
        codes = {item.exit_code for item in self.tasks}
        return next((code for code in (GATE_FAILED, WAITING) if code in codes), 0)

    def as_dict(self) -> dict[str, Any]:
        return {"tasks": [asdict(item) for item in self.tasks]}

    def lines(self) -> list[str]:
        return [f"{item.task} as of {item.as_of}: {item.sentence}" for item in self.tasks]


@dataclass(frozen=True)
class MonitorResult:
    """Drift of the score and of every feature against the frozen bins of the model's training rows."""

    model: str
    version: int
    as_of: str
    rows: int
    columns: tuple[dict[str, Any], ...]

    @property
    def exit_code(self) -> int:
        return GATE_FAILED if self.columns[0]["state"] == "alert" else 0

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "columns": list(self.columns)}

    def lines(self) -> list[str]:
        shown = [c for c in self.columns if c["state"] != "steady"][:15] or list(self.columns[:1])
        return [f"{self.model} version {self.version}, {self.rows:,} customers as of {self.as_of}:"] + [
            f"  {c['state']:6} {c['column']}: PSI {c['psi']:.3f} (chance alone: up to {c['chance_95']:.3f})"
            for c in shown
        ]


@dataclass(frozen=True)
class Schedules:
    """The unattended verbs of this home."""

    home: Home

    def retrain(
        self,
        task: str | None = None,
        *,
        as_of: str | None,
        due: bool = False,
        budget: str | float = "60s",
        user: str,
        progress: Progress = silent,
    ) -> RetrainResult:
        """A challenger per task, compared with the champion on the same hold-out; never a silent publish."""
        day = day_of(as_of)
        tasks = [task] if task else self._tasks_with_champion()
        if not tasks:
            raise UsageError(
                "WB-J20", "No task has a live model yet.", hint="Name one: workbench retrain DATASET/LABEL."
            )
        return RetrainResult(
            tuple(
                self._retrain_one(
                    each, day, due=due, seconds=seconds_of(budget), user=user, progress=progress
                )
                for each in tasks
            )
        )

    def score(self, task: str, *, as_of: str, reasons: str = "none") -> dict[str, Any]:
        """Scores of whoever is eligible as of a date, in `var/scores/<name>/<date>.csv`; once per date and version."""
        day, name = day_of(as_of), task.replace("/", ".")
        out = self.home.var / "scores" / name / f"{day}.csv"
        note = out.with_suffix(".json")
        version = Models(self.home).resolve(name).version
        with self._alone("score", name, day):
            if note.exists() and out.exists() and read_json(note)["version"] == version:
                return {**read_json(note), "again": True}
            scored = Scores(self.home).task(task, cutoff=str(day), out=out, reasons=reasons, card=False)
            write_json(note, scored)
        return {**scored, "again": False}

    def monitor(self, model: str, *, cutoff: str | None = None, file: Path | None = None) -> MonitorResult:
        """PSI of score and features against the model's frozen reference bins; also kept in `var/monitor/`."""
        from workbench.feedback.drift import Reference, drift

        if (cutoff is None) == (file is None):
            raise UsageError("WB-U10", "monitor needs either --cutoff DATE or --file FILE.")
        scores = Scores(self.home)
        asked = scores.ask(model, cutoff=cutoff, file=file)
        ref, features = asked.ref, asked.features
        reference = Reference.from_dict(read_json(ref.folder / "data" / "drift_reference.json"))
        table = drift(reference, features, asked.artefact.ensemble.predict_proba(features))
        as_of = str(day_of(cutoff)) if cutoff else Path(str(file)).name
        result = MonitorResult(
            ref.name,
            ref.version,
            as_of,
            len(features),
            tuple({str(k): v for k, v in row.items()} for row in table.to_dict("records")),
        )
        write_json(self.home.var / "monitor" / ref.name / f"{as_of}.json", result.as_dict())
        return result

    def _tasks_with_champion(self) -> list[str]:
        summaries = [m for m in Models(self.home).list() if m.champion]
        known = Data(self.home).tasks()
        return [m.task for m in summaries if m.task in known]

    def _retrain_one(
        self, task: str, day: date, *, due: bool, seconds: float, user: str, progress: Progress
    ) -> Retrained:
        load_task(self.home, task)  # says so if there is none of that name
        name = task.replace("/", ".")
        note = self.home.var / "retrain" / name / f"{day}.json"
        with self._alone("retrain", name, day):
            if note.exists():
                return Retrained(**read_json(note))
            if due and self._nothing_new(task, name, day, progress):
                return Retrained(
                    task, str(day), "nothing_new", "no newer mature outcomes since the live model was trained"
                )
            self._stop_on_bad_data(task)
            request = TrainRequest(
                task=task,
                budget_seconds=seconds,
                user=user,
                trigger="schedule",
                as_of=str(day),
                started_at=time.time(),
            )
            done = self._judge(task, day, Runs(self.home).train_here(request, progress=progress), user=user)
            write_json(note, asdict(done))
        return done

    def _stop_on_bad_data(self, task: str) -> None:
        report = Data(self.home).check(task)
        stop = next((finding for finding in report.findings if finding.severity == "stop"), None)
        if stop is not None:
            raise DataError(stop.code, f"{task}: {stop.message}", hint=stop.hint)

    def _nothing_new(self, task: str, name: str, day: date, progress: Progress) -> bool:
        live = Models(self.home).live(name)
        return (
            live is not None
            and live.facts.fingerprint
            == Data(self.home).frame(task, as_of=str(day), progress=progress).fingerprint
        )

    def _judge(self, task: str, day: date, run: dict[str, Any], *, user: str) -> Retrained:
        passed, why = gate(run)
        name, version = run["model"], run["version"]
        common: dict[str, Any] = {
            "version": version,
            "metrics": run["metrics"],
            "against_champion": run["against_champion"],
        }
        if not passed:
            return Retrained(
                task, str(day), "gate_failed", f"version {version} is not put forward: {why}", **common
            )
        asked = Approvals(self.home).request(
            f"{name}@{version}", user=user, note=f"Scheduled retraining as of {day}: {why}"
        )
        return Retrained(
            task,
            str(day),
            "waiting",
            f"version {version} waits for approval as {asked.id}: {why}",
            approval=asked.id,
            **common,
        )

    @contextlib.contextmanager
    def _alone(self, verb: str, name: str, day: date) -> Generator[None]:
        path = self.home.var / "locks" / f"{verb}-{name}-{day}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise Locked(
                "WB-J21", f"{verb} of {name} for {day} is already running.", hint="Wait for it to end."
            ) from None
        try:
            yield
        finally:
            lock.release()


def gate(run: dict[str, Any]) -> tuple[bool, str]:
    """Whether a challenger may ask for release, and why.

    It must rank better than chance for certain, and on the same hold-out be no worse than the champion;
    where the two cannot be compared fairly, a person is asked.
    """
    metrics, against = run["metrics"], run["against_champion"]
    if run["stops"]:
        return False, run["stops"][0]
    if metrics["test_auc_low"] <= 0.5:
        return (
            False,
            f"its AUC interval ({metrics['test_auc_low']:.3f}-{metrics['test_auc_high']:.3f}) includes chance",
        )
    if against is None:
        return True, "there is no live model to compare with"
    if not against["comparable"]:
        return (
            True,
            f"not comparable with version {against['version']} ({against['why_not']}); a person must judge",
        )
    said = (
        f"AUC {against['difference']:+.4f} ({against['low']:+.4f} to {against['high']:+.4f}) "
        f"against version {against['version']} on the same hold-out"
    )
    return against["difference"] >= 0, said
