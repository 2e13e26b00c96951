"""The search: from encoded rows and folds to a calibrated ensemble, inside its budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.errors import Cancelled, DataError, UsageError, did_you_mean
from workbench.progress import Progress, silent
from workbench.search.bench import Bench
from workbench.search.blend import Blend, bagged, in_turn
from workbench.search.budget import Deadline
from workbench.search.calibration import calibrate, log_loss
from workbench.search.encoder import Encoder
from workbench.search.ensemble import Ensemble, Member
from workbench.search.fitting import Fitter, Folds
from workbench.search.journal import Entry, Journal, fingerprint
from workbench.search.leaderboard import Row, leaderboard, rank_auc
from workbench.search.learners import Config
from workbench.search.past import Past, PastSearch, TableFacts
from workbench.search.plan import Plan
from workbench.search.portfolio import FLOOR, PORTFOLIO
from workbench.search.spec import SearchSpec

_FLOOR_SHARE = 0.08
_FLOOR_SECONDS = 1.5
_ROUND = 4  # candidates of the local search that are asked for together where trials are counted
_SAY_EVERY_SECONDS = 0.25


@dataclass(frozen=True)
class SearchResult:
    """What a search found."""

    model: Ensemble
    leaderboard: pd.DataFrame  # trial, family, config, auc, logloss, seconds, folds, weight
    oof_log_odds: np.ndarray  # calibrated, per row of X; nan where no fold held the row out
    n_trials: int
    seconds: float
    skipped: tuple[str, ...]  # candidates that a library refused, journal lines passed over, and why
    failures: tuple[tuple[str, str], ...] = ()  # (candidate and reason, traceback) of those that broke
    past: PastSearch | None = None  # what later searches may learn from this one
    taken_over: int = 0  # fits that an earlier attempt had finished
    note: str = ""  # why the search ended: budget used, asked to finish, or no further gain

    def shifted(self, log_odds: float) -> SearchResult:
        """With a constant added to all log-odds: what was learned from a sample, made right for all rows."""
        return replace(self, model=self.model.shifted(log_odds), oof_log_odds=self.oof_log_odds + log_odds)


def search(
    X: pd.DataFrame,
    y: np.ndarray,
    *,
    folds: Folds,
    spec: SearchSpec,
    deadline: Deadline,
    journal: Path | None = None,
    progress: Progress | None = None,
    entity: np.ndarray | None = None,
    past: Past | None = None,
    weights: np.ndarray | None = None,
    directions: Mapping[str, int] | None = None,
) -> SearchResult:
    """The best blend of boosters and regressions that the folds can find before `deadline`.

    `y` holds 0 and 1 (1 = event). `folds` are (train, valid) row numbers. Where they hold out nearly every row once, a
    member is the mean of its fold models, of a few of them if its weight is small; otherwise (forward in time, one
    hold-out) members are refitted on all rows.

    With `spec.trials` the clock decides nothing and the result repeats exactly. With `journal` (a folder)
    finished folds are kept, and the same call after a crash goes on from there. `entity` (one value per row) tells
    the calibration how many customers there are. `past` orders the candidates of a search by the
    clock; None: by the searches that come with the program. `weights` (one per row, above 0) say how much a row counts
    while learning, stopping, blending and calibrating. `directions` name number columns in which the log-odds may only
    rise (1) or only fall (-1).

    Raises DataError WB-S04 if `y` has one class only, Cancelled WB-S06 if time ran out before any fit ended.
    """
    from threadpoolctl import threadpool_limits

    y = _checked(X, y)
    say = progress or silent
    encoder = Encoder.fit(X)
    data = encoder.transform(X)
    folds = _usable(folds, y, spec.seed)
    kept = _directions(encoder, directions or {})
    mark = ""
    if journal:
        mark = fingerprint(
            data, y, folds, seed=spec.seed, repeatable=spec.repeatable, weights=weights, directions=kept
        )
    start = deadline.now()
    fitter = Fitter(data, y, folds, seed=spec.seed, weights=weights, directions=kept)
    bench = Bench(fitter, spec=spec, deadline=deadline, journal=Journal(journal, mark) if journal else None)
    run = _Run(bench, say, past or Past.shipped())
    # fits run side by side already: a matrix product that spreads over all cores would only make them wait
    with threadpool_limits(limits=1, user_api="blas"), closing(bench):
        note = run.trials() if spec.trials is not None else run.timed()
        return _close(run, encoder, note, start, entity)


class _Run:
    """The order in which things are tried."""

    def __init__(self, bench: Bench, say: Progress, past: Past) -> None:
        self.bench = bench
        self.say = say
        self.past = past
        self.facts = _facts(bench)
        self.best = (float("inf"), "")
        self.said_at = float("-inf")
        self.taken_over = 0
        self.plan = Plan(bench, past.order(PORTFOLIO[2:], self.facts))

    def trials(self) -> str:
        """Exactly `spec.trials` candidates, each on all main folds: repeatable to the last digit."""
        bench = self.bench
        self._taken_over()
        wanted = bench.spec.trials or 0
        tried = list(PORTFOLIO[:wanted])
        bench.run([(c, f) for c in tried for f in bench.all_folds], after=self._report)
        while len(tried) < wanted and not bench.deadline.over():
            fresh = self.plan.proposals(min(_ROUND, wanted - len(tried)), tried)
            if not fresh:
                return f"Ended after {len(tried)} trials: no family has anything left to propose."
            bench.run([(c, f) for c in fresh for f in bench.all_folds], after=self._report)
            tried += fresh
        return f"All {wanted} trials done."

    def timed(self) -> str:
        bench = self.bench
        self._taken_over()
        slot = _FLOOR_SHARE * bench.total * bench.crew.size / max(2, len(bench.all_folds))
        slot = max(slot, min(_FLOOR_SECONDS, 0.25 * bench.total))  # libraries need a moment to start
        bench.run([(FLOOR, bench.all_folds[0])], slot=slot, after=self._report, here=True)
        bench.run([(c, f) for c in PORTFOLIO[:2] for f in bench.all_folds], slot=slot, after=self._report)
        bench.serve(self.plan.next, after=self._report)
        if bench.deadline.finish_requested():
            return "Finished on request with the best so far."
        if self.plan.exhausted and not bench.deadline.over():
            return "Ended before its budget: further candidates no longer improved the blend."
        return "The budget is used."

    def _taken_over(self) -> None:
        for folds in self.bench.entries.values():
            for entry in folds.values():
                self.taken_over += 1
                self._note_best(entry)

    def _note_best(self, entry: Entry) -> None:
        bench = self.bench
        if entry.fold == bench.all_folds[0]:
            held = bench.y[bench.folds[entry.fold][1]]
            loss = log_loss(held, entry.log_odds)
            if loss < self.best[0]:
                self.best = (loss, f"{entry.config.family} with AUC {rank_auc(held, entry.log_odds):.3f}")

    def _report(self, entry: Entry) -> None:
        bench = self.bench
        self._note_best(entry)
        if bench.spec.trials is None:
            if bench.deadline.now() - self.said_at < _SAY_EVERY_SECONDS:
                return
            self.said_at = bench.deadline.now()
        n, wanted = len(bench.configs), bench.spec.trials
        if wanted is not None:
            done = sum(len(e) for e in bench.entries.values()) / (wanted * len(bench.all_folds))
        else:
            done = 1 - bench.deadline.remaining() / bench.total if bench.total > 0 else 1.0
        fraction = min(1.0, max(0.0, done)) if np.isfinite(done) else 0.0
        self.say("search", fraction, f"{n} candidates tried; best so far: {self.best[1]}.")


def _close(run: _Run, encoder: Encoder, note: str, start: float, entity: np.ndarray | None) -> SearchResult:
    bench = run.bench
    configs = bench.complete() or _most_complete(bench)
    if not configs:
        refused = "; ".join(bench.refused())
        raise Cancelled(
            "WB-S06",
            "The time ended before a single model was fitted." + (f" Refused: {refused}" if refused else ""),
            "Give a larger budget.",
        )
    weights = Blend(bench).weights(configs)
    chosen = [(c, float(w)) for c, w in zip(configs, weights, strict=True) if w > 0]
    chosen.sort(key=lambda one: -one[1])  # where time runs short, the heaviest is refitted first
    blend = np.sum([w * bench.out_of_fold(c) for c, w in chosen], axis=0)
    seen = ~np.isnan(blend)
    calibration = calibrate(
        bench.y[seen],
        blend[seen],
        None if entity is None else pd.factorize(entity)[0][seen],
        None if bench.weights is None else bench.weights[seen],
    )
    members = _members(bench, chosen)
    share = {c.id: w for c, w in chosen}
    rows = [
        _row(bench, i, c, share.get(c.id, 0.0), _fate(run, c, share)) for i, c in enumerate(bench.tried())
    ]
    failed = [(c, f) for c, f in bench.failures.values() if c.id not in bench.entries]
    rows += [
        Row(len(rows) + i, c.family, c.label, nan, nan, nan, 0, 0.0, f.fate)
        for i, (c, f) in enumerate(failed)
    ]
    problems = [*(bench.journal.problems if bench.journal else []), *run.past.problems]
    return SearchResult(
        model=Ensemble(encoder, members, calibration, bench.spec.threads),
        leaderboard=leaderboard(rows, folds=len(bench.all_folds)),
        oof_log_odds=calibration(blend),
        n_trials=len(rows),
        seconds=bench.deadline.now() - start,
        skipped=(*bench.refused(), *problems),
        failures=tuple((f"{c.label}: {f.reason}", f.trace) for c, f in bench.failures.values() if f.trace),
        past=_remembered(run, frozenset(share)),
        taken_over=run.taken_over,
        note=note,
    )


def _facts(bench: Bench) -> TableFacts:
    columns = max(1, len(bench.data.active))
    return TableFacts(
        len(bench.y),
        columns,
        len(bench.data.categories) / columns,
        float(np.clip(bench.y.mean(), 1e-6, 1 - 1e-6)),
    )


def _remembered(run: _Run, blended: frozenset[str]) -> PastSearch:
    bench = run.bench
    losses = [(c, bench.loss(c)) for c in bench.complete()]
    rate = run.facts.event_share
    unit = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    best = min((loss for _, loss in losses), default=0.0)
    return PastSearch(run.facts, tuple((c, float((loss - best) / unit)) for c, loss in losses), blended)


def _members(bench: Bench, chosen: Sequence[tuple[Config, float]]) -> tuple[Member, ...]:
    if bagged(bench):
        taken = in_turn([w for _, w in chosen], [sorted(bench.entries[c.id]) for c, _ in chosen])
        return tuple(
            Member(c, w, tuple(bench.entries[c.id][f].model for f in folds))
            for (c, w), folds in zip(chosen, taken, strict=True)
        )
    models = bench.refits([c for c, _ in chosen])
    members = []
    for config, weight in chosen:
        model = models.get(config.id)
        if model is None:
            # no time for all rows: the fold that learned from the most rows stands in
            widest = max(bench.entries[config.id], key=lambda f: len(bench.folds[f][0]))
            model = bench.entries[config.id][widest].model
        members.append(Member(config, weight, (model,)))
    return tuple(members)


def _most_complete(bench: Bench) -> list[Config]:
    """With no candidate on all folds: the one with the most."""
    order: Callable[[str], int] = lambda i: len(bench.entries[i])  # noqa: E731
    return [bench.configs[max(bench.entries, key=order)]] if bench.entries else []


def _fate(run: _Run, config: Config, share: Mapping[str, float]) -> str:
    """What became of a candidate, in one sentence."""
    bench = run.bench
    if config.id in share:
        return "in the blend"
    if config.id in bench.failures:
        return bench.failures[config.id][1].fate
    if all(f in bench.entries[config.id] for f in bench.all_folds):
        return "the blend is no better with it"
    return run.plan.why.get(config.id, "the time was up before its other folds ended")


def _row(bench: Bench, trial: int, config: Config, weight: float, why: str) -> Row:
    oof = bench.out_of_fold(config)
    seen = ~np.isnan(oof)
    entries = bench.entries[config.id].values()
    return Row(
        trial,
        config.family,
        config.label,
        rank_auc(bench.y[seen], oof[seen]),
        bench.loss(config),
        float(sum(e.seconds for e in entries)),
        len(entries),
        weight,
        why,
    )


def _directions(encoder: Encoder, asked: Mapping[str, int]) -> dict[int, int]:
    """Column number -> 1 or -1. Raises UsageError WB-S13 for a column that is absent or holds no numbers."""
    kinds = {column.name: column.kind for column in encoder.columns}
    for name, direction in asked.items():
        if name not in kinds:
            raise UsageError(
                "WB-S13", f"there is no column '{name}' to rise or fall with.", did_you_mean(name, kinds)
            )
        if kinds[name] == "category":
            raise UsageError(
                "WB-S13", f"column '{name}' holds levels: only with a number can the outcome rise or fall."
            )
        if direction not in (1, -1):
            raise UsageError("WB-S13", f"a direction is 1 or -1, but '{name}' has {direction!r}.")
    return {encoder.names.index(name): direction for name, direction in asked.items()}


def _checked(X: pd.DataFrame, y: np.ndarray) -> np.ndarray:
    y = np.asarray(y)
    if len(y) != len(X):
        raise DataError("WB-S05", f"X has {len(X)} rows, but y has {len(y)}.", "Give one label per row.")
    values = set(np.unique(y).tolist())
    if values != {0, 1}:
        raise DataError(
            "WB-S04",
            f"A search needs labels 0 and 1, both present, but y holds {sorted(values)[:5]}.",
            "Encode the event as 1 and everything else as 0.",
        )
    return y.astype(np.float64)


def _usable(folds: Folds, y: np.ndarray, seed: int) -> Folds:
    """The folds whose training rows hold both classes; if none does, one fold that holds out what it trains on."""
    kept = [(np.asarray(a), np.asarray(b)) for a, b in folds if len(b) and 0 < y[a].sum() < len(a)]
    if kept:
        return kept
    everything = np.arange(len(y))
    return [(everything, everything)]
