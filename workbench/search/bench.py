"""The search's workbench: has folds of candidates fitted side by side within the time, and remembers what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from workbench.search.budget import Deadline
from workbench.search.calibration import log_loss
from workbench.search.crew import Crew, Failure, LocalCrew, ProcessCrew, ThreadCrew
from workbench.search.fitting import ALL_ROWS, Fitter, Job, Made
from workbench.search.journal import Entry, Journal
from workbench.search.learners import LEARNERS, Config, Fitted
from workbench.search.narrowing import KEPT
from workbench.search.spec import SearchSpec

_SHARES = {"catboost": 0.2, "lightgbm": 0.12, "xgboost": 0.12, "logistic": 0.06}
"""Part of the whole time that one candidate may take over all its folds."""

_CELLS_PER_SECOND = {"catboost": 0.5e6, "lightgbm": 1.2e6, "xgboost": 0.8e6, "logistic": 0.25e6}
"""Rows x columns that one busy core can read in and still learn from, per second of a slot: with more, the slot
would be over before the first tree, so the fit gets a sample of its rows."""
_COPIES = {"catboost": 3, "lightgbm": 2, "xgboost": 3, "logistic": 6}
"""How many times its training rows, as float64, a family holds in memory during a fit."""
_LEAST_ROWS = 5_000
_TAIL = 0.02  # of the time, in which no fit is begun or still running
_LOGISTIC_ROWS = 100_000  # a hundred weights are known well enough from these


class Bench:
    """Live state of one search: entries by candidate and fold, and the crew that fills them."""

    def __init__(
        self,
        fitter: Fitter,
        *,
        spec: SearchSpec,
        deadline: Deadline,
        journal: Journal | None,
    ) -> None:
        self.data, self.y, self.folds, self.weights = fitter.data, fitter.y, fitter.folds, fitter.weights
        self.spec, self.deadline, self.journal = spec, deadline, journal
        for learner in LEARNERS.values():
            learner.prepare()
        self.total = deadline.remaining()
        self.entries: dict[str, dict[int, Entry]] = {}
        self.configs: dict[str, Config] = {}
        self.failures: dict[str, tuple[Config, Failure]] = {}
        self.running: set[tuple[str, int]] = set()
        self._order: dict[str, int] = {}
        self._here = ThreadCrew(fitter, spec.threads, deadline)
        self.crew = _crew(fitter, spec, deadline, self._here)
        self._lateness = 1.0  # how far fits outran their slots: a busy machine gets smaller samples
        for entry in journal.read() if journal else []:
            self._add(entry)

    @property
    def all_folds(self) -> range:
        """The numbers of the folds: every candidate is judged on all of them."""
        return range(len(self.folds))

    def close(self) -> None:
        self.crew.close()
        self._here.close()

    def refused(self) -> list[str]:
        """The candidates that came to nothing, and why."""
        return [f"{config.label}: {failure.reason}" for config, failure in self.failures.values()]

    def has(self, config: Config, fold: int) -> bool:
        return fold in self.entries.get(config.id, {})

    def tried(self) -> list[Config]:
        """Candidates with at least one fold, in the order in which they were asked for, whichever ended first."""
        return sorted(self.configs.values(), key=lambda c: self._order.get(c.id, len(self._order)))

    def complete(self) -> list[Config]:
        """Candidates with all folds, in the same order."""
        return [c for c in self.tried() if all(f in self.entries[c.id] for f in self.all_folds)]

    def seconds(self, config: Config) -> float:
        """Mean seconds of one fit of this candidate, or of its family, or of its slot."""
        own = [e.seconds for e in self.entries.get(config.id, {}).values()]
        if not own:
            own = [
                e.seconds
                for i, es in self.entries.items()
                if self.configs[i].family == config.family
                for e in es.values()
            ]
        if own:
            return float(np.mean(own))
        slot = self.slot_seconds(config)
        return 0.0 if slot is None else 0.7 * slot

    def slot_seconds(self, config: Config) -> float | None:
        if self.spec.repeatable or not self.deadline.limited:
            return None
        return _SHARES[config.family] * self.total * self.crew.size / max(2, len(self.all_folds))

    def run(
        self,
        tasks: Iterable[tuple[Config, int]],
        *,
        slot: float | None = None,
        after: Callable[[Entry], None] | None = None,
        here: bool = False,
    ) -> None:
        """Fits the (candidate, fold) pairs that are not there yet, in order, as long as there is time.

        `here`: in this process, even if others are hired, which may still be starting.
        """
        listed = list(tasks)
        for config, _ in listed:
            self._order.setdefault(config.id, len(self._order))
        queue = iter(listed)
        self.serve(lambda: next(queue, None), slot=slot, after=after, here=here)

    def serve(
        self,
        source: Callable[[], tuple[Config, int] | None],
        *,
        slot: float | None = None,
        after: Callable[[Entry], None] | None = None,
        here: bool = False,
    ) -> None:
        """Asks `source` for the next fit whenever the crew has room, until it has none and all have ended."""
        crew = self._here if here else self.crew
        while True:
            while len(self.running) < crew.size and not self.deadline.over():
                task = source()
                if task is None:
                    break
                if self._worth_starting(*task):
                    self._start(*task, slot, crew)
            if not self.running:
                return
            for job, made in crew.finished():
                self.running.discard((job.config.id, job.fold))
                self._collect(job, made, after)

    def _worth_starting(self, config: Config, fold: int) -> bool:
        if self.has(config, fold) or (config.id, fold) in self.running or config.id in self.failures:
            return False
        return not self._too_large(config) and self._fits_in(config)

    def _start(self, config: Config, fold: int, slot: float | None, crew: Crew) -> None:
        seconds = self.slot_seconds(config) if slot is None else slot
        rows = len(self.y) if fold == ALL_ROWS else len(self.folds[fold][0])
        job = Job(config, fold, self._params(config), seconds, self._most_rows(config, rows, seconds))
        self._order.setdefault(config.id, len(self._order))
        self.running.add((config.id, fold))
        crew.start(job)

    def _fits_in(self, config: Config) -> bool:
        """Whether a fit begun now can end by itself; the very first one always may."""
        if not self.entries or not self.deadline.limited:
            return True
        return self.seconds(config) <= self.deadline.remaining() - _TAIL * self.total

    def _too_large(self, config: Config) -> bool:
        """Whether side-by-side fits of this family would pass the memory limit; then it has failed, with the reason."""
        if self.spec.memory_mb is None:
            return False
        rows = max(len(train) for train, _ in self.folds)
        if config.family == "logistic":
            rows = min(rows, _LOGISTIC_ROWS)
        cells = rows * max(1, min(len(self.data.active), KEPT))
        needed = cells * 8 * _COPIES[config.family] * self.spec.side_by_side / 2**20
        if needed > self.spec.memory_mb:
            reason = f"needs about {needed:,.0f} MB, and the limit is {self.spec.memory_mb:,} MB"
            self._fail(config, Failure(reason, begun=False))
            return True
        return False

    def _most_rows(self, config: Config, rows: int, seconds: float | None) -> int | None:
        """How many training rows this family can take in within its slot; None if all of them."""
        limit = _LOGISTIC_ROWS if config.family == "logistic" else rows
        if seconds is not None:
            cells = _CELLS_PER_SECOND[config.family] * seconds / self._lateness
            columns = max(1, min(len(self.data.active), KEPT))
            limit = min(limit, max(_LEAST_ROWS, int(cells / columns)))
        return None if limit >= rows else limit

    def _collect(self, job: Job, made: Made | Failure, after: Callable[[Entry], None] | None) -> None:
        if isinstance(made, Failure):
            # a library refuses this table, crashes or takes too much: the others go on, and the leaderboard says so
            if not made.out_of_time:
                self._fail(job.config, made)
            return
        if made.cut_short and self.entries:
            return  # ended by the deadline, not by its own stopping rule: not comparable, and not needed
        if job.seconds:
            self._lateness = max(self._lateness, min(4.0, made.seconds / job.seconds))
        entry = Entry(job.config, job.fold, made.log_odds, made.seconds, made.model.settled, made.model)
        self._add(entry)
        if self.journal:
            self.journal.write(entry)
        if after:
            after(entry)

    def _fail(self, config: Config, failure: Failure) -> None:
        self.failures[config.id] = (config, failure)

    def _add(self, entry: Entry) -> None:
        self.configs.setdefault(entry.config.id, entry.config)
        self.entries.setdefault(entry.config.id, {})[entry.fold] = entry

    def _params(self, config: Config) -> dict[str, object]:
        """The candidate's parameters; once one fold has settled on a learning rate, the others follow it."""
        params = dict(config.params)
        done = self.entries.get(config.id)
        if done and not self.spec.repeatable:
            first = next(iter(done.values())).settled
            if "learning_rate" in first:
                params |= {"learning_rate": first["learning_rate"], "settled": True}
        return params

    def refits(self, configs: Sequence[Config]) -> dict[str, Fitted]:
        """One model on all rows for each candidate, with the rounds that its folds found best, as far as time allows."""
        waiting = [c for c in configs if self._time_to_refit(c)]
        made: dict[str, Fitted] = {}
        under_way = 0
        while waiting or under_way:
            while waiting and under_way < self.crew.size:
                self.crew.start(self._refit_job(waiting.pop(0)))
                under_way += 1
            for job, one in self.crew.finished():
                under_way -= 1
                if isinstance(one, Made) and not one.cut_short:
                    made[job.config.id] = one.model
        return made

    def _time_to_refit(self, config: Config) -> bool:
        widest = max(len(self.folds[f][0]) for f in self.entries[config.id])
        return 1.2 * self.seconds(config) * len(self.y) / widest <= self.deadline.remaining()

    def _refit_job(self, config: Config) -> Job:
        entries = self.entries[config.id]
        params = dict(config.params)
        first = next(iter(entries.values())).settled
        if "learning_rate" in first:
            # more rows carry somewhat more rounds than a fold's
            rounds = round(1.05 * float(np.mean([e.settled["rounds"] for e in entries.values()])))
            params |= {"learning_rate": first["learning_rate"], "rounds": max(1, rounds), "settled": True}
        if "strength" in first:
            params["strength"] = float(
                np.exp(np.mean([np.log(e.settled["strength"]) for e in entries.values()]))
            )
        most = self._most_rows(config, len(self.y), self.slot_seconds(config))
        return Job(config, ALL_ROWS, params, None, most)

    def out_of_fold(self, config: Config) -> np.ndarray:
        """Mean log-odds per row over the folds that held it out; nan where none did."""
        total, times = np.zeros(len(self.y)), np.zeros(len(self.y))
        for fold, entry in sorted(self.entries[config.id].items()):
            valid = self.folds[fold][1]
            total[valid] += entry.log_odds
            times[valid] += 1
        with np.errstate(invalid="ignore"):
            return total / np.where(times > 0, times, np.nan)

    def loss(self, config: Config) -> float:
        oof = self.out_of_fold(config)
        seen = ~np.isnan(oof)
        return log_loss(self.y[seen], oof[seen], None if self.weights is None else self.weights[seen])


def _crew(fitter: Fitter, spec: SearchSpec, deadline: Deadline, here: ThreadCrew) -> Crew:
    local: LocalCrew = here
    if spec.workers > 1:
        limit = None if spec.memory_mb is None else spec.memory_mb / spec.workers
        local = ProcessCrew(fitter, spec.workers, deadline, memory_mb=limit)
    if spec.study is None:
        return local
    from workbench.search.crew.shared import SharedCrew  # late: few searches need a database
    from workbench.store.studies import Studies

    return SharedCrew(local, fitter, deadline, Studies.open(spec.study))
