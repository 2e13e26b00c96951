"""The second family of worlds, kept for judging: other forms and other coefficients for the same questions."""

from __future__ import annotations

import numpy as np

from workbench.sample.families.contract import Array
from workbench.sample.shapes import bump, hill, over, saturating, triangle

_OFFER_TASTE = np.array([0.80, 0.20, 0.40, 0.60])
_CHANNEL_TASTE = np.array([0.70, 0.90, 0.20, 0.40, 0.30])


class Judging:
    """Products of bumps, Hill curves and triangles; who is a sleeping dog and who fails is decided by other traits."""

    def economy(self, months: Array, phase: float) -> Array:
        return 0.85 + 0.35 * bump(months, 14 + 6 * phase, 5.0) + 0.12 * triangle(months / 12.0, 1.0, phase)

    def pull(self, x: dict[str, Array], season: float) -> Array:
        habit = hill(0.5 * x["digital"] + 0.5 * x["patience"] * x["social"], 0.38, 3.0)
        return np.clip(0.12 + 0.8 * habit * (0.8 + 0.4 * triangle(x["rhythm"], 1.0, season)), 0.02, 0.98)

    def appetite(self, x: dict[str, Array], urge: Array, season: float) -> Array:
        need = hill(x["need"] + 0.8 * urge * x["impulse"], 0.6, 4.0)
        return (
            need
            * (0.5 + triangle(x["rhythm"] + x["age"], 1.0, season))
            * (0.5 + bump(x["thrift"], 0.35, 0.3))
        )

    def leaving(self, x: dict[str, Array], engagement: Array, tenure: Array) -> Array:
        fading = hill(1 - engagement, 0.62, 5.0)
        early = 0.5 + 1.5 * bump(tenure, 4.0, 3.0) * over(x["pride"], 0.4)
        return fading * early * (0.5 + triangle(x["social"] * x["patience"], 2.0, 0.1))

    def returning(self, x: dict[str, Array], asleep: Array) -> Array:
        return (0.2 + bump(asleep, 3.0 + 4.0 * x["rhythm"], 2.5)) * (0.3 + hill(x["need"], 0.5, 3.0))

    def responding(self, x: dict[str, Array], want: Array, engagement: Array, offer: Array) -> Array:
        taste = 0.2 + bump(x["thrift"], _OFFER_TASTE[offer], 0.28)
        return hill(want, 0.45, 2.0) * (0.2 + saturating(engagement, 0.5)) * taste

    def lift(self, x: dict[str, Array], want: Array, tired: Array, offer: Array, channel: int) -> Array:
        taste = bump(x["thrift"], _OFFER_TASTE[offer], 0.28)
        habit = triangle(x["digital"] - _CHANNEL_TASTE[channel], 1.0, 0.0) ** 3
        good = (0.1 + hill(want, 0.4, 2.0)) * (0.1 + taste) * (0.08 + habit)
        annoyed = bump(x["patience"], 0.15, 0.18) * (0.35 + hill(tired, 2.0, 3.0)) + 0.5 * (
            channel == 2
        ) * over(x["age"], 0.75)
        return good * np.maximum(1 - 1.6 * annoyed, 0) - 0.95 * hill(annoyed, 0.55, 4.0)

    def shock(self, x: dict[str, Array], pressure: float | Array) -> Array:
        return pressure**2 * (
            0.08 + hill(1 - x["stability"], 0.7, 4.0) * (0.4 + triangle(x["age"], 1.0, 0.3))
        )

    def failing(
        self, x: dict[str, Array], shocked: Array, pressure: Array, age: Array, burden: Array
    ) -> Array:
        strain = hill(burden, 0.22, 2.5) * (0.4 + bump(x["stability"], 0.1, 0.35))
        person = 0.1 + hill(x["impulse"] * (1.2 - x["patience"]), 0.45, 3.0)
        seasoning = 0.4 + bump(age, 5.0, 4.0)
        return strain * person * seasoning * pressure**1.5 * (1 + 4.0 * shocked) + 0.015 * shocked

    def rolling(self, x: dict[str, Array], shocked: Array) -> Array:
        return np.clip(
            0.32 + 0.4 * bump(x["patience"], 0.1, 0.4) * (1 - x["stability"]) + 0.22 * shocked, 0.05, 0.9
        )
