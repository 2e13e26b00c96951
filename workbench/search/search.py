"""The search: from encoded rows and folds to a calibrated ensemble, inside its budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.errors import Cancelled, DataError
from workbench.progress import Progress, silent
from workbench.search.bench import Bench
from workbench.search.budget import Deadline
from workbench.search.calibration import calibrate, log_loss
from workbench.search.encoder import Encoder
from workbench.search.ensemble import Ensemble, Member
from workbench.search.fitting import Fitter, Folds
from workbench.search.flaml_search import near
from workbench.search.journal import Entry, Journal, fingerprint
from workbench.search.leaderboard import Row, leaderboard, rank_auc
from workbench.search.learners import Config
from workbench.search.portfolio import FLOOR, PORTFOLIO
from workbench.search.selection import greedy_weights
from workbench.search.spec import SearchSpec
from workbench.search.study import Outcome, propose

_BREADTH = 7  # candidates of the first wave: every family once
_WAVE = 3
_FLOOR_SHARE = 0.08
_FLOOR_SECONDS = 1.5
_CLOSING_SHARE = 0.02  # of the time, for blending and calibrating
_MOST = 0.75  # of the rows: a model that saw these gains little from a refit on all
_REFITTED = 3  # members for whose refit time is kept, where folds run forward in time
_PATIENCE = 3  # waves of local search without gain before the search ends early
_SAY_EVERY_SECONDS = 0.25
_GAIN = 3e-4  # of the log-loss: less is noise
_FAMILIES = ("lightgbm", "catboost", "lightgbm", "xgboost")  # a wave of the local search


@dataclass(frozen=True)
class SearchResult:
    """What a search found."""

    model: Ensemble
    leaderboard: pd.DataFrame  # trial, family, config, auc, logloss, seconds, folds, weight
    oof_log_odds: np.ndarray  # calibrated, per row of X; nan where no fold held the row out
    n_trials: int
    seconds: float
    skipped: tuple[str, ...]  # candidates that a library refused, journal lines passed over, and why
    note: str = ""  # why the search ended: budget used, asked to finish, or no further gain


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
) -> SearchResult:
    """The best blend of boosters and regressions that the folds can find before `deadline`.

    `y` holds 0 and 1 (1 = event). `folds` are (train, valid) row numbers; a second and third pass over the rows
    (repeats) may follow the first. Where the first pass holds out nearly every row once, a member is the mean of
    its fold models; otherwise (forward in time, one hold-out) members are refitted on all rows.

    With `spec.trials` the clock decides nothing and the result repeats exactly. With `journal` (a folder)
    finished folds are kept, and the same call after a crash goes on from there. `entity` (one value per row) keeps
    a customer's rows together where the calibration checks itself.

    Raises DataError WB-S04 if `y` has one class only, Cancelled WB-S06 if time ran out before any fit ended.
    """
    from threadpoolctl import threadpool_limits

    y = _checked(X, y)
    say = progress or silent
    encoder = Encoder.fit(X)
    data = encoder.transform(X)
    folds = _usable(folds, y, spec.seed)
    mark = fingerprint(data, y, folds, seed=spec.seed, repeatable=spec.repeatable) if journal else ""
    start = deadline.now()
    fitter = Fitter(data, y, folds, seed=spec.seed)
    bench = Bench(fitter, spec=spec, deadline=deadline, journal=Journal(journal, mark) if journal else None)
    run = _Run(bench, say)
    # fits run side by side already: a matrix product that spreads over all cores would only make them wait
    with threadpool_limits(limits=1, user_api="blas"), closing(bench):
        note = run.trials() if spec.trials is not None else run.timed()
        return _close(run, encoder, note, start, entity)


class _Run:
    """The order in which things are tried."""

    def __init__(self, bench: Bench, say: Progress) -> None:
        self.bench = bench
        self.say = say
        self.best = (float("inf"), "")
        self.said_at = float("-inf")
        self.local_waves = 0

    def trials(self) -> str:
        """Exactly `spec.trials` candidates, each on all main folds: repeatable to the last digit."""
        bench = self.bench
        wanted = bench.spec.trials or 0
        tried = list(PORTFOLIO[:wanted])
        bench.run([(c, f) for c in tried for f in bench.main], after=self._report)
        while len(tried) < wanted and not bench.deadline.over():
            fresh = self._proposals(min(len(_FAMILIES), wanted - len(tried)), tried)
            bench.run([(c, f) for c in fresh for f in bench.main], after=self._report)
            tried += fresh
        return f"All {wanted} trials done."

    def timed(self) -> str:
        bench = self.bench
        slot = _FLOOR_SHARE * bench.total * bench.spec.side_by_side / max(2, len(bench.main))
        slot = max(slot, min(_FLOOR_SECONDS, 0.25 * bench.total))  # libraries need a moment to start
        bench.run([(FLOOR, bench.main[0])], slot=slot, after=self._report, here=True)
        bench.run([(c, f) for c in PORTFOLIO[:2] for f in bench.main], slot=slot, after=self._report)
        rest = [*PORTFOLIO[2:]]
        sizes = [_BREADTH - 2] + [_WAVE] * len(rest)
        for size in sizes:
            wave, rest = [c for c in rest[:size] if self._room(c)], rest[size:]
            if wave:
                self._wave(wave)
        note = self._local()
        self._repeats()
        if bench.deadline.finish_requested():
            return "Finished on request with the best so far."
        return note if not bench.deadline.over() else "The budget is used."

    def _wave(self, wave: Sequence[Config]) -> None:
        """First folds of all, then the remaining folds of those that are not both worse and redundant."""
        bench = self.bench
        first = bench.main[0]
        bench.run([(c, first) for c in wave if self._room(c, folds=1)], after=self._report)
        spent = 0.0
        admitted: list[tuple[Config, int]] = []
        for config in self._wanted(wave):
            missing = [f for f in bench.main if not bench.has(config, f)]
            cost = bench.seconds(config) * len(missing) / bench.spec.side_by_side
            if spent + cost <= bench.deadline.remaining() - self._closing():
                spent += cost
                admitted += [(config, f) for f in missing]
        bench.run(admitted, after=self._report)

    def _wanted(self, wave: Sequence[Config]) -> list[Config]:
        bench = self.bench
        first = bench.main[0]
        seen = [c for c in bench.tried() if first in bench.entries[c.id]]
        if not seen:
            return []
        y = bench.y[bench.folds[first][1]]
        scores = np.stack([bench.entries[c.id][first].log_odds for c in seen])
        weights = dict(
            zip((c.id for c in seen), greedy_weights(y, scores, seed=bench.spec.seed), strict=True)
        )
        losses = np.logaddexp(0.0, scores) - y * scores
        best = losses[int(np.argmin(losses.mean(axis=1)))]
        kept = []
        for config, loss in zip(seen, losses, strict=True):
            gap = loss - best
            error = float(gap.std() / np.sqrt(len(gap)))
            if config in wave and (weights[config.id] > 0 or gap.mean() <= 2 * error):
                kept.append((-weights[config.id], float(loss.mean()), config))
        return [c for _, _, c in sorted(kept, key=lambda k: k[:2])]

    def _local(self) -> str:
        """Waves around what is good so far, until the time is used or three waves in a row gained nothing."""
        bench = self.bench
        stale, level = 0, self._blend_loss()
        while not bench.deadline.over():
            affordable = [c for c in self._proposals(len(_FAMILIES), bench.tried()) if self._room(c)]
            if not affordable:
                return "The budget is used."
            before = len(bench.entries)
            self._wave(affordable)
            if len(bench.entries) == before:
                return "The budget is used."
            now = self._blend_loss()
            stale = 0 if now < level * (1 - _GAIN) else stale + 1
            level = min(level, now)
            if stale >= _PATIENCE:
                return "Ended before its budget: further candidates no longer improved the blend."
        return "The budget is used."

    def _proposals(self, n: int, tried: Sequence[Config]) -> list[Config]:
        bench = self.bench
        complete = {c.id for c in bench.complete()}
        outcomes = [Outcome(c, bench.loss(c)) for c in tried if c.id in complete]
        known = {c.id for c in tried} | set(bench.failures)
        have = {o.config.family for o in outcomes}
        asked = [f for f in _FAMILIES if f in have] or sorted(have)
        fresh: list[Config] = []
        self.local_waves += 1
        for family in dict.fromkeys(asked[:n] if len(asked) >= n else asked):
            count = max(1, round(n * asked.count(family) / len(asked)))
            # one wave steps away from the best, the next one samples where the good ones lie
            ask = near if self.local_waves % 2 == 0 else propose
            for config in ask(family, outcomes, count, seed=bench.spec.seed + len(tried)):
                if config.id not in known and len(fresh) < n:
                    known.add(config.id)
                    fresh.append(config)
        return fresh

    def _repeats(self) -> None:
        """Further passes over the rows for the blend's members: less noise in the choice, and larger bags."""
        bench = self.bench
        for group in bench.groups[1:]:
            complete = bench.complete()
            if len(complete) < 1 or bench.deadline.over():
                return
            weights = self._weights(complete)
            members = [c for c, w in zip(complete, weights, strict=True) if w > 0]
            cost = sum(bench.seconds(c) for c in members) * len(group) / bench.spec.side_by_side
            if cost > bench.deadline.remaining() - self._closing():
                return
            bench.run([(c, f) for c in members for f in group], after=self._report)

    def _weights(self, configs: Sequence[Config]) -> np.ndarray:
        bench = self.bench
        scores = np.stack([bench.out_of_fold(c) for c in configs])
        seen = ~np.isnan(scores).any(axis=0)
        return greedy_weights(bench.y[seen], scores[:, seen], seed=bench.spec.seed)

    def _blend_loss(self) -> float:
        configs = self.bench.complete()
        if not configs:
            return float("inf")
        blend = self._weights(configs) @ np.stack([self.bench.out_of_fold(c) for c in configs])
        seen = ~np.isnan(blend)
        return log_loss(self.bench.y[seen], blend[seen])

    def _room(self, config: Config, folds: int | None = None) -> bool:
        """Whether this candidate's main folds (or the given number of fits) can still end in time."""
        bench = self.bench
        n = len(bench.main) if folds is None else folds
        cost = bench.seconds(config) * n / (bench.spec.side_by_side if n > 1 else 1)
        return cost <= bench.deadline.remaining() - self._closing()

    def _closing(self) -> float:
        """Seconds kept for the end: blending, and refitting where fold models do not make the ensemble."""
        bench = self.bench
        if not bench.deadline.limited:
            return 0.0
        closing = _CLOSING_SHARE * bench.total
        if bagged(bench):
            return closing
        best = sorted(bench.complete(), key=bench.loss)[:_REFITTED]
        return closing + 1.3 * sum(bench.seconds(c) for c in best) / bench.spec.side_by_side / _widest(bench)

    def _report(self, entry: Entry) -> None:
        bench = self.bench
        held = bench.y[bench.folds[entry.fold][1]]
        if entry.fold == bench.main[0]:
            loss = log_loss(held, entry.log_odds)
            if loss < self.best[0]:
                self.best = (loss, f"{entry.config.family} with AUC {rank_auc(held, entry.log_odds):.3f}")
        if bench.spec.trials is None:
            if bench.deadline.now() - self.said_at < _SAY_EVERY_SECONDS:
                return
            self.said_at = bench.deadline.now()
        n, wanted = len(bench.configs), bench.spec.trials
        if wanted is not None:
            done = sum(len(e) for e in bench.entries.values()) / (wanted * len(bench.main))
        else:
            done = 1 - bench.deadline.remaining() / bench.total if bench.total > 0 else 1.0
        fraction = min(1.0, max(0.0, done)) if np.isfinite(done) else 0.0
        self.say("search", fraction, f"{n} candidates tried; best so far: {self.best[1]}.")


