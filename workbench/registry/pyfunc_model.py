"""The model as MLflow serves it: rows in, probability and grade out. MLflow copies this file into the model.

It holds no state but the artefact's folder; loading it needs the packages named in the model's requirements.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext


class WorkbenchModel(PythonModel):
    """Scores with the native artefact that lies beside it."""

    # The signature names and checks the columns; MLflow's own hint-based check would do it a second time.
    _skip_type_hint_validation = True

    def load_context(self, context: PythonModelContext) -> None:
        from workbench.registry.artefact import Artefact

        self.artefact = Artefact.load(Path(context.artifacts["artefact"]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        from workbench.dataset.schema import conform

        features = conform(model_input, self.artefact.schema)
        return self.artefact.score(features)


mlflow.models.set_model(WorkbenchModel())
