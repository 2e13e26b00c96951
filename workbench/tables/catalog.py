"""Which datasets exist, and what their tables.yaml says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args

from workbench.config import Home
from workbench.errors import DefinitionError, UsageError, did_you_mean
from workbench.tables.durations import FIRST_YEAR, LAST_YEAR, Duration
from workbench.tables.options import OPTIONS, options_of, sources_of
from workbench.tables.purposes import allowed_purposes, expect_purpose
from workbench.tables.schema import ColumnRule, Consent, Duplicates, FlatSource, Join, Table, TableSet
from workbench.tables.twins import with_inherited
from workbench.tables.yaml_file import YamlFile, expect_known, expect_mapping, names, read_yaml
from workbench.text import Text

_TOP = (
    "title",
    "entity",
    "observed_until",
    "observed_from",
    "purpose",
    "purposes",
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
    "columns",
    "snapshot",
    "valid_from",
    "as_of",
    "score_of",
    "built_from",
)
_COLUMN = ("allowed_for", "sensitive", "title")
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
    """The parsed tables.yaml of a dataset; no rows are read (of restricted tables' files, whether others are the same). Unknown names raise WB-U03 with a did-you-mean."""
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
    purposes = names(top.get("purposes"), file.where("purposes"))
    purpose = _purpose(top, purposes, file)
    if "flat" in top:
        return TableSet(
            name=name,
            folder=folder,
            title=title,
            entity="",
            tables={},
            purpose=purpose,
            purposes=purposes,
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
        str(table): _table(
            str(table), expect_mapping(settings, file.where("tables", str(table))), file, purposes
        )
        for table, settings in expect_mapping(top["tables"], file.where("tables")).items()
    }
    for table in tables.values():
        _known_parts(table, tables, file)
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
    _refuse_circular_joins(tables, file)
    share = top.get("max_quarantine", TableSet.max_quarantine)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise DefinitionError(
            "WB-T02",
            f"{file.where('max_quarantine')}: `max_quarantine` is {share!r}.",
            "Write the largest share of rows that may be set aside, between 0 and 1.",
        )
    declared = TableSet(
        name=name,
        folder=folder,
        title=title,
        entity=str(top["entity"]),
        tables=tables,
        observed_until=_moment(top.get("observed_until"), file.where("observed_until")),
        observed_from=_moment(top.get("observed_from"), file.where("observed_from")),
        purpose=purpose,
        purposes=purposes,
        consent=_consent(top["consent"], file, tables) if "consent" in top else None,
        max_quarantine=float(share),
        engine=str(top.get("engine", TableSet.engine)),
        database=None if top.get("database") is None else str(top["database"]),
    )
    return with_inherited(declared)


def _purpose(top: dict[str, Any], purposes: tuple[str, ...], file: YamlFile) -> str | None:
    if top.get("purpose") is None:
        return None
    return expect_purpose(top["purpose"], purposes, f"{file.where('purpose')}, purpose")


def _table(name: str, settings: dict[str, Any], file: YamlFile, purposes: tuple[str, ...]) -> Table:
    where = file.where("tables", name)
    if not name.isidentifier():
        raise DefinitionError(
            "WB-T02", f"{where}: a table cannot be called '{name}'.", "Use letters, digits and _."
        )
    expect_known(settings, _TABLE, f"{where}, table '{name}'")
    source, *also = sources_of(settings.get("source"), where, f"table '{name}'")
    duplicates = settings.get("duplicates", "quarantine")
    if duplicates not in get_args(Duplicates):
        raise DefinitionError(
            "WB-T02",
            f"{where}: `duplicates` is {duplicates!r}.",
            "Allowed: quarantine (set equal rows aside, the default), loads (only those of a period that was loaded twice) or keep.",
        )
    joins = settings.get("join", {})
    columns = _columns(settings.get("columns", {}), file, name, purposes)
    clock = _clock(settings, where, name)
    return Table(
        name=name,
        source=source,
        key=settings.get("key"),
        keys=names(settings.get("keys"), f"{where}, keys"),
        event_time=clock.event_time,
        known_after=Duration.parse(settings.get("known_after", "0d"), f"{where}: `known_after` of '{name}'"),
        known_at=clock.known_at,
        sensitive=tuple(
            dict.fromkeys((*names(settings.get("sensitive"), f"{where}, sensitive"), *columns.sensitive))
        ),
        allowed_for=allowed_purposes(settings, purposes, f"{where}, table '{name}'"),
        join=tuple(Join(str(t), str(on)) for t, on in expect_mapping(joins, f"{where}, join").items()),
        keep_duplicates=duplicates != "quarantine",
        loaded_once=duplicates == "loads",
        title=Text.of(settings["title"]) if "title" in settings else None,
        reading=options_of(settings, f"{where}, table '{name}'", also=tuple(also)),
        columns=columns.rules,
        snapshot=clock.snapshot,
        as_of=clock.as_of,
        as_of_column=clock.as_of_column,
        score_of=_text_of(settings, "score_of", where),
        built_from=names(settings.get("built_from"), f"{where}, built_from"),
    )


@dataclass(frozen=True)
class _Columns:
    rules: dict[str, ColumnRule]
    sensitive: tuple[str, ...]


def _columns(written: object, file: YamlFile, table: str, purposes: tuple[str, ...]) -> _Columns:
    rules, sensitive = {}, []
    for name, settings in expect_mapping(
        written, f"{file.where('tables', table, 'columns')}, columns"
    ).items():
        where = f"{file.where('tables', table, 'columns', name)}, column '{name}'"
        chosen = expect_mapping(settings, where)
        expect_known(chosen, _COLUMN, where)
        if not isinstance(chosen.get("sensitive", False), bool):
            raise DefinitionError(
                "WB-T02", f"{where}: `sensitive` is {chosen['sensitive']!r}.", "Write true or false."
            )
        if chosen.get("sensitive"):
            sensitive.append(name)
        rules[name] = ColumnRule(
            allowed_purposes(chosen, purposes, where),
            Text.of(chosen["title"]) if "title" in chosen else None,
        )
    return _Columns(rules, tuple(sensitive))


@dataclass(frozen=True)
class _Clock:
    event_time: str | None
    known_at: str | None
    snapshot: bool
    as_of: datetime | None
    as_of_column: str | None


def _clock(settings: dict[str, Any], where: str, table: str) -> _Clock:
    """When rows speak of and when they could be known, from `event_time`, `valid_from`, `snapshot`, `known_at`, `as_of`."""
    event_time, valid_from = (_text_of(settings, k, where) for k in ("event_time", "valid_from"))
    known_at = _text_of(settings, "known_at", where)
    snapshot = settings.get("snapshot", valid_from is not None)
    if not isinstance(snapshot, bool):
        raise DefinitionError("WB-T02", f"{where}: `snapshot` is {snapshot!r}.", "Write true or false.")
    if valid_from is not None and (event_time is not None or not snapshot):
        raise DefinitionError(
            "WB-T02",
            f"{where}: table '{table}' has `valid_from:` beside {'`event_time:`' if event_time else '`snapshot: false`'}.",
            "`valid_from: COLUMN` alone says that values hold from that moment on.",
        )
    as_of = settings.get("as_of")
    fixed = _moment(as_of, f"{where}, `as_of` of '{table}'") if isinstance(as_of, date) else None
    made = None
    if as_of is not None and fixed is None:
        made = _text_of(settings, "as_of", where)
        if known_at is not None:
            raise DefinitionError(
                "WB-T02",
                f"{where}: table '{table}' has both `as_of: {made}` and `known_at: {known_at}`.",
                "Both say when a row could be known: keep one.",
            )
        if event_time is None and valid_from is None:
            # a vendor's table of one value per entity and delivery: each delivery is a snapshot
            event_time, snapshot = made, True
        known_at = made
    if snapshot and (event_time or valid_from) is None:
        raise DefinitionError(
            "WB-T02",
            f"{where}: table '{table}' is a snapshot, but nothing says from when its values hold.",
            "Add `valid_from: COLUMN`.",
        )
    return _Clock(event_time or valid_from, known_at, snapshot, fixed, made)


def _text_of(settings: dict[str, Any], key: str, where: str) -> str | None:
    value = settings.get(key)
    if value is not None and not isinstance(value, str):
        raise DefinitionError("WB-T02", f"{where}: `{key}` is {value!r}.", "Write one name.")
    return value


def _known_parts(table: Table, tables: dict[str, Table], file: YamlFile) -> None:
    """`built_from` names tables of this dataset, or their columns."""
    where = f"{file.where('tables', table.name, 'built_from')}, table '{table.name}', built_from"
    for part in table.built_from:
        other = part.partition(".")[0]
        if other not in tables or other == table.name:
            raise DefinitionError(
                "WB-T05", f"{where}: no other table is called '{other}'.", did_you_mean(other, tables)
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
    return Consent(chosen["table"], str(chosen.get("purpose", "purpose")), chosen.get("granted"))


def _refuse_circular_joins(tables: dict[str, Table], file: YamlFile) -> None:
    """WB-T13 where a look-up leads back to its own table: neither could be read before the other."""
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            circle = " -> ".join((*way[way.index(name) :], name))
            raise DefinitionError(
                "WB-T13",
                f"{file.where('tables', name, 'join')}: the look-ups go in a circle: {circle}.",
                "Take one of these `join:` out.",
            )
        if name not in done:
            for join in tables[name].join:
                walk(join.table, (*way, name))
            done.add(name)

    for name in tables:
        walk(name, ())


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
    if not isinstance(value, date):
        raise DefinitionError("WB-T02", f"{where}: {value!r} is not a date.", "Write YYYY-MM-DD.")
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise DefinitionError(
            "WB-T02",
            f"{where}: {value.isoformat()} lies outside of the years {FIRST_YEAR} to {LAST_YEAR}.",
            "Correct the year.",
        )
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise DefinitionError(
                "WB-T02",
                f"{where}: {value.isoformat(sep=' ')} names a time zone, but moments here are told by the tables' own clock.",
                "Write it by that clock, without the zone.",
            )
        return value
    return datetime(value.year, value.month, value.day)
