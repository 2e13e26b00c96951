"""Which datasets exist, and what their tables.yaml says."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from workbench.config import Home
from workbench.errors import DefinitionError, UsageError, did_you_mean
from workbench.tables.durations import Duration
from workbench.tables.options import OPTIONS, options_of, sources_of
from workbench.tables.schema import Consent, FlatSource, Join, Table, TableSet
from workbench.tables.yaml_file import YamlFile, expect_known, expect_mapping, names, read_yaml
from workbench.text import Text

_TOP = (
    "title",
    "entity",
    "observed_until",
    "observed_from",
    "purpose",
    "consent",
    "max_quarantine",
    "engine",
    "database",
    "tables",
    "flat",
)
_TABLE = (
    "source",
    "key",
    "keys",
    "event_time",
    "known_after",
    "known_at",
    "sensitive",
    "allowed_for",
    "join",
    "duplicates",
    "title",
    *OPTIONS,
)
_FLAT = (
    "source",
    "id",
    "time",
    "columns",
    *(o for o in OPTIONS if o not in ("unpivot", "time_zone", "rename")),
)


def list_datasets(home: Home) -> list[str]:
    """Names of the folders in `feature_defs/` that hold a tables.yaml, sorted."""
    if not home.feature_defs.is_dir():
        return []
    return sorted(p.parent.name for p in home.feature_defs.glob("*/tables.yaml"))


def load_tables(home: Home, name: str) -> TableSet:
    """The parsed tables.yaml of a dataset; no data is read. Unknown names raise WB-U03 with a did-you-mean."""
    known = list_datasets(home)
    if name not in known:
        raise UsageError(
            "WB-U03",
            f"no dataset is called '{name}' in {home.feature_defs.name}/.",
            did_you_mean(name, known),
        )
    return parse_tables(read_yaml(home.feature_defs / name / "tables.yaml"), name)


def parse_tables(file: YamlFile, name: str) -> TableSet:
    top = file.content
    expect_known(top, _TOP, file.path.name)
    title = Text.of(top.get("title", name.replace("_", " ")))
    folder = file.path.parent
    if "flat" in top:
        return TableSet(
            name=name,
            folder=folder,
            title=title,
            entity="",
            tables={},
            purpose=top.get("purpose"),
            flat=_flat(file, folder),
        )
    for needed in ("entity", "tables"):
        if not top.get(needed):
            raise DefinitionError(
                "WB-T02",
                f"{file.path.name}: `{needed}:` is missing.",
                "A dataset names its entity and its tables, or one `flat:` table.",
            )
    tables = {
        str(table): _table(str(table), expect_mapping(settings, file.where("tables", str(table))), file)
        for table, settings in expect_mapping(top["tables"], file.where("tables")).items()
    }
    for table in tables.values():
        for join in table.join:
            target = tables.get(join.table)
            where = file.where("tables", table.name, "join")
            if target is None:
                raise DefinitionError(
                    "WB-T05", f"{where}: no table is called '{join.table}'.", did_you_mean(join.table, tables)
                )
            if target.key is None:
                raise DefinitionError(
                    "WB-T02",
                    f"{where}: table '{join.table}' has no `key:`, so its rows cannot be looked up.",
                    f"Add `key: {join.on}` to '{join.table}'.",
                )
    share = top.get("max_quarantine", TableSet.max_quarantine)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise DefinitionError(
            "WB-T02",
            f"{file.where('max_quarantine')}: `max_quarantine` is {share!r}.",
            "Write the largest share of rows that may be set aside, between 0 and 1.",
        )
    return TableSet(
        name=name,
        folder=folder,
        title=title,
        entity=str(top["entity"]),
        tables=tables,
        observed_until=_moment(top.get("observed_until"), file.where("observed_until")),
        observed_from=_moment(top.get("observed_from"), file.where("observed_from")),
        purpose=top.get("purpose"),
        consent=_consent(top["consent"], file, tables) if "consent" in top else None,
        max_quarantine=float(share),
        engine=str(top.get("engine", TableSet.engine)),
        database=None if top.get("database") is None else str(top["database"]),
    )


def _table(name: str, settings: dict[str, Any], file: YamlFile) -> Table:
    where = file.where("tables", name)
    if not name.isidentifier():
        raise DefinitionError(
            "WB-T02", f"{where}: a table cannot be called '{name}'.", "Use letters, digits and _."
        )
    expect_known(settings, _TABLE, f"{where}, table '{name}'")
    source, *also = sources_of(settings.get("source"), where, f"table '{name}'")
    duplicates = settings.get("duplicates", "quarantine")
    if duplicates not in ("quarantine", "keep"):
        raise DefinitionError(
            "WB-T02",
            f"{where}: `duplicates` is {duplicates!r}.",
            "Allowed: quarantine (set equal rows aside, the default) or keep.",
        )
    joins = settings.get("join", {})
    return Table(
        name=name,
        source=source,
        key=settings.get("key"),
        keys=names(settings.get("keys"), f"{where}, keys"),
        event_time=settings.get("event_time"),
        known_after=Duration.parse(settings.get("known_after", "0d"), f"{where}: `known_after` of '{name}'"),
        known_at=settings.get("known_at"),
        sensitive=names(settings.get("sensitive"), f"{where}, sensitive"),
        allowed_for=names(settings.get("allowed_for"), f"{where}, allowed_for"),
        join=tuple(Join(str(t), str(on)) for t, on in expect_mapping(joins, f"{where}, join").items()),
        keep_duplicates=duplicates == "keep",
        title=Text.of(settings["title"]) if "title" in settings else None,
        reading=options_of(settings, f"{where}, table '{name}'", also=tuple(also)),
    )


def _consent(settings: object, file: YamlFile, tables: dict[str, Table]) -> Consent:
    where = file.where("consent")
    chosen = expect_mapping(settings, where)
    expect_known(chosen, ("table", "purpose", "granted"), where)
    if chosen.get("table") not in tables:
        raise DefinitionError(
            "WB-T05",
            f"{where}: no table is called '{chosen.get('table')}'.",
            did_you_mean(str(chosen.get("table")), tables),
        )
    if "purpose" not in file.content:
        raise DefinitionError(
            "WB-T02",
            f"{where}: consent is declared but the dataset has no `purpose:`.",
            "Say what the data is used for: `purpose: marketing`.",
        )
    return Consent(chosen["table"], str(chosen.get("purpose", "purpose")), chosen.get("granted"))


def _flat(file: YamlFile, folder: Path) -> FlatSource:
    where = file.where("flat")
    flat = expect_mapping(file.content["flat"], where)
    expect_known(flat, _FLAT, where)
    if not isinstance(flat.get("source"), str):
        raise DefinitionError("WB-T02", f"{where}: the flat table has no `source:`.", "Name its file.")
    columns = expect_mapping(flat.get("columns", {}), f"{where}, columns")
    return FlatSource(
        flat["source"],
        folder,
        flat.get("id"),
        flat.get("time"),
        {c: Text.of(t) for c, t in columns.items()},
        options_of(flat, where),
    )


def _moment(value: object, where: str) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    raise DefinitionError("WB-T02", f"{where}: {value!r} is not a date.", "Write YYYY-MM-DD.")
