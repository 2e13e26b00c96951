"""One training run: dataset, search, one look at the hold-out, scorecard, explanation, a registered version."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.config import Home
from workbench.dataset.frame import CUTOFF, LABEL, TrainingFrame
from workbench.dataset.leakage import LeakFinding
from workbench.dataset.sampling import drawn
from workbench.dataset.splits import Splits, make_splits
from workbench.errors import Cancelled
from workbench.progress import Progress
from workbench.search.budget import Deadline
from workbench.search.past import Past, remember
from workbench.search.probe import learning_pace
from workbench.search.search import SearchResult, search
from workbench.search.spec import SearchSpec
from workbench.text import counted
from workbench.training.challenge import against_champion
from workbench.training.clock import LEAST_TRAINING_ROWS, Clock
from workbench.training.guidance import Guidance, guided
from workbench.training.judgement import judge
from workbench.training.keeping import keep
from workbench.training.material import Material
from workbench.training.memory import memory_for_search
from workbench.training.request import TrainRequest
from workbench.training.suspects import suspects
from workbench.training.warmup import Warmup


@dataclass(frozen=True)
class TrainResult:
    """What a run leaves: a registered version and the figures it was judged by."""

    run_id: str | None
    model: str
    version: int
    task: str
    kind: str
    event_class: str
    rows: int
    event_rate: float
    metrics: dict[str, float]
    split: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]  # columns that may give the outcome away, and what to do
    stops: tuple[str, ...]  # those of them with which the model cannot go live
    wall_seconds: float
    against_champion: dict[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "notes": list(self.notes),
            "warnings": list(self.warnings),
            "stops": list(self.stops),
        }


def read_frame(request: TrainRequest, home: Home, progress: Progress) -> TrainingFrame:
    """The training frame that a request speaks of."""
    if request.task is not None:
        from workbench.dataset.build import build_training_frame

        as_of = date.fromisoformat(request.as_of) if request.as_of else None
        return build_training_frame(home, request.task, as_of=as_of, progress=progress)
    from workbench.dataset.flat import flat_training_frame

    source = Path(str(request.file))
    return flat_training_frame(
        source,
        label=str(request.label),
        positive=request.positive,
        kind=request.kind or "response",
        id_column=request.id_column,
        time_column=request.time_column,
        known_after_event=request.known_after_event,
        name=request.model_name,
    )


def run_training(request: TrainRequest, *, home: Home, progress: Progress, folder: Path) -> TrainResult:
    """The whole run within its budget; `folder` keeps the journal, and a file named `finish` in it ends the search."""
    clock = Clock(request.budget_seconds if request.trials is None else None, request.started_at)
    began = datetime.now(UTC)

    ends = clock.latest_end()
    by = f" Ends by {ends:%H:%M:%S}." if ends else ""

    def tell(stage: str, sentence: str) -> None:
        progress(stage, clock.fraction(), sentence.rstrip(".") + "." + by if by else sentence)

    warmup = Warmup(home)
    tell("read", request.title)
    frame = read_frame(request, home, lambda stage, _, sentence: tell("read", sentence))
    frame, guidance = guided(frame, request)
    splits = make_splits(frame, seed=request.seed, test_from=judge_from(frame))
    leaks = suspects(frame, splits, seed=request.seed, known_before=request.known_before)
    tell(
        "search",
        f"{counted(len(frame.rows), 'row')}, {counted(len(frame.features), 'feature')}; {splits.sentence['en']}",
    )
    material = _material(frame, splits, guidance, leaks, clock, seed=request.seed)
    history = home.var / "search_history.jsonl"
    found = find_model(material, request, clock, folder, tell, history=history)
    if found.past is not None and found.past.behind:
        remember(history, found.past)
    tell("judge", "the hold-out is opened, once")
    judgement = judge(material, found, seed=request.seed)
    challenge = against_champion(home, frame, splits, judgement, seed=request.seed)
    tell("keep", "scorecard, explanation, MLflow")
    warmup.wait()
    kept = keep(home, request, material, found, judgement, challenge, began=began, folder=folder)
    resumed = f"Went on from {counted(found.taken_over, 'fit')} that an earlier attempt had finished."
    result = TrainResult(
        run_id=kept.run_id,
        model=frame.name,
        version=kept.version,
        task=frame.task,
        kind=frame.kind,
        event_class=frame.event_class,
        rows=len(frame.rows),
        event_rate=float(frame.rows[LABEL].mean()),
        metrics=judgement.metrics,
        split=splits.sentence["en"],
        notes=(
            *([resumed] if found.taken_over else []),
            *frame.notes,
            *material.notes,
            *judgement.notes,
            *([kept.problem] if kept.problem else []),
        ),
        warnings=tuple(f"{leak.message} {leak.hint}".strip() for leak in leaks),
        stops=material.stops,
        wall_seconds=round(clock.elapsed, 2),
        against_champion=challenge,
    )
    progress("done", 1.0, f"{result.model} version {result.version}")
    return result


def _material(
    frame: TrainingFrame,
    splits: Splits,
    guidance: Guidance,
    leaks: tuple[LeakFinding, ...],
    clock: Clock,
    *,
    seed: int,
) -> Material:
    """All training rows, or a sample where the budget has no room for them."""
    draw, train = None, frame.rows[splits.train]
    if clock.budget_seconds is not None and len(train) > LEAST_TRAINING_ROWS:
        pace = SearchSpec().side_by_side * learning_pace(
            train[list(frame.features)], train[LABEL].to_numpy(), seed=seed
        )
        most = clock.most_training_rows(len(frame.features), int(splits.holdout.sum()), pace)
        draw = None if most is None else drawn(frame, splits, most, seed=seed)
    return Material(frame, splits if draw is None else draw.splits, guidance, draw, seed, leaks)


def judge_from(frame: TrainingFrame) -> pd.Timestamp | None:
    """The label's own first day of judgement, as long as rows from then on have matured; else the newest rows judge."""
    if frame.judge_from is None or frame.rows[CUTOFF].max() < pd.Timestamp(frame.judge_from):
        return None
    return pd.Timestamp(frame.judge_from)  # ty: ignore[invalid-explicit-return] - a date is never NaT


