"""The one door for the app, the command line and the pipelines.

from workbench.service import Workbench
wb = Workbench.open()
wb.runs.start(TrainRequest(task="complete_journey/coupon_response", budget_seconds=60, user="wang.requester"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.service.workbench import Workbench

if TYPE_CHECKING:
    from workbench.search.budget import seconds_of
    from workbench.service.helping import help_searches
    from workbench.service.lists import ListRequest
    from workbench.training.request import TrainRequest

__all__ = ["ListRequest", "TrainRequest", "Workbench", "help_searches", "seconds_of"]

_WHERE = {
    "ListRequest": "workbench.service.lists",
    "TrainRequest": "workbench.training.request",
    "help_searches": "workbench.service.helping",
    "seconds_of": "workbench.search.budget",
}


def __getattr__(name: str) -> Any:
    # Late: a request brings pandas with it, and `workbench --help` has half a second.
    if name not in _WHERE:
        raise AttributeError(f"module 'workbench.service' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_WHERE[name]), name)
