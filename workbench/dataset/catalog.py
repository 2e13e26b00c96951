"""A dataset: its tables, features and labels, read from its folder in feature_defs/."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.config import Home
from workbench.errors import DefinitionError, UsageError, did_you_mean
from workbench.features.definition import (
    AnyFeature,
    EntityAttribute,
    FeatureColumn,
    FormulaFeature,
    RowAttribute,
    RowsFeature,
)
from workbench.features.files import parse_features
from workbench.labels.definition import AnyLabel, LabelDefinition
from workbench.labels.files import parse_labels
from workbench.tables.catalog import load_tables
from workbench.tables.schema import FlatSource, TableSet
from workbench.tables.yaml_file import read_yaml
from workbench.text import Text


@dataclass(frozen=True)
class Dataset:
    """What a business user picks. `features` is empty for a flat dataset, whose columns are its features."""

    name: str
    tables: TableSet
    features: dict[str, AnyFeature]
    labels: dict[str, AnyLabel]

    @property
    def title(self) -> Text:
        return self.tables.title

    @property
    def flat(self) -> FlatSource | None:
        return self.tables.flat

    @property
    def entity(self) -> str:
        return self.tables.entity

    @property
    def observed_until(self) -> datetime | None:
        return self.tables.observed_until

    def label(self, name: str) -> AnyLabel:
        """The label of that name, or WB-U04 with a did-you-mean."""
        if name not in self.labels:
            raise UsageError(
                "WB-U04", f"dataset '{self.name}' has no label '{name}'.", did_you_mean(name, self.labels)
            )
        return self.labels[name]

    def features_for(self, label: LabelDefinition) -> list[AnyFeature]:
        """Definitions that fit the label's rows, in file order: what speaks of a contact needs a label with `row:`."""
        chosen: list[AnyFeature] = []
        made: set[str] = set()
        waiting = [f for f in self.features.values() if not f.only_for or label.name in f.only_for]
        for feature in waiting:
            if not isinstance(feature, FormulaFeature) and (label.row is not None or not _needs_row(feature)):
                chosen.append(feature)
                made |= {c.name for c in feature.columns()}
        formulas = [f for f in waiting if isinstance(f, FormulaFeature)]
        while ready := [f for f in formulas if made.issuperset(f.operands)]:  # a formula may read another
            chosen += ready
            made |= {f.name for f in ready}
            formulas = [f for f in formulas if f.name not in made]
        return chosen

    def columns_for(self, label: LabelDefinition) -> list[FeatureColumn]:
        """The feature columns of the label's frame, in order."""
        return [c for f in self.features_for(label) for c in f.columns()]


def load_dataset(home: Home, name: str) -> Dataset:
    """Parse and check a dataset's definitions; no data is read."""
    return _assemble(load_tables(home, name))


def load_task(home: Home, task: str) -> tuple[Dataset, AnyLabel]:
    """The dataset and label of `dataset/label`. Raises WB-U05 for another shape."""
    dataset, slash, label = task.partition("/")
    if not slash or not label or not dataset:
        raise UsageError(
            "WB-U05", f"'{task}' is not a task.", "Write DATASET/LABEL, such as complete_journey/churn_60d."
        )
    loaded = load_dataset(home, dataset)
    return loaded, loaded.label(label)


def _assemble(tables: TableSet) -> Dataset:
    labels = parse_labels(read_yaml(tables.folder / "labels.yaml"), tables)
    if tables.flat is not None:
        return Dataset(tables.name, tables, {}, labels)
    written = tables.folder / "features.yaml"
    if not written.exists():  # tables and labels come first; training says what to do then
        return Dataset(tables.name, tables, {}, labels)
    file = read_yaml(written)
    features = parse_features(file)
    for feature in features.values():
        where = f"{file.where(feature.name)}, feature '{feature.name}'"
        for name in feature.only_for:
            if name not in labels:
                raise DefinitionError(
                    "WB-F02", f"{where}: `for` names no label '{name}'.", did_you_mean(name, labels)
                )
        if isinstance(feature, RowsFeature):
            tables.usable(feature.source, where)
            if feature.via is not None:
                tables.usable(feature.via, where)
        elif isinstance(feature, EntityAttribute):
            tables.usable(feature.table, where)
    return Dataset(tables.name, tables, features, labels)


def _needs_row(feature: AnyFeature) -> bool:
    return isinstance(feature, RowAttribute) or (isinstance(feature, RowsFeature) and bool(feature.match))
