"""The search's workbench: fits folds of candidates side by side within the time, and remembers what came out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import numpy as np

from workbench.search.budget import Deadline, Slot
from workbench.search.calibration import log_loss
from workbench.search.encoder import Encoded
from workbench.search.journal import Entry, Journal
from workbench.search.learners import LEARNERS, Config, FitTask, Fitted
from workbench.search.narrowing import KEPT, strongest
from workbench.search.spec import SearchSpec

Folds = Sequence[tuple[np.ndarray, np.ndarray]]

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
    """Live state of one search: entries by candidate and fold, and the threads that fill them.

    One fit uses one thread and `spec.threads` fits run side by side: on two cores that is faster than one fit on
    two threads, and a fit's numbers do not depend on how many threads the machine has.
    """

    def __init__(
        self,
        data: Encoded,
        y: np.ndarray,
        folds: Folds,
        *,
        spec: SearchSpec,
        deadline: Deadline,
        journal: Journal | None,
    ) -> None:
        self.data, self.y, self.folds = data, y, folds
        self.spec, self.deadline, self.journal = spec, deadline, journal
        for learner in LEARNERS.values():
            learner.prepare()
        self.total = deadline.remaining()
        self.entries: dict[str, dict[int, Entry]] = {}
        self.configs: dict[str, Config] = {}
        self.skipped: dict[str, str] = {}
        self.groups = _groups(folds)
        self._narrowed: dict[int, tuple[int, ...]] = {}
        self._lock = threading.Lock()
        self._lateness = 1.0  # how far fits outran their slots: a busy machine gets smaller samples
        for entry in journal.read() if journal else []:
            self._add(entry)

    @property
    def main(self) -> list[int]:
        """The folds of the first pass over the rows: every candidate is judged on them."""
        return self.groups[0]

    def has(self, config: Config, fold: int) -> bool:
        return fold in self.entries.get(config.id, {})

    def complete(self) -> list[Config]:
        """Candidates with all main folds, in the order in which they were first tried."""
        return [c for i, c in self.configs.items() if all(f in self.entries[i] for f in self.main)]

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
        return _SHARES[config.family] * self.total * self.spec.threads / max(2, len(self.main))

    def run(
        self,
        tasks: Iterable[tuple[Config, int]],
        *,
        slot: float | None = None,
        after: Callable[[Entry], None] | None = None,
    ) -> None:
        """Fits the (candidate, fold) pairs that are not there yet, in order, as long as there is time."""
        todo = [(c, f) for c, f in tasks if not self.has(c, f) and c.id not in self.skipped]
        todo.reverse()
        with ThreadPoolExecutor(max_workers=self.spec.threads) as pool:
            running: dict[Future[Entry | None], Config] = {}
            while todo or running:
                while todo and len(running) < self.spec.threads and not self.deadline.over():
                    config, fold = todo.pop()
                    if self._too_large(config):
                        continue
                    if config.id not in self.skipped and self._fits_in(config):
                        running[pool.submit(self._fit, config, fold, slot)] = config
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    config = running.pop(future)
                    self._collect(future, config, after)

    def _fits_in(self, config: Config) -> bool:
        """Whether a fit begun now can end by itself; the very first one always may."""
        if not self.entries or not self.deadline.limited:
            return True
        return self.seconds(config) <= self.deadline.remaining() - _TAIL * self.total

    def _too_large(self, config: Config) -> bool:
        """Whether side-by-side fits of this family would pass the memory limit; then it is skipped, with the reason."""
        if self.spec.memory_mb is None:
            return False
        rows = max(len(train) for train, _ in self.folds)
        if config.family == "logistic":
            rows = min(rows, _LOGISTIC_ROWS)
        cells = rows * max(1, min(len(self.data.active), KEPT))
        needed = cells * 8 * _COPIES[config.family] * self.spec.threads / 2**20
        if needed > self.spec.memory_mb:
            reason = f"needs about {needed:,.0f} MB, and the limit is {self.spec.memory_mb:,} MB"
            self.skipped[config.id] = f"{config.label}: {reason}"
            return True
        return False

    def _sample(self, train: np.ndarray, config: Config, fold: int, seconds: float | None) -> np.ndarray:
        """The fold's training rows, or as many of them as this family can take in within its slot."""
        limit = _LOGISTIC_ROWS if config.family == "logistic" else len(train)
        if seconds is not None:
            cells = _CELLS_PER_SECOND[config.family] * seconds / self._lateness
            columns = max(1, min(len(self.data.active), KEPT))
            limit = min(limit, max(_LEAST_ROWS, int(cells / columns)))
        if limit >= len(train):
            return train
        rng = np.random.default_rng([self.spec.seed, fold])
        return np.sort(rng.choice(train, limit, replace=False))

    def _columns(self, fold: int) -> tuple[int, ...]:
        """The columns that this fold's fits learn from, chosen once on its own training rows."""
        with self._lock:
            if fold not in self._narrowed:
                train = self.folds[fold][0]
                self._narrowed[fold] = strongest(self.data.take(train), self.y[train])
            return self._narrowed[fold]

    def _collect(
        self, future: Future[Entry | None], config: Config, after: Callable[[Entry], None] | None
    ) -> None:
        failure = future.exception()
        if failure is not None:
            # a library refuses this table (too wide, out of memory): the others go on, and the leaderboard says so
            if not isinstance(failure, _library_errors()):
                raise failure
            self.skipped[config.id] = f"{config.label}: {type(failure).__name__}: {str(failure)[:200]}"
            return
        entry = future.result()
        if entry is None:
            return
        self._add(entry)
        if self.journal:
            self.journal.write(entry)
        if after:
            after(entry)

    def _add(self, entry: Entry) -> None:
        self.configs.setdefault(entry.config.id, entry.config)
        self.entries.setdefault(entry.config.id, {})[entry.fold] = entry

    def _fit(self, config: Config, fold: int, slot_seconds: float | None) -> Entry | None:
        train, valid = self.folds[fold]
        seconds = self.slot_seconds(config) if slot_seconds is None else slot_seconds
        slot = Slot(self.deadline, seconds)
        train = self._sample(train, config, fold, seconds)
        data, held = self.data.take(train), self.data.take(valid)
        task = FitTask(
            train=data.narrowed(self._columns(fold)),
            y=self.y[train],
            valid=held,
            y_valid=self.y[valid],
            params=self._params(config),
            seed=self.spec.seed + fold,
            threads=1,
            slot=slot,
        )
        model = LEARNERS[config.family].fit(task)
        if slot.cut_short() and self.entries:
            return None  # ended by the deadline, not by its own stopping rule: not comparable, and not needed
        if seconds:
            self._lateness = max(self._lateness, min(4.0, slot.elapsed() / seconds))
        log_odds = model.log_odds(held, threads=1)
        if not np.isfinite(log_odds).all():
            raise FloatingPointError("the model's scores are not finite")
        return Entry(config, fold, log_odds, slot.elapsed(), model.settled, model)

    def _params(self, config: Config) -> dict[str, object]:
        """The candidate's parameters; once one fold has settled on a learning rate, the others follow it."""
        params = dict(config.params)
        done = self.entries.get(config.id)
        if done and not self.spec.repeatable:
            first = next(iter(done.values())).settled
            if "learning_rate" in first:
                params |= {"learning_rate": first["learning_rate"], "settled": True}
        return params

    def refit(self, config: Config) -> Fitted | None:
        """One model on all rows, with the rounds that its folds found best; None if there is no time for it."""
        entries = self.entries[config.id]
        widest = max(len(self.folds[f][0]) for f in entries)
        cost = self.seconds(config) * len(self.y) / widest
        if 1.2 * cost > self.deadline.remaining():
            return None
        params = dict(config.params)
        first = next(iter(entries.values())).settled
        if "learning_rate" in first:
            # more rows carry somewhat more rounds than a fold's
            rounds = round(1.05 * float(np.mean([e.settled["rounds"] for e in entries.values()])))
            params |= {"learning_rate": first["learning_rate"], "rounds": max(1, rounds), "settled": True}
        rows = self._sample(np.arange(len(self.y)), config, len(self.folds), self.slot_seconds(config))
        data, y = self.data.take(rows), self.y[rows]
        slot = Slot(self.deadline, None)
        train = data.narrowed(strongest(data, y))
        model = LEARNERS[config.family].fit(FitTask(train, y, None, None, params, self.spec.seed, 1, slot))
        return None if slot.cut_short() else model

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
        return log_loss(self.y[seen], oof[seen])


def _groups(folds: Folds) -> list[list[int]]:
    """Folds grouped into passes: within one, no row is held out twice."""
    groups: list[list[int]] = []
    held: set[int] = set()
    for i, (_, valid) in enumerate(folds):
        rows = set(np.asarray(valid).tolist())
        if not groups or held & rows:
            groups.append([])
            held = set()
        groups[-1].append(i)
        held |= rows
    return groups


def _library_errors() -> tuple[type[BaseException], ...]:
    import catboost
    import lightgbm
    import xgboost

    return (
        catboost.CatBoostError,
        lightgbm.basic.LightGBMError,
        xgboost.core.XGBoostError,
        FloatingPointError,
        MemoryError,
        np.linalg.LinAlgError,
    )
