"""From log-odds to points.

    factor = pdo / ln 2        offset = base_points - factor ln(base_odds)
    score  = offset + sign * factor * log-odds of the event

`sign` is -1 where more points mean a less likely event (risk, churn; the odds are then non-event : event) and +1
where they mean a likelier one. It multiplies the *whole* logit, intercept included.
With pdo 20 and 600 points at 50:1 the score is 487.1229 + 28.8539 ln(odds).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from workbench.dataset.frame import Kind
from workbench.scorecard.spec import CardSpec
from workbench.scorecard.woe import Floats


def higher_is_likelier(kind: Kind) -> bool:
    """True where the best customers are those likeliest to have the event: response and conversion."""
    return {"response": True, "conversion": True, "churn": False, "risk": False}[kind]


@dataclass(frozen=True)
class Scale:
    """The straight line from log-odds to points."""

    factor: float
    offset: float
    sign: int

    @classmethod
    def of(cls, spec: CardSpec, kind: Kind) -> Scale:
        factor = spec.pdo / math.log(2)
        offset = spec.base_points - factor * math.log(spec.base_odds)
        return cls(factor, offset, 1 if higher_is_likelier(kind) else -1)

    def score(self, log_odds: float) -> float:
        """Points before rounding for the log-odds of the event."""
        return self.offset + self.sign * self.factor * log_odds

    def part(self, woe: Floats, *, coefficient: float, intercept: float, variables: int) -> Floats:
        """A variable's points per bin; the parts of all variables sum to the score."""
        shared = (self.offset + self.sign * self.factor * intercept) / variables
        return self.sign * self.factor * coefficient * woe + shared
