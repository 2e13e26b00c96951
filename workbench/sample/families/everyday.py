"""The family of worlds for development and tests."""

from __future__ import annotations

import numpy as np

from workbench.sample.families.contract import Array
from workbench.sample.shapes import over, saturating, wave

_OFFER_TASTE = np.array([0.15, 0.45, 0.70, 0.95])  # where on the scale of patience each offer appeals
_CHANNEL_TASTE = np.array([0.85, 0.65, 0.35, 0.50, 0.15])  # and each channel on the scale of digital habits


class Everyday:
    """Products of sine waves, Michaelis-Menten terms and hard thresholds."""

    def economy(self, months: Array, phase: float) -> Array:
        return 0.70 + 0.50 * wave(months / 26.0, 1.0, phase) + 0.15 * over(months, 15) + 0.004 * months

    def pull(self, x: dict[str, Array], season: float) -> Array:
        habit = saturating(x["digital"] * (0.4 + x["social"]), 0.35)
        return np.clip(0.15 + 0.75 * habit * (0.75 + 0.5 * wave(x["rhythm"], 1.0, season)), 0.02, 0.98)

    def appetite(self, x: dict[str, Array], urge: Array, season: float) -> Array:
        need = saturating(x["need"] * (1 - 0.6 * x["thrift"]) + 0.7 * urge, 0.45)
        yearly = 0.6 + 0.8 * wave(x["rhythm"], 2.0, season)
        return need * yearly * (1 + 1.4 * over(x["need"], 0.7) * over(0.4 - x["thrift"], 0.0))

    def leaving(self, x: dict[str, Array], engagement: Array, tenure: Array) -> Array:
        fading = saturating(np.maximum(0.85 - engagement, 0) ** 2, 0.12)
        anniversary = 0.5 + wave(tenure / 12.0, 1.0, 0.6 * x["patience"])
        return fading * anniversary * (1 + 2.0 * over(0.35 - x["patience"], 0.0) * over(x["pride"], 0.5))

    def returning(self, x: dict[str, Array], asleep: Array) -> Array:
        return (0.3 + wave(asleep / 9.0, 1.0, x["social"])) * (0.4 + saturating(x["need"] * x["social"], 0.3))

    def responding(self, x: dict[str, Array], want: Array, engagement: Array, offer: Array) -> Array:
        taste = 0.35 + wave(x["patience"] - _OFFER_TASTE[offer], 1.0, 0.25)
        return saturating(want, 0.6) * (0.25 + engagement) * taste

    def lift(self, x: dict[str, Array], want: Array, tired: Array, offer: Array, channel: int) -> Array:
        taste = wave(x["patience"] - _OFFER_TASTE[offer], 1.0, 0.25)
        habit = wave(x["digital"] - _CHANNEL_TASTE[channel], 0.8, 0.25) ** 2
        good = saturating(want, 0.4) * (0.15 + taste) * (0.1 + habit) * (1 + over(x["social"], 0.6))
        # sleeping dogs: proud people who are contacted too often, or rung up at all
        annoyed = over(x["pride"], 0.62) * (saturating(tired, 1.5) + 0.6 * (channel == 4))
        return good * (1 - saturating(tired, 6.0)) * (annoyed < 0.9) - 0.9 * saturating(annoyed, 0.5)

    def shock(self, x: dict[str, Array], pressure: float | Array) -> Array:
        return pressure * (0.1 + saturating(1 - x["stability"], 0.8) ** 2 * (0.5 + wave(x["age"], 1.5, 0.1)))

    def failing(
        self, x: dict[str, Array], shocked: Array, pressure: Array, age: Array, burden: Array
    ) -> Array:
        strain = saturating(burden * (1.3 - x["stability"]), 0.25)
        person = (0.12 + over(x["need"], 0.55) * over(0.45 - x["thrift"], 0.0)) * (
            0.4 + wave(x["impulse"], 1.0, 0.7)
        )
        seasoning = 0.45 + wave(np.minimum(age, 12) / 12.0, 0.8, -0.2)
        return strain * person * seasoning * pressure * (1 + 5.0 * shocked) + 0.02 * shocked

    def rolling(self, x: dict[str, Array], shocked: Array) -> Array:
        return np.clip(
            0.30 + 0.35 * (1 - x["stability"]) * wave(x["impulse"], 1.0, 0.7) + 0.25 * shocked, 0.05, 0.9
        )
