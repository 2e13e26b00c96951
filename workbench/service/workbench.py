"""The facade: one object, one attribute per concern."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.config import Home

if TYPE_CHECKING:
    from workbench.service.approvals import Approvals
    from workbench.service.data import Data
    from workbench.service.health import Health
    from workbench.service.lists import Lists
    from workbench.service.models import Models
    from workbench.service.people import People
    from workbench.service.runs import Runs
    from workbench.service.samples import Samples
    from workbench.service.schedules import Schedules
    from workbench.service.scores import Scores


@dataclass(frozen=True)
class Workbench:
    """Everything that the workbench can do, for whoever asks: page, command line, pipeline.

    Opening costs nothing; each concern is loaded when it is first used.
    """

    home: Home

    @classmethod
    def open(cls, home: str | Path | Home | None = None) -> Workbench:
        return cls(home if isinstance(home, Home) else Home.find(home))

    @cached_property
    def people(self) -> People:
        from workbench.service.people import People

        return People(self.home)

    @cached_property
    def data(self) -> Data:
        from workbench.service.data import Data

        return Data(self.home)

    @cached_property
    def runs(self) -> Runs:
        from workbench.service.runs import Runs

        return Runs(self.home)

    @cached_property
    def models(self) -> Models:
        from workbench.service.models import Models

        return Models(self.home)

    @cached_property
    def scores(self) -> Scores:
        from workbench.service.scores import Scores

        return Scores(self.home)

    @cached_property
    def lists(self) -> Lists:
        from workbench.service.lists import Lists

        return Lists(self.home)

    @cached_property
    def approvals(self) -> Approvals:
        from workbench.service.approvals import Approvals

        return Approvals(self.home)

    @cached_property
    def schedules(self) -> Schedules:
        from workbench.service.schedules import Schedules

        return Schedules(self.home)

    @cached_property
    def samples(self) -> Samples:
        from workbench.service.samples import Samples

        return Samples()

    @cached_property
    def health(self) -> Health:
        from workbench.service.health import Health

        return Health(self.home)
