"""The data dictionary of a dataset: every feature column with its sentences, source, definition and worked examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.config import Home
from workbench.dataset.catalog import load_dataset
from workbench.errors import UsageError
from workbench.features.definition import AnyFeature, FormulaFeature
from workbench.features.files import written
from workbench.features.points import Points
from workbench.labels.definition import FlatLabel, LabelDefinition
from workbench.text import Text, counted


@dataclass(frozen=True)
class Entry:
    """One column: what it says, the table it comes from, the definition that makes it, and the labels that use it.

    `examples` are worked ones as people wrote them: what is given, as of when, and what must come out. `rules` are the
    lines of a score by points, each with its sentence."""

    column: str
    sentence: Text
    source: str
    feature: str
    definition: dict[str, Any]
    labels: tuple[str, ...]
    examples: tuple[dict[str, Any], ...] = ()
    rules: tuple[dict[str, Any], ...] = ()
    frame: tuple[dict[str, str], ...] = ()  # of a score: what it begins with and between what it is held

    def as_dict(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "say": self.sentence.as_dict(),
            "source": self.source,
            "feature": self.feature,
            "definition": self.definition,
            "labels": list(self.labels),
            "examples": list(self.examples),
            "rules": list(self.rules),
            "frame": list(self.frame),
        }


@dataclass(frozen=True)
class Dictionary:
    """The columns of a dataset, or of one of its labels, in the order of the frame."""

    dataset: str
    label: str | None
    entries: tuple[Entry, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "label": self.label,
            "columns": len(self.entries),
            "features": [e.as_dict() for e in self.entries],
        }

    def lines(self) -> list[str]:
        """For a terminal: the source as a heading, then each column with its sentence in both languages."""
        what = self.dataset if self.label is None else f"{self.dataset}/{self.label}"
        lines = [f"{what}: {counted(len(self.entries), 'feature column')}"]
        source = None
        for entry in self.entries:
            if entry.source != source:
                source = entry.source
                lines.append(f"{source}")
            lines.append(f"  {entry.column}: {entry.sentence.en} | {entry.sentence.zh}")
            parts = [*entry.frame, *(r["told"] for r in entry.rules)]
            lines += [f"      {p['en']} | {p['zh']}" for p in parts]
            lines += [f"      example: {_told(example)}" for example in entry.examples]
        return lines


def feature_dictionary(home: Home, name: str, *, label: str | None = None) -> Dictionary:
    """The dictionary of a dataset, or of the features that one label uses. No data is read.

    Raises WB-U03 and WB-U04 for names that do not exist."""
    dataset = load_dataset(home, name)
    chosen = None if label is None else dataset.label(label)
    if dataset.flat is not None:
        entries = [Entry(c, t, "flat", c, {}, tuple(dataset.labels)) for c, t in dataset.flat.columns.items()]
        return Dictionary(name, label, tuple(entries))
    if isinstance(chosen, FlatLabel):
        raise UsageError("WB-U04", f"'{label}' is a label of a flat table.", "Choose another.")
    users: dict[str, list[str]] = {}
    for one in dataset.labels.values():
        if isinstance(one, LabelDefinition):
            for feature in dataset.features_for(one):
                users.setdefault(feature.name, []).append(one.name)
    features = list(dataset.features.values()) if chosen is None else dataset.features_for(chosen)
    said = {c.name: c.sentence for f in dataset.features.values() for c in f.columns()}
    entries = [e for f in features for e in _entries(f, tuple(users.get(f.name, ())), said)]
    return Dictionary(name, label, tuple(entries))


def examples_of(feature: AnyFeature) -> tuple[dict[str, Any], ...]:
    """The worked examples of a definition as data: `values`, or `given` rows with `row` and `cutoff`; and `expect`."""
    shown: list[dict[str, Any]] = []
    for example in feature.examples:
        if example.values is not None:
            shown.append({"values": example.values, "expect": example.expect})
            continue
        row = {k: v for k, v in example.row.items() if k != "cutoff_time"}
        shown.append(
            {
                "given": {t: [dict(r) for r in rows] for t, rows in example.given.items()},
                "row": row,
                "cutoff": str(example.row.get("cutoff_time", "")),
                "expect": example.expect,
            }
        )
    return tuple(shown)


def _entries(feature: AnyFeature, labels: tuple[str, ...], said: dict[str, Text]) -> list[Entry]:
    definition = {k: v for k, v in written(feature).items() if k not in ("say", "noun", "examples")}
    examples = examples_of(feature)
    rules: tuple[dict[str, Any], ...] = ()
    frame: tuple[dict[str, str], ...] = ()
    if isinstance(feature, FormulaFeature) and isinstance(feature.recipe, Points):
        rules = tuple(
            {
                "points": r.written()["points"],
                "say": r.sentence(said).as_dict(),
                "told": r.told(said).as_dict(),
            }
            for r in feature.recipe.rules
        )
        frame = tuple(t.as_dict() for t in feature.recipe.frame)
    columns = feature.columns()
    return [
        Entry(
            c.name,
            c.sentence,
            c.group,
            feature.name,
            definition,
            labels,
            # an example stands once, with the first column that it speaks of
            tuple(e for e in examples if _first_of(e, columns) == c.name),
            rules,
            frame,
        )
        for c in columns
    ]


def _first_of(example: dict[str, Any], columns: tuple[Any, ...]) -> str:
    spoken = [c.name for c in columns if c.name in example["expect"]]
    return spoken[0] if spoken else columns[0].name


def _told(example: dict[str, Any]) -> str:
    expected = ", ".join(f"{k} = {v}" for k, v in example["expect"].items())
    if "values" in example:
        given = ", ".join(f"{k} = {v}" for k, v in example["values"].items())
        return f"{given} -> {expected}"
    rows = ", ".join(f"{counted(len(r), 'row')} of {t}" for t, r in example["given"].items()) or "no rows"
    return f"{rows}, as of {example['cutoff']} -> {expected}"
