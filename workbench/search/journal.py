"""What a search has finished, on disk: after a crash the same command goes on from here."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.files import whole_folder
from workbench.search.encoder import Encoded
from workbench.search.learners import LEARNERS, Config, Fitted

_LINES = "trials.jsonl"


@dataclass(frozen=True)
class Entry:
    """One fitted fold: its log-odds on that fold's validation rows, what it settled on, how long it took."""

    config: Config
    fold: int
    log_odds: np.ndarray
    seconds: float
    settled: dict[str, Any]
    model: Fitted


class Journal:
    """A folder with one line per finished (configuration, fold) in `trials.jsonl` and a folder with its model.

    A fold's folder appears whole before its line is written: a line never promises what is not there. Lines that
    cannot be read are reported in `.problems` and passed over.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self.fingerprint = fingerprint
        self.problems: list[str] = []
        self._lock = threading.Lock()

    def read(self) -> list[Entry]:
        """The finished folds of this very search (same rows, folds and seed), in the order they were finished."""
        path = self.folder / _LINES
        if not path.exists():
            return []
        entries = []
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        ):
            if not line.strip():
                continue
            try:
                stored = json.loads(line)
                if stored["fingerprint"] != self.fingerprint:
                    continue
                entries.append(self._entry(stored))
            except (ValueError, KeyError, TypeError, OSError) as exc:
                self.problems.append(
                    f"{path.name}, line {number}: passed over ({type(exc).__name__}: {exc})."
                )
        return entries

    def _entry(self, stored: dict[str, Any]) -> Entry:
        config = Config.from_dict(stored["config"])
        folder = self.folder / stored["folder"]
        log_odds = np.load(folder / "log_odds.npy", allow_pickle=False)
        if _digest(log_odds) != stored["sha256"]:
            raise ValueError("log_odds.npy is not what was written")
        model = LEARNERS[config.family].load(folder)
        return Entry(
            config, int(stored["fold"]), log_odds, float(stored["seconds"]), stored["settled"], model
        )

    def write(self, entry: Entry) -> None:
        name = f"{entry.config.id}-{entry.fold}"
        with whole_folder(self.folder / name) as part:
            entry.model.save(part)
            np.save(part / "log_odds.npy", entry.log_odds, allow_pickle=False)
        line = {
            "fingerprint": self.fingerprint,
            "config": entry.config.to_dict(),
            "fold": entry.fold,
            "seconds": entry.seconds,
            "settled": entry.settled,
            "folder": name,
            "sha256": _digest(entry.log_odds),
        }
        text = json.dumps(line, sort_keys=True, allow_nan=False)
        with self._lock, (self.folder / _LINES).open("a+b") as stream:
            # a crash may have left half a line: the next one starts on its own
            if stream.seek(0, os.SEEK_END) and _last_byte(stream) != b"\n":
                stream.write(b"\n")
            stream.write(text.encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())


def _last_byte(stream: Any) -> bytes:
    stream.seek(-1, os.SEEK_END)
    return stream.read(1)


def _digest(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def fingerprint(
    data: Encoded,
    y: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    seed: int,
    repeatable: bool,
    weights: np.ndarray | None = None,
    directions: Mapping[int, int] | None = None,
) -> str:
    """Sixteen hex digits of the rows, labels, folds, seed, mode and wishes: results of another search never mix in.

    A search by trials and one by the clock keep apart too: where the clock shaped a fit, it does not repeat.
    """
    digest = hashlib.sha256(str((seed, repeatable, data.names, data.values.shape)).encode())
    for array in (np.ascontiguousarray(data.values), np.asarray(y, dtype=np.int8)):
        digest.update(array.tobytes())
    for train, valid in folds:
        digest.update(np.asarray(train, dtype=np.int64).tobytes())
        digest.update(np.asarray(valid, dtype=np.int64).tobytes())
    if weights is not None:
        digest.update(np.asarray(weights, dtype=np.float64).tobytes())
    if directions:
        digest.update(str(sorted(directions.items())).encode())
    return digest.hexdigest()[:16]