def bagged(bench: Bench) -> bool:
    """Whether fold models are the ensemble: together they have seen all rows, or one alone has seen most of them."""
    held = sum(len(bench.folds[f][1]) for f in bench.main)
    if len(bench.main) > 1 and held >= 0.95 * len(bench.y):
        return True
    return len(bench.main) == 1 and _widest(bench) >= _MOST


def _widest(bench: Bench) -> float:
    """Share of all rows that the fold with the most training rows learns from."""
    return max(len(bench.folds[f][0]) for f in bench.main) / len(bench.y)


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
    weights = run._weights(configs)
    chosen = [(c, float(w)) for c, w in zip(configs, weights, strict=True) if w > 0]
    blend = np.sum([w * bench.out_of_fold(c) for c, w in chosen], axis=0)
    seen = ~np.isnan(blend)
    calibration = calibrate(
        bench.y[seen], blend[seen], None if entity is None else pd.factorize(entity)[0][seen]
    )
    members = _members(bench, chosen)
    share = {c.id: w for c, w in chosen}
    rows = [_row(bench, i, c, share.get(c.id, 0.0)) for i, c in enumerate(bench.tried())]
    problems = bench.journal.problems if bench.journal else []
    return SearchResult(
        model=Ensemble(encoder, members, calibration, bench.spec.threads),
        leaderboard=leaderboard(rows, folds=len(bench.main)),
        oof_log_odds=calibration(blend),
        n_trials=len(rows),
        seconds=bench.deadline.now() - start,
        skipped=(*bench.refused(), *problems),
        note=note,
    )


def _members(bench: Bench, chosen: Sequence[tuple[Config, float]]) -> tuple[Member, ...]:
    if bagged(bench):
        return tuple(
            Member(c, w, tuple(e.model for _, e in sorted(bench.entries[c.id].items()))) for c, w in chosen
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


def _row(bench: Bench, trial: int, config: Config, weight: float) -> Row:
    oof = bench.out_of_fold(config)
    seen = ~np.isnan(oof)
    entries = bench.entries[config.id].values()
    return Row(
        trial,
        config.family,
        config.label,
        rank_auc(bench.y[seen], oof[seen]),
        log_loss(bench.y[seen], oof[seen]),
        float(sum(e.seconds for e in entries)),
        len(entries),
        weight,
    )


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
