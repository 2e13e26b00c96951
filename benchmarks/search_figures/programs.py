"""Who takes part, in which environment, and what each is asked to make good."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.search_figures.environments import REQUIREMENTS, Environment, environment

ROOT = Path(__file__).parents[2]
SIDES = Path(__file__).parent / "sides"
OURS = "ours"
_OUR_CODE = (
    "workbench/search",
    "workbench/scorecard",
    "workbench/automodel.py",
    "workbench/dataset/splits.py",
)
_OUR_PACKAGES = ("lightgbm", "catboost", "xgboost-cpu", "flaml", "optuna", "scikit-learn", "pandas", "numpy")


@dataclass(frozen=True)
class Program:
    """`sides` are the files that say how it is run: when they change, its stored results are out of date."""

    name: str
    title: str
    objective: str
    module: str
    package: str = ""  # whose version is the program's
    venv: str = ""  # empty: the interpreter that runs this
    imports: str = ""
    needs: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()  # further packages worth a version in the report
    ranked: bool = True  # a yardstick that is no AutoML program is compared pair by pair, and takes no rank

    @property
    def rival(self) -> bool:
        return bool(self.venv)

    def environment(self, envs: Path) -> Environment:
        """Raises NoEnvironmentError if it cannot be had here."""
        if not self.rival:
            versions = {p: importlib.metadata.version(p) for p in _OUR_PACKAGES}
            return Environment(Path(sys.executable), {"workbench": self.mark} | versions)
        return environment(self.venv, envs, imports=self.imports, needs=self.needs)

    @property
    def mark(self) -> str:
        """Changes when the program, its versions or the way it is called do."""
        files = [SIDES / f"{name}.py" for name in (self.module, *self.sides)]
        if self.rival:
            files.append(REQUIREMENTS / f"{self.venv}.txt")
        else:
            for place in _OUR_CODE:
                path = ROOT / place
                files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
        digest = hashlib.sha256()
        for file in files:
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        return digest.hexdigest()[:12]


_BOOSTERS = ("lightgbm", "xgboost", "xgboost-cpu", "catboost")
_AUTOGLUON = {
    "package": "autogluon.tabular",
    "venv": "autogluon",
    "imports": "autogluon.tabular",
    "sides": ("autogluon_side",),
    "shown": (*_BOOSTERS, "torch", "fastai", "ray"),
}

PROGRAMS: dict[str, Program] = {
    p.name: p
    for p in (
        Program(
            OURS,
            "workbench",
            "AutoModel as it comes (log-loss; customers as groups)",
            "ours_side",
            package="workbench",
            shown=_OUR_PACKAGES,
        ),
        Program(
            "flaml",
            "FLAML",
            "metric log_loss; customers as groups",
            "flaml_side",
            package="FLAML",
            venv="flaml",
            imports="flaml",
            shown=_BOOSTERS,
        ),
        Program(
            "autogluon_medium",
            "AutoGluon medium",
            "preset medium_quality, eval_metric log_loss",
            "autogluon_medium_side",
            **_AUTOGLUON,
        ),
        Program(
            "autogluon_best",
            "AutoGluon best",
            "preset best_quality, eval_metric log_loss, folds one after another (faster than its Ray workers on two cores)",
            "autogluon_best_side",
            **_AUTOGLUON,
        ),
        Program(
            "h2o",
            "H2O AutoML",
            "sorted and stopped by logloss, 6 GB of heap",
            "h2o_side",
            package="h2o",
            venv="h2o",
            imports="h2o",
            needs=("java",),
        ),
        Program(
            "lightautoml",
            "LightAutoML",
            "TabularUtilizedAutoML, loss and metric logloss; customers as groups",
            "lightautoml_side",
            package="LightAutoML",
            venv="lightautoml",
            imports="lightautoml.automl.presets.tabular_presets",
            shown=(*_BOOSTERS, "torch"),
        ),
        Program(
            "mljar",
            "mljar-supervised",
            "mode Compete, eval_metric logloss",
            "mljar_side",
            package="mljar-supervised",
            venv="mljar",
            imports="supervised.automl",
            shown=_BOOSTERS,
        ),
        Program(
            "lightgbm",
            "LightGBM tuned",
            "no rank: Optuna's TPE on 5-fold log-loss, the fold models of the best trial together; customers as groups",
            "lightgbm_side",
            package="lightgbm",
            venv="lightgbm",
            imports="lightgbm, optuna",
            shown=("optuna",),
            ranked=False,
        ),
    )
}
