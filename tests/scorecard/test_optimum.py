"""The dynamic programme against every possible binning."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from workbench.scorecard.optimum import Limits, Merging, best_mergings
from workbench.scorecard.spec import Trend
from workbench.scorecard.woe import information, woe


def follows(evidence: np.ndarray, trend: Trend, gap: float) -> bool:
    """Whether WOE along the bins keeps to a trend, said as plainly as possible."""
    steps = np.diff(evidence)
    up = lambda part: (part >= gap).all() and (part > 0).all()  # noqa: E731
    down = lambda part: up(-part)  # noqa: E731
    if trend == "none":
        return True
    if trend == "ascending":
        return up(steps)
    if trend == "descending":
        return down(steps)
    first, second = (up, down) if trend == "peak" else (down, up)
    return any(first(steps[:k]) and second(steps[k:]) for k in range(len(steps) + 1))


def best_by_enumeration(
    events: np.ndarray, non_events: np.ndarray, trend: Trend, limits: Limits, all1: float, all0: float
) -> dict[int, float]:
    best: dict[int, float] = {}
    size = len(events)
    for bins in range(1, min(limits.max_bins, size) + 1):
        for starts in combinations(range(1, size), bins - 1):
            part1 = np.add.reduceat(events, [0, *starts])
            part0 = np.add.reduceat(non_events, [0, *starts])
            if (part1 + part0 < limits.min_rows).any() or min(part1.min(), part0.min()) < limits.min_events:
                continue
            if not follows(
                woe(part1, part0, rate=all1 / (all1 + all0), smoothing=limits.smoothing),
                trend,
                limits.min_woe_gap,
            ):
                continue
            iv = information(
                part1, part0, all_events=all1, all_non_events=all0, smoothing=limits.smoothing
            ).sum()
            best[bins] = max(best.get(bins, -np.inf), iv)
    return best


@pytest.mark.parametrize("trend", ["ascending", "descending", "peak", "valley", "none"])
@pytest.mark.parametrize("gap", [0.0, 0.1])
def test_no_binning_that_keeps_the_rules_has_more_information(trend: Trend, gap: float) -> None:
    generator = np.random.default_rng(5)
    for _ in range(12):
        size = int(generator.integers(1, 9))
        events = generator.integers(0, 12, size).astype(float)
        non_events = generator.integers(0, 30, size).astype(float)
        all1, all0 = events.sum() + 3, non_events.sum() + 8  # a missing bin holds the rest
        limits = Limits(max_bins=5, min_rows=12, min_events=2, min_woe_gap=gap, smoothing=0.5)
        truth = best_by_enumeration(events, non_events, trend, limits, all1, all0)
        found = best_mergings(
            events, non_events, trend=trend, limits=limits, all_events=all1, all_non_events=all0
        )
        assert {len(m.starts): pytest.approx(m.iv, abs=1e-12) for m in found} == truth
        for merging in found:
            part1 = np.add.reduceat(events, merging.starts)
            part0 = np.add.reduceat(non_events, merging.starts)
            told = information(part1, part0, all_events=all1, all_non_events=all0, smoothing=0.5).sum()
            assert told == pytest.approx(merging.iv, abs=1e-12)


def test_auto_is_the_four_trends_together() -> None:
    draw = np.random.default_rng(1)
    events, non_events = draw.integers(1, 9, 12).astype(float), draw.integers(5, 30, 12).astype(float)
    limits = Limits(max_bins=6, min_rows=20, min_events=1, min_woe_gap=0.05, smoothing=1)

    def found(trend: Trend) -> list[Merging]:
        return best_mergings(
            events,
            non_events,
            trend=trend,
            limits=limits,
            all_events=events.sum(),
            all_non_events=non_events.sum(),
        )

    trends: tuple[Trend, ...] = ("ascending", "descending", "peak", "valley")
    assert found("auto") == [merging for trend in trends for merging in found(trend)]


def test_woe_and_iv_are_the_textbooks_when_nothing_is_smoothed() -> None:
    """100 events as 20/80, 400 non-events as 300/100: WOE ln(.2/.75) and ln(.8/.25)."""
    events, non_events = np.array([20.0, 80.0]), np.array([300.0, 100.0])
    expected = np.log([0.2 / 0.75, 0.8 / 0.25])
    assert woe(events, non_events, rate=0.2, smoothing=0) == pytest.approx(expected)
    iv = information(events, non_events, all_events=100, all_non_events=400, smoothing=0)
    assert iv.sum() == pytest.approx(-0.55 * expected[0] + 0.55 * expected[1])


def test_an_empty_bin_says_nothing() -> None:
    assert woe(np.array([0.0]), np.array([0.0]), rate=0.07, smoothing=5) == pytest.approx([0.0], abs=1e-12)
