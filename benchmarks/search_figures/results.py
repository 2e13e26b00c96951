"""What was run stays in a folder per table, seed, program and budget: a stopped run goes on, a report needs no run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.search_figures.run import DISTURBED_AT, Ran
from benchmarks.search_figures.tables import TABLES, Loaded
from workbench.files import read_json, whole_folder, write_json


@dataclass(frozen=True, order=True)
class Cell:
    """One thing to run."""

    seconds: float
    table: str
    seed: int
    program: str

    @property
    def folder(self) -> str:
        return f"{self.table}/seed-{self.seed}/{self.program}-{self.seconds:g}s"

    @property
    def split(self) -> int:
        """Which split of the table: a table in time order has one for all seeds."""
        return self.seed if TABLES[self.table].seeded else 0


@dataclass(frozen=True)
class Result:
    """What one run left. `mark` and `data` tell whether program and table are still the same."""

    table: str
    seed: int
    program: str
    seconds: float
    mark: str
    data: str
    threads: int = 2
    failed: str = ""
    version: str = ""
    ended: str = ""
    figures: dict[str, object] = field(default_factory=dict)

    @property
    def cell(self) -> Cell:
        return Cell(self.seconds, self.table, self.seed, self.program)

    @property
    def disturbed(self) -> bool:
        share = self.figures.get("others_share")
        return isinstance(share, float) and share > DISTURBED_AT


class Store:
    """Results and prepared tables below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def data(self, table: str, split: int) -> Path:
        return self.folder / "data" / table / f"split-{split}"

    def truth(self, table: str, split: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Test labels and, where there are any, customers."""
        prepared = self.prepared(table, split)
        if prepared is None:
            raise FileNotFoundError(f"{table}, split {split}, was not prepared in {self.folder}.")
        rows = pd.read_parquet(self._truth(table, split, prepared["mark"]))
        return rows["label"].to_numpy(), rows["entity"].to_numpy() if "entity" in rows else None

    def prepare(self, table: str, split: int, loaded: Loaded) -> None:
        """Writes what a program may see, and apart from it the test labels."""
        mark = fingerprint(loaded)
        truth = self._truth(table, split, mark)  # by mark: labels never lie beside rows they do not belong to
        truth.parent.mkdir(parents=True, exist_ok=True)
        _labels(loaded.y_test, loaded.entity_test).to_parquet(truth, index=False)
        with whole_folder(self.data(table, split)) as part:
            text = [c for c in loaded.train if loaded.train[c].dtype == object]
            for name, frame in (("train", loaded.train), ("test", loaded.test)):
                frame.to_parquet(part / f"{name}.parquet", index=False)
            _labels(loaded.y_train, loaded.entity_train).to_parquet(
                part / "train_labels.parquet", index=False
            )
            write_json(part / "columns.json", {"text": text, "mark": mark, "facts": facts(loaded)})

    def _truth(self, table: str, split: int, mark: str) -> Path:
        return self.folder / "truth" / table / f"split-{split}-{mark}.parquet"

    def prepared(self, table: str, split: int) -> dict | None:
        """Mark and facts of a prepared table, or None."""
        path = self.data(table, split) / "columns.json"
        return read_json(path) if path.exists() else None

    def predictions(self, cell: Cell) -> np.ndarray:
        return np.load(self.folder / "results" / cell.folder / "predictions.npy")

    def result(self, cell: Cell) -> Result | None:
        path = self.folder / "results" / cell.folder / "run.json"
        return Result(**read_json(path)) if path.exists() else None

    def keep(self, cell: Cell, ran: Ran, *, mark: str, data: str, version: str, threads: int = 2) -> Result:
        found = Result(
            cell.table, cell.seed, cell.program, cell.seconds, mark, data, threads, ran.failed, version, str(date.today()), ran.figures
        )  # fmt: skip
        with whole_folder(self.folder / "results" / cell.folder) as part:
            if ran.predictions is not None:
                np.save(part / "predictions.npy", ran.predictions)
            write_json(part / "run.json", asdict(found))
        return found

    def results(self) -> Iterator[Result]:
        for path in sorted((self.folder / "results").glob("*/*/*/run.json")):
            if not path.parent.name.startswith("."):
                yield Result(**read_json(path))

    def opened(self, tables: list[str], day: date) -> list[str]:
        """Writes down that judged tables were opened on that day; all such lines so far."""
        path = self.folder / "judged.log"
        lines = path.read_text().splitlines() if path.exists() else []
        line = f"{day}: {', '.join(tables)}"
        if tables and line not in lines:
            lines.append(line)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(lines) + "\n")
        return lines


def fingerprint(loaded: Loaded) -> str:
    """Changes when a value, a column, a customer or the split does."""
    import hashlib

    digest = hashlib.sha256()
    parts = (
        (loaded.train, loaded.y_train, loaded.entity_train),
        (loaded.test, loaded.y_test, loaded.entity_test),
    )
    for frame, y, entity in parts:
        digest.update(json.dumps(list(frame.columns)).encode())
        hashed = pd.util.hash_pandas_object(frame, index=False)
        digest.update(hashed.to_numpy().tobytes() + y.tobytes())
        digest.update(b"" if entity is None else pd.util.hash_array(entity).tobytes())
    return digest.hexdigest()[:16]


def facts(loaded: Loaded) -> dict[str, object]:
    return {
        "train_rows": len(loaded.train),
        "test_rows": len(loaded.test),
        "columns": loaded.train.shape[1],
        "text_columns": sum(pd.api.types.is_object_dtype(t) for t in loaded.train.dtypes),
        "train_events": int(loaded.y_train.sum()),
        "test_events": int(loaded.y_test.sum()),
        "customers": None if loaded.entity_test is None else len(np.unique(loaded.entity_test)),
    }


def _labels(y: np.ndarray, entity: np.ndarray | None) -> pd.DataFrame:
    made = pd.DataFrame({"label": y})
    return made if entity is None else made.assign(entity=entity)
