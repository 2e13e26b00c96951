"""What a family of worlds must say: how latent traits and circumstances turn into what people do.

Every function takes arrays of one length and gives a relative intensity of at least 0 (`pull` and `lift` excepted).
Calibration finds the constant that turns an intensity into a realistic rate: probability = 1 - exp(-constant x intensity).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

Array = np.ndarray

OFFERS = ("limit_raise", "rate_cut", "cashback", "points")
CHANNELS = ("app", "wechat", "sms", "email", "call")


class Family(Protocol):
    """The forms of one family. `x` holds the traits (see traits.py), one column each, uniform between 0 and 1."""

    def economy(self, months: Array, phase: float) -> Array:
        """The economy's pressure on borrowers in each month, about 1."""
        ...

    def pull(self, x: dict[str, Array], season: float) -> Array:
        """The engagement (0..1) towards which a customer drifts."""
        ...

    def appetite(self, x: dict[str, Array], urge: Array, season: float) -> Array:
        """How much somebody wants to borrow."""
        ...

    def leaving(self, x: dict[str, Array], engagement: Array, tenure: Array) -> Array:
        """How near somebody is to falling asleep; tenure in months."""
        ...

    def returning(self, x: dict[str, Array], asleep: Array) -> Array:
        """How likely a sleeper comes back by himself; `asleep` in months."""
        ...

    def responding(self, x: dict[str, Array], want: Array, engagement: Array, offer: Array) -> Array:
        """How likely somebody does what an offer asks for although nobody told him of it."""
        ...

    def lift(self, x: dict[str, Array], want: Array, tired: Array, offer: Array, channel: int) -> Array:
        """What a contact by this channel changes, from -1 (drives everyone away) upwards."""
        ...

    def shock(self, x: dict[str, Array], pressure: float | Array) -> Array:
        """How likely income breaks away."""
        ...

    def failing(
        self, x: dict[str, Array], shocked: Array, pressure: Array, age: Array, burden: Array
    ) -> Array:
        """How likely an instalment is missed; `age` in instalments, `burden` as instalment / income."""
        ...

    def rolling(self, x: dict[str, Array], shocked: Array) -> Array:
        """Probability (0..1) that somebody who is behind falls behind by one more instalment."""
        ...
