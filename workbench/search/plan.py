"""What a search by the clock fits next: breadth first, then depth where it pays, then local search."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from workbench.search.bench import Bench
from workbench.search.blend import Blend, bagged, widest
from workbench.search.flaml_search import near
from workbench.search.learners import Config
from workbench.search.study import Outcome, propose

Task = tuple[Config, int]

_BREADTH = 5  # candidates whose first fold comes before anyone's second
_NEAR = 3  # standard errors: a blend gains from candidates that are worse, and two would leave them out
_PATIENCE = 12  # candidates of the local search without gain before it ends
_GAIN = 3e-4  # of the log-loss: less is noise
_CLOSING_SHARE = 0.02  # of the time, for blending and calibrating
_REFITTED = 3  # members for whose refit time is kept, where folds run forward in time
_FAMILIES = ("lightgbm", "catboost", "lightgbm", "catboost")  # a round of the local search
_DECIDED_BY = 20_000  # rows: more would cost time and decide the same


class Plan:
    """Asked whenever a fit may begin. No worker waits for another: what is known by then decides.

    A candidate's first fold decides whether its other folds are fitted: if its loss is within three standard errors of the
    best one's. A fold is given once.
    """

    def __init__(self, bench: Bench, portfolio: Sequence[Config]) -> None:
        self.bench = bench
        self.why: dict[str, str] = {}  # candidate -> why it went no further
        self._queue = deque(portfolio)
        self._given: set[tuple[str, int]] = set()
        self._started = 0
        self._deep: list[Config] = []
        self._judged = -1
        self._wanted: list[Config] = []
        self._blend = Blend(bench)
        self._level, self._stale, self._seen = float("inf"), 0, 0
        self._rounds = 0
        self._late = False  # no new candidate can be fitted in the time that is left

    @property
    def exhausted(self) -> bool:
        """Whether local search ended because nothing was gained any more."""
        return self._stale >= _PATIENCE

    def next(self) -> Task | None:
        if self._started < _BREADTH:
            return self._broader() or self._deeper()
        return self._deeper() or self._broader() or self._nearer()

    def _give(self, config: Config, fold: int) -> Task | None:
        if (config.id, fold) in self._given or self.bench.has(config, fold):
            return None
        self._given.add((config.id, fold))
        return config, fold

    def _broader(self) -> Task | None:
        """The first fold of the next candidate that can still be fitted on all its folds."""
        first = self.bench.all_folds[0]
        while self._queue:
            config = self._queue.popleft()
            self._started += 1
            if not self._room(config):
                self.why[config.id] = "no time was left for its folds"
                continue
            task = self._give(config, first)
            if task:
                return task
        return None

    def _deeper(self) -> Task | None:
        """The next missing fold of a candidate that is worth it."""
        self._judge()
        for config in self._deep:
            for fold in self.bench.all_folds:
                task = self._give(config, fold)
                if task:
                    return task
        for config in self._wanted:
            if config in self._deep:
                continue
            if not self._room(config):
                self.why[config.id] = "no time was left for its other folds"
                continue
            self.why.pop(config.id, None)
            self._deep.append(config)
            return self._deeper()
        return None

    def _judge(self) -> None:
        """Whose other folds are wanted, by the first folds that have ended, the most useful first."""
        bench = self.bench
        first = bench.all_folds[0]
        seen = [c for c in bench.tried() if first in bench.entries[c.id]]
        if not seen or len(seen) == self._judged:
            return
        self._judged = len(seen)
        held = bench.folds[first][1]
        y, counts_as = bench.y[held], None if bench.weights is None else bench.weights[held]
        scores = np.stack([bench.entries[c.id][first].log_odds for c in seen])
        losses = np.logaddexp(0.0, scores) - y * scores
        if counts_as is not None:
            losses = losses * counts_as / counts_as.mean()
        means = losses.mean(axis=1)
        best = losses[int(np.argmin(means))]
        wanted = []
        for config, loss, mean in zip(seen, losses, means, strict=True):
            gap = loss - best
            if gap.mean() <= _NEAR * float(gap.std() / np.sqrt(len(gap))):
                wanted.append((float(mean), config))
            elif len(bench.entries[config.id]) < len(bench.all_folds):
                self.why[config.id] = (
                    f"worse by {gap.mean():.4f} log-loss on the first fold, more than {_NEAR} standard errors"
                )
        self._wanted = [c for _, c in sorted(wanted, key=lambda w: w[0])]

    def _nearer(self) -> Task | None:
        """A first fold near what is good so far, until nothing has been gained for a while."""
        self._notice_gain()
        if self.exhausted or self._late:
            return None
        self._queue.extend(self.proposals(len(_FAMILIES), self.bench.tried()))
        task = self._broader()
        self._late = task is None and not self.bench.running
        return task

    def _notice_gain(self) -> None:
        complete = self.bench.complete()
        if len(complete) == self._seen:
            return
        now = self._blend.loss(complete, max_rows=_DECIDED_BY)
        fresh, self._seen = len(complete) - self._seen, len(complete)
        self._stale = 0 if now < self._level * (1 - _GAIN) else self._stale + fresh
        self._level = min(self._level, now)

    def proposals(self, n: int, tried: Sequence[Config]) -> list[Config]:
        """Up to `n` new candidates: one round steps away from the best, the next samples where the good ones lie."""
        bench = self.bench
        complete = {c.id for c in bench.complete()}
        outcomes = [Outcome(c, bench.loss(c)) for c in tried if c.id in complete]
        known = {c.id for c in tried} | set(bench.failures) | {i for i, _ in self._given} | set(self.why)
        have = {o.config.family for o in outcomes}
        asked = [f for f in _FAMILIES if f in have] or sorted(have)
        fresh: list[Config] = []
        self._rounds += 1
        for family in dict.fromkeys(asked[:n] if len(asked) >= n else asked):
            count = max(1, round(n * asked.count(family) / len(asked)))
            ask = near if self._rounds % 2 == 0 else propose
            for config in ask(family, outcomes, count, seed=bench.spec.seed + len(tried)):
                if config.id not in known and len(fresh) < n:
                    known.add(config.id)
                    fresh.append(config)
        return fresh

    def _room(self, config: Config) -> bool:
        """Whether this candidate's main folds can still end in time, after those that are promised already."""
        bench = self.bench
        missing = sum((config.id, f) not in self._given and not bench.has(config, f) for f in bench.all_folds)
        promised = sum(bench.seconds(c) for c in self._deep for f in bench.all_folds if (c.id, f) not in self._given and not bench.has(c, f))  # fmt: skip
        cost = bench.seconds(config) * missing + promised
        return cost / bench.crew.size <= bench.deadline.remaining() - self.closing()

    def closing(self) -> float:
        """Seconds kept for the end: blending, and refitting where fold models do not make the ensemble."""
        bench = self.bench
        if not bench.deadline.limited:
            return 0.0
        closing = _CLOSING_SHARE * bench.total
        if bagged(bench):
            return closing
        best = sorted(bench.complete(), key=bench.loss)[:_REFITTED]
        return closing + 1.3 * sum(bench.seconds(c) for c in best) / bench.crew.size / widest(bench)
