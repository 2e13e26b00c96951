"""Local search near the best candidate: FLAML's frugal direct search (CFO) proposes the next steps."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from workbench.search.learners.contract import Config
from workbench.search.study import SPACES, Outcome, Range, inside, rounded


def near(family: str, outcomes: Sequence[Outcome], n: int, *, seed: int) -> list[Config]:
    """`n` configurations one step from the best of `family`, in random directions and their opposites.

    The method is FLOW2 (Q. Wu, C. Wang, S. Huang, "Frugal optimization for cost-related hyperparameters", 2021).
    Each call starts anew at the best outcome, so a resumed search proposes what an unbroken one would.
    """
    from flaml.tune.searcher.flow2 import FLOW2

    own = [o for o in outcomes if o.config.family == family]
    if not own or n < 1:
        return []
    logging.getLogger("flaml.tune.searcher.flow2").setLevel(logging.WARNING)
    best = min(own, key=lambda o: o.loss)
    ranges = {name: r for name, r in SPACES[family].items() if inside(best.config, name, r) is not None}
    searcher = FLOW2(
        init_config={name: inside(best.config, name, r) for name, r in ranges.items()},
        metric="loss",
        mode="min",
        space={name: _domain(r) for name, r in ranges.items()},
        seed=seed + 104_729 * len(own),
    )
    found: list[Config] = []
    for step in range(4 * n):
        point = searcher.suggest(f"{step}")
        if point is None or len(found) == n:
            break
        candidate = best.config.with_params(**{name: rounded(point[name], r) for name, r in ranges.items()})
        if candidate.id != best.config.id and candidate not in found:
            found.append(candidate)
        # unknown yet: told as no better than the best, so that the next step starts there too
        searcher.on_trial_complete(f"{step}", {"loss": best.loss, "time_total_s": 1.0, "config": point})
    return found


def _domain(r: Range) -> Any:
    from flaml import tune

    if r.whole:
        of = tune.lograndint if r.log else tune.randint
        return of(int(r.low), int(r.high) + 1)  # FLAML's upper end is exclusive
    return tune.loguniform(r.low, r.high) if r.log else tune.uniform(r.low, r.high)
