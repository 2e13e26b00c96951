"""What the last stage needs is loaded while the search has the processor's other half.

MLflow, shap and the pictures take several seconds to import, and a fresh MLflow database as many to set up. A search ends by
the clock, so seconds spent beside it are seconds that the budget need not reserve afterwards.
"""

from __future__ import annotations

import importlib
import logging
import threading
import warnings

from workbench.config import Home
from workbench.registry.tracking import MirrorUnreachable, connected

_LATE_MODULES = ("matplotlib.pyplot", "shap", "altair", "vl_convert", "mlflow", "mlflow.pyfunc")


class Warmup:
    """Loads in the background from the moment it is made; `wait()` until all is there."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._thread = threading.Thread(target=self._load, name="warm-up", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        self._thread.join()

    def _load(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the libraries' own imports: nothing that a user could mend
            for name in _LATE_MODULES:
                importlib.import_module(name)
            try:
                with connected(self._home) as client:
                    client.search_experiments(max_results=1)
            except (
                MirrorUnreachable
            ) as problem:  # only a head start: the keeper meets the same trouble and reports it
                logging.getLogger(__name__).info("MLflow could not be prepared: %s", problem)
