"""`workbench features select --write`: a copy of features.yaml without what the selection dropped, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from workbench.dataset.selection import Dropped, Selection
from workbench.errors import UsageError
from workbench.features.definition import AnyFeature, FormulaFeature, RowsFeature
from workbench.features.files import parse_features, written
from workbench.files import whole_file
from workbench.tables.yaml_file import YamlFile, read_yaml
from workbench.text import counted

SELECTED = "features.selected.yaml"


def write_selected(source: Path, task: str, selection: Selection, *, force: bool = False) -> Path:
    """Write features.selected.yaml beside features.yaml; the original is not touched.

    A definition all of whose columns were dropped becomes a comment with the reasons; of others the aggregations and
    windows that nothing needs go. What a kept formula reads stays. Raises WB-F32 if the file exists without `force`."""
    target = source.with_name(SELECTED)
    if target.exists() and not force:
        raise UsageError("WB-F32", f"{target.name} exists already and may have been edited.", "Add --force.")
    file = read_yaml(source)
    text = selected_text(file, source.read_text(encoding="utf-8-sig"), task, selection)
    with whole_file(target) as part:
        part.write_text(text, encoding="utf-8")
        parse_features(read_yaml(part))  # what is written must load
    return target


def selected_text(file: YamlFile, text: str, task: str, selection: Selection) -> str:
    """The file's text with the dropped definitions as comments; all else, comments included, as it was."""
    features = parse_features(file)
    dropped = {d.column: d for d in selection.dropped}
    read = _read_by_kept(features, dropped)
    lines = text.splitlines()
    starts = sorted((file.lines[(name,)] - 1, name) for name in features)
    ends = [start for start, _ in starts[1:]] + [len(lines)]
    head = lines[: starts[0][0]] if starts else lines
    out = [
        f"# Selected for {task}: {counted(len(selection.kept), 'column')} kept, {len(dropped)} dropped, on training rows only."
    ]
    out += head
    for (start, name), end in zip(starts, ends, strict=True):
        body, after = _parted(lines[start:end])
        feature = features[name]
        gone = [dropped[c.name] for c in feature.columns() if c.name in dropped]
        out += _entry(feature, body, gone, read) + after
    return "\n".join(out) + "\n"


def _entry(feature: AnyFeature, body: list[str], gone: list[Dropped], read: set[str]) -> list[str]:
    if not gone:
        return body
    reasons = [f"# dropped: {d.column} - {d.sentence.en}" for d in gone]
    needed = [d.column for d in gone if d.column in read]
    columns = [c.name for c in feature.columns()]
    if len(gone) == len(columns) and not needed:
        return [*reasons, *(f"# {line}".rstrip() for line in body)]
    if needed:
        reasons.append(f"# still made, because a kept formula reads it: {', '.join(needed)}")
    unneeded = {d.column for d in gone} - set(needed)
    narrower = _narrowed(feature, unneeded) if isinstance(feature, RowsFeature) else feature
    if narrower == feature:
        return [*reasons, *body]
    settings = yaml.safe_dump(
        {feature.name: written(narrower)},
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=None,
        width=10**6,
    )
    return [*reasons, *settings.rstrip("\n").split("\n")]


def _narrowed(feature: RowsFeature, unneeded: set[str]) -> RowsFeature:
    """Without the windows and aggregations of which every column is unneeded; a level stays with its aggregation."""
    kept = [
        (a, w)
        for a in feature.aggregate
        for w in feature.windows
        if feature.column(a, w).name not in unneeded
    ]
    windows = tuple(w for w in feature.windows if any(w == x for _, x in kept))
    if feature.levels or feature.examples:  # levels are written together; an example speaks of these columns
        return replace(feature, windows=windows) if not feature.examples else feature
    return replace(
        feature,
        windows=windows,
        aggregate=tuple(a for a in feature.aggregate if any(a == x for x, _ in kept)),
    )


def _read_by_kept(features: dict[str, AnyFeature], dropped: dict[str, Dropped]) -> set[str]:
    """Columns that a kept formula reads, directly or through another."""
    read: set[str] = set()
    waiting = [f for f in features.values() if isinstance(f, FormulaFeature) and f.name not in dropped]
    while waiting:
        for operand in waiting.pop().operands:
            if operand not in read:
                read.add(operand)
                reader = features.get(operand)
                if isinstance(reader, FormulaFeature):
                    waiting.append(reader)
    return read


def _parted(block: list[str]) -> tuple[list[str], list[str]]:
    """A definition's own lines, and the blank lines and comments behind them, which speak of the next."""
    end = len(block)
    while end > 1 and (not block[end - 1].strip() or block[end - 1].startswith("#")):
        end -= 1
    return block[:end], block[end:]