def find_model(
    material: Material,
    request: TrainRequest,
    clock: Clock,
    folder: Path,
    tell: Any,
    *,
    history: Path,
) -> SearchResult:
    """The search over the rows that teach; `history` tells of past ones, and afterwards also of this one."""
    frame = material.frame
    rows = material.train.reset_index(drop=True)
    seconds = clock.search_seconds(len(rows), len(frame.features), len(material.held))

    def run(spec: SearchSpec, deadline: Deadline) -> SearchResult:
        return search(
            rows[list(frame.features)],
            rows[LABEL].to_numpy(),
            folds=material.splits.folds_within_train(),
            spec=spec,
            deadline=deadline,
            journal=folder / "journal",
            progress=lambda stage, _, sentence: tell("search", sentence),
            entity=rows[frame.entity].to_numpy() if frame.entity else None,
            past=Past.shipped().with_history(history),
            weights=material.weights,
            directions=material.guidance.directions,
        ).shifted(material.shift)

    try:
        return run(
            SearchSpec(
                seconds=seconds,
                trials=request.trials,
                seed=request.seed,
                workers=request.workers,
                memory_mb=memory_for_search(),
                study=os.environ.get("WORKBENCH_STUDY_URL"),
            ),
            Deadline.after(seconds, folder),
        )
    except Cancelled:
        # Not even the first model was done in time: one is worth more than a budget kept with none.
        tell("search", "time is up before the first model was done; one is finished all the same")
        return run(SearchSpec(seconds=None, trials=1, seed=request.seed), Deadline.after(None))
