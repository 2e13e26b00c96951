"""A whole bank written to two folders: its data, and apart from it the truth."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.files import whole_folder, write_json, write_text
from workbench.progress import Progress, silent
from workbench.sample import marketing, profiles
from workbench.sample.calibration import calibrate
from workbench.sample.events import PLAN, app_events
from workbench.sample.lending import lending_tables
from workbench.sample.life import live
from workbench.sample.plan import CHUNK, BankPlan, check_folders
from workbench.sample.rows import Rows, pick
from workbench.sample.schemas import TABLES, TRUTH
from workbench.sample.traits import make_people
from workbench.sample.transactions import make_accounts, transactions
from workbench.sample.world import World
from workbench.sample.writer import Writer
from workbench.text import counted


@dataclass(frozen=True)
class BankReport:
    """What was written where, and what it took. `peak_megabytes` is of the whole process."""

    out: Path
    truth: Path
    family: str
    rows: dict[str, int]
    megabytes: float
    seconds: float
    peak_megabytes: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"out": str(self.out), "truth": str(self.truth)}

    def lines(self) -> list[str]:
        told = [f"  {name}: {counted(count, 'row')}" for name, count in self.rows.items()]
        return [
            f"a bank of the family '{self.family}' in {self.out} ({self.megabytes:,.0f} MB, {self.seconds:.1f} s, at most {self.peak_megabytes:,.0f} MB of memory)",
            *told,
            f"the truth, for judging only: {self.truth}",
        ]


def write_bank(
    plan: BankPlan, out: Path, truth: Path | None = None, *, progress: Progress = silent
) -> BankReport:
    """Writes every table as Parquet to `out`, the event plan beside them, and the truth to `truth` (default `<out>_truth`).

    The same plan gives the same bytes. A plan of fewer customers gives the same first customers. Folders that hold an
    earlier bank are replaced; WB-B05 and WB-B06 refuse others."""
    began = time.monotonic()
    truth = truth if truth is not None else out.with_name(f"{out.name}_truth")
    check_folders(out, truth)
    progress("calibration", 0.0, "Rates of the bank")
    world = calibrate(World.of(plan))
    with whole_folder(truth) as secret, whole_folder(out) as data:
        with Writer(data, TABLES) as tables, Writer(secret, TRUTH) as truths:
            tables.add("campaigns", marketing.campaign_rows(world.campaigns))
            tables.add("products", profiles.product_rows())
            tables.add("branches", profiles.branch_rows())
            for chunk in range(plan.chunks):
                progress("customers", chunk / plan.chunks, f"Customers from number {chunk * CHUNK + 1:,}")
                _write_chunk(world, chunk, tables, truths)
        write_text(data / "events.yaml", PLAN)
        write_json(secret / "world.json", _told(world))
        megabytes = sum(f.stat().st_size for f in data.iterdir()) / 1e6
        rows = dict(tables.rows)
    return BankReport(
        out, truth, plan.family, rows, round(megabytes, 1), round(time.monotonic() - began, 2), _peak()
    )


def _write_chunk(world: World, chunk: int, tables: Writer, truths: Writer) -> None:
    """One chunk of customers: lived through, then written; those beyond the asked number are left out."""
    plan, dirt = world.plan, world.dirt
    limit = plan.customers - chunk * CHUNK

    def random(what: str) -> np.random.Generator:
        return plan.random(what, chunk)

    def ours(rows: Rows) -> Rows:
        return pick(rows, np.asarray(rows["_who"]) < limit)

    people = make_people(plan, chunk, second_ids=dirt.second_ids, tests=dirt.test_accounts)
    life = live(world, people, random("life"))
    accounts = make_accounts(plan, people, random("accounts"))
    contacted = marketing.contact_tables(world, people, life, random("contacts"))
    lent = lending_tables(world, people, life, random("loans"))
    for name, rows in (
        ("customers", profiles.customer_rows(people)),
        ("identities", profiles.identity_rows(world, people, random("identities"))),
        ("accounts", profiles.account_rows(world, people, accounts, random("account dirt"))),
        ("transactions", transactions(world, people, life, accounts, random("transactions"))),
        ("app_events", app_events(world, people, life, random("events"))),
        ("contacts", contacted.contacts),
        ("outcomes", contacted.outcomes),
        ("applications", lent.applications),
        ("loans", lent.loans),
        ("repayments", lent.repayments),
        ("consents", marketing.consent_rows(world, people, life, random("consents"))),
    ):
        tables.add(name, ours(rows))
    for name, rows in (
        ("customers", profiles.true_customers(people)),
        ("propensities", profiles.true_propensities(world, people, life)),
        ("uplift", profiles.true_uplift(world, people, life)),
        ("contacts", contacted.truth),
        ("applications", lent.truth_applications),
        ("loans", lent.truth_loans),
    ):
        truths.add(name, ours(rows))


def _told(world: World) -> dict[str, Any]:
    """The parameters of the world, for its judges."""
    return {
        "family": world.plan.family,
        "plan": asdict(world.plan),
        "observed_until": str(world.plan.end),
        "rates": asdict(world.rates),
        "economy": world.economy.round(6).tolist(),
        "dirt": world.dirt.as_dict(),
        "campaigns": [{"id": c.id, "name": c.name} for c in world.campaigns],
    }


def _peak() -> float:
    """The largest memory of this process so far, in MB; kilobytes on Linux, bytes on macOS."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(used / (1e6 if sys.platform == "darwin" else 1e3), 1)
