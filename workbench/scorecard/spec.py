"""What a person may choose about a scorecard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from workbench.errors import UsageError, did_you_mean

Trend = Literal["auto", "ascending", "descending", "peak", "valley", "none"]
"""How the event rate may run over a variable's bins; `auto` lets the data choose among the first four."""


@dataclass(frozen=True)
class CardSpec:
    """How a card is binned, selected and scaled.

    `base_points` are the points at odds of `base_odds`:1, and `pdo` points double the odds. For risk and churn
    the odds are non-event : event (more points, less likely), for response and conversion event : non-event.
    """

    pdo: float = 20
    base_points: float = 600
    base_odds: float = 50
    max_variables: int = 15
    max_bins: int = 8
    min_share: float = 0.02  # of the rows in every ordinary bin
    min_events: int = 0  # events, and non-events, in every ordinary bin; 0 lets a pure bin stand
    min_woe_gap: float = 0.05  # between neighbouring bins
    min_iv: float = 0.02
    max_correlation: float = 0.75  # between the WOE of two variables of the card
    smoothing: float = (
        0.5  # cases of the rarer outcome (and as many of the other as go with them) mixed into each bin
    )
    bin_penalty: float = 6.0  # a further bin must bring more IV than this many times chance would
    max_prebins: int = 50
    screen: int = 150  # with more columns than this, a quick IV decides which are binned exactly
    trends: Mapping[str, Trend] = field(default_factory=dict)  # declared by a person, per variable
    specials: Mapping[str, tuple[float, ...]] = field(
        default_factory=dict
    )  # values that are codes, per variable

    def __post_init__(self) -> None:
        for name, allowed, holds in (
            ("pdo", "> 0", self.pdo > 0),
            ("base_odds", "> 0", self.base_odds > 0),
            ("max_variables", ">= 1", self.max_variables >= 1),
            ("max_bins", ">= 2", self.max_bins >= 2),
            ("min_share", "in [0, 0.5]", 0 <= self.min_share <= 0.5),
            ("max_prebins", ">= 2", self.max_prebins >= 2),
            ("smoothing", "> 0", self.smoothing > 0),
        ):
            if not holds:
                value = getattr(self, name)
                raise UsageError(
                    "WB-C01",
                    f"A scorecard's `{name}` must be {allowed}, but is {value}.",
                    "Change the setting.",
                )
        for column, trend in self.trends.items():
            if trend not in get_args(Trend):
                raise UsageError(
                    "WB-C01",
                    f"No trend is called {trend!r} (declared for {column!r}).",
                    did_you_mean(str(trend), get_args(Trend)),
                )

    def smoothing_rows(self, rate: float) -> float:
        """Rows at the population's event rate that hold `smoothing` cases of the rarer outcome."""
        return self.smoothing / min(rate, 1 - rate)

    def as_dict(self) -> dict[str, Any]:
        stored = asdict(self)
        stored["trends"] = dict(self.trends)
        stored["specials"] = {name: list(values) for name, values in self.specials.items()}
        return stored

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> CardSpec:
        known = dict(stored)
        known["specials"] = {name: tuple(values) for name, values in stored.get("specials", {}).items()}
        return cls(**known)
