"""The two families of worlds: `everyday` for development and tests, `judging` for seeds from 1,000,000 on."""

from workbench.sample.families.contract import CHANNELS, OFFERS, Family
from workbench.sample.families.everyday import Everyday
from workbench.sample.families.judging import Judging

__all__ = ["CHANNELS", "FAMILIES", "OFFERS", "Family"]

FAMILIES: dict[str, Family] = {"everyday": Everyday(), "judging": Judging()}
