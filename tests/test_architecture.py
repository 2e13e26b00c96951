"""Two promises about the house: imports only point backwards in the flow, and each vendor has one door."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "workbench"

# The flow; a room may import rooms that stand before it, never after.
FLOW = [
    "errors", "text", "files", "config", "progress",
    "store", "sample", "tables", "features", "labels", "dataset", "search", "evaluation", "explanation", "scorecard", "charts",
    "registry", "scoring", "targeting", "feedback", "training", "automodel", "jobs", "service",
]  # fmt: skip
SHELLS = {"ui", "cli", "demo", "__main__"}
SHELLS_MAY = {"service", "errors", "config", "text", "progress"}
DOORS = {
    "duckdb": {"tables"}, "sqlglot": {"tables", "features", "labels", "dataset", "scorecard"}, "mlflow": {"registry"},
    "streamlit": {"ui"}, "flaml": {"search"}, "optuna": {"search"}, "lightgbm": {"search"}, "catboost": {"search"},
    "xgboost": {"search"}, "shap": {"explanation"}, "dbos": {"jobs"}, "typer": {"cli"}, "sqlalchemy": {"store"}, "pyspark": {"tables"}, "psycopg": {"tables"},
}  # fmt: skip


def modules() -> list[Path]:
    return sorted(HOUSE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the flow"
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(HOUSE)))
def test_imports_point_backwards_and_vendors_have_one_door(path: Path) -> None:
    room = room_of(path)
    for name in imported(path):
        top, *rest = name.split(".")
        if top == "workbench" and rest and room != "__init__":
            other = rest[0]
            if room in SHELLS:
                allowed = SHELLS_MAY | SHELLS | ({"charts"} if room == "ui" else set())
                assert other in allowed or other == "__version__", f"{path}: a shell imports {name}"
            elif other in FLOW and other != room:
                assert FLOW.index(other) < FLOW.index(room), (
                    f"{path}: {room} imports {name}, which stands after it"
                )
        if top in DOORS and room not in DOORS[top]:
            raise AssertionError(f"{path}: {top} has one door ({', '.join(DOORS[top])}), not {room}")


def test_every_room_has_its_place_in_the_flow() -> None:
    rooms = {room_of(path) for path in modules()} - {"__init__"}
    assert rooms <= set(FLOW) | SHELLS, rooms - set(FLOW) - SHELLS


@pytest.mark.parametrize("script", sorted((ROOT / "pipelines").glob("*.py")), ids=lambda p: p.name)
def test_pipelines_only_speak_to_the_service(script: Path) -> None:
    ours = {name.split(".")[1] for name in imported(script) if name.startswith("workbench.")}
    assert ours <= {"service", "errors", "cli", "config"}, ours


def test_app_is_a_thin_shell() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 40
