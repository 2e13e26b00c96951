"""Where things live: one home folder, found the same way by every shell."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The folder in which definitions, MLflow's files, the store and the jobs live.

    >>> Home(Path("/srv/bank")).lists
    PosixPath('/srv/bank/var/lists')
    """

    path: Path

    @classmethod
    def find(cls, explicit: str | Path | None = None) -> Home:
        """`--home`, else `WORKBENCH_HOME`, else the nearest parent with `feature_defs/`, else the current folder."""
        chosen = explicit or os.environ.get("WORKBENCH_HOME")
        if chosen:
            return cls(Path(chosen).expanduser().resolve())
        here = Path.cwd().resolve()
        for folder in (here, *here.parents):
            if (folder / "feature_defs").is_dir():
                return cls(folder)
        return cls(here)

    @property
    def feature_defs(self) -> Path:
        return self.path / "feature_defs"

    @property
    def mlruns(self) -> Path:
        return self.path / "mlruns"

    @property
    def tracking_uri(self) -> str:
        """MLflow's address: `MLFLOW_TRACKING_URI`, else the SQLite file `mlruns/mlflow.db`."""
        return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{self.mlruns / 'mlflow.db'}"

    @property
    def var(self) -> Path:
        """What the workbench itself keeps: store, jobs, models, lists."""
        return self.path / "var"

    @property
    def store_url(self) -> str:
        """SQLAlchemy address of the store: `WORKBENCH_STORE_URL`, else a SQLite file."""
        return os.environ.get("WORKBENCH_STORE_URL") or f"sqlite:///{self.var / 'workbench.db'}"

    @property
    def jobs_url(self) -> str:
        """Address of the job queue's own database: `WORKBENCH_JOBS_URL`, else a SQLite file."""
        return os.environ.get("WORKBENCH_JOBS_URL") or f"sqlite:///{self.var / 'jobs.db'}"

    @property
    def jobs(self) -> Path:
        return self.var / "jobs"

    @property
    def models(self) -> Path:
        return self.var / "models"

    @property
    def lists(self) -> Path:
        return self.var / "lists"
