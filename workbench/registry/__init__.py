"""The model registry: versions, what is live, and MLflow as its mirror for modelers. Importing it loads no MLflow."""

from workbench.registry.artefact import Artefact
from workbench.registry.facts import Facts
from workbench.registry.mirror import mirror_pending, sync_aliases
from workbench.registry.models import (
    ModelRef,
    aliases,
    champion,
    check_name,
    history,
    load,
    names,
    resolve,
    versions,
)
from workbench.registry.promotion import rollback
from workbench.registry.record import Logged, RunInput, RunRecord
from workbench.registry.training_log import log_training

__all__ = [
    "Artefact",
    "Facts",
    "Logged",
    "ModelRef",
    "RunInput",
    "RunRecord",
    "aliases",
    "champion",
    "check_name",
    "history",
    "load",
    "log_training",
    "mirror_pending",
    "names",
    "resolve",
    "rollback",
    "sync_aliases",
    "versions",
]
