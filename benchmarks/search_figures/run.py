"""One program on one table for so many seconds: a process of its own, two cores, watched from outside."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from benchmarks.memory import descendants, high_water, resident
from benchmarks.search_figures.environments import Environment
from benchmarks.search_figures.programs import ROOT, SIDES, Program

KILL_AT = 3.0  # times the budget: a program that is still fitting has failed
DISTURBED_AT = 0.1  # of the cores' time used by others: the seconds were not the program's own
_BESIDE_SECONDS = {"import": 300.0, "score": 600.0}  # outside the clock, but not for ever
_LOOK_EVERY_SECONDS = 0.1
_MEMORY_EVERY_SECONDS = 0.5
_END_ROUNDS = 20
_ERROR = re.compile(r"[\w.]*(Error|Exception|Exit)\b")
_BECOME_SUBREAPER = 36  # prctl: processes whose parent ended come to us, and can be ended with the run


@dataclass(frozen=True)
class Ran:
    """What came back. `failed` is empty, or the reason in one sentence; then there are no predictions."""

    failed: str
    predictions: np.ndarray | None
    figures: dict[str, object] = field(default_factory=dict)


def run(
    program: Program,
    environment: Environment,
    data: Path,
    *,
    seconds: float,
    threads: int = 2,
    seed: int = 0,
    sides: Path = SIDES,
) -> Ran:
    """Runs the program on the prepared table in `data`; whatever it started has ended when this returns."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_BECOME_SUBREAPER, 1, 0, 0, 0)
    out = Path(tempfile.mkdtemp(prefix="rival-"))
    before = set(descendants(os.getpid()))
    cores = sorted(os.sched_getaffinity(0))[:threads]
    clock = (time.monotonic(), _busy(cores), _own())
    try:
        request = {"data": str(data), "out": str(out), "seconds": seconds, "threads": threads, "seed": seed}
        (out / "request.json").write_text(json.dumps(request))
        figures, failed = _watched(
            program,
            environment,
            out,
            seconds=seconds,
            threads=threads,
            sides=sides,
            cores=cores,
            before=before,
        )
        ran = _gathered(out, figures, failed)
    finally:
        _end_all(before)
        shutil.rmtree(out, ignore_errors=True)
    began, busy, own = clock
    possible = len(cores) * (time.monotonic() - began)
    others = max(0.0, (_busy(cores) - busy) - (_own() - own)) / possible
    return replace(ran, figures=ran.figures | {"others_share": round(others, 3)})


def _busy(cores: Sequence[int]) -> float:
    """Seconds in which these cores worked for anybody, since the machine started."""
    names = {f"cpu{core}" for core in cores}
    ticks = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *spent = line.split()
        if name in names:
            user, nice, system, _idle, _wait, irq, softirq, steal = map(int, spent[:8])
            ticks += user + nice + system + irq + softirq + steal
    return ticks / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """Seconds of work of this process and of all that it started and that has ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(s.ru_utime + s.ru_stime for s in spent)


def _watched(
    program: Program,
    environment: Environment,
    out: Path,
    *,
    seconds: float,
    threads: int,
    sides: Path,
    cores: Sequence[int],
    before: set[int],
) -> tuple[dict[str, object], str]:
    command = ["taskset", "-c", ",".join(map(str, cores))] if shutil.which("taskset") else []
    command += [str(environment.python), str(sides / "side.py"), program.module, str(out / "request.json")]
    limits = _BESIDE_SECONDS | {"fit": KILL_AT * seconds}
    load = os.getloadavg()[0]
    began = time.monotonic()
    since, phase, peak, looked, spent = began, "import", 0, 0.0, {}
    failed = ""
    with (out / "said").open("wb") as said:
        process = subprocess.Popen(
            command,
            stdout=said,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=out,
            env=_variables(environment, program, out, threads),
        )
        while process.poll() is None:
            now = time.monotonic()
            heard = _phase(out, phase)
            if heard != phase:
                spent[phase] = now - since
                since, phase = now, heard
            if now - since > limits.get(phase, _BESIDE_SECONDS["score"]):
                failed = f"ended by force after {now - since:.0f} s of {phase}"
                break
            if now - looked > _MEMORY_EVERY_SECONDS:
                # what a program started and let go has come to us: it is not below the program any more
                started = set(descendants(os.getpid())) - before
                now_held = sum(resident(p) for p in started)
                peak, looked = max(peak, now_held, *(high_water(p) for p in started), 0), now
            time.sleep(_LOOK_EVERY_SECONDS)
        spent.setdefault(phase, time.monotonic() - since)
        whole = time.monotonic() - began
        if failed:
            _end(set(descendants(process.pid)))
        process.wait()
    if not failed and process.returncode:
        failed = f"ended with {process.returncode}: {_last_words(out / 'said')}"
    return {
        "process_seconds": whole,
        "fit_seconds_outside": spent.get("fit"),
        "peak_bytes": peak,
        "load_before": load,
        "phase": phase,
    }, failed


def _gathered(out: Path, figures: dict[str, object], failed: str) -> Ran:
    """Predictions count from the moment they are there: what fails later is noted as trouble only."""
    path = out / "figures.json"
    inside = json.loads(path.read_text()) if path.exists() else {}
    if inside.get("fit_seconds") is None:
        return Ran(failed or "it wrote no predictions", None, figures)
    trouble = {"trouble": failed} if failed else {}
    return Ran("", np.load(out / "predictions.npy"), figures | inside | trouble)


def _variables(environment: Environment, program: Program, out: Path, threads: int) -> dict[str, str]:
    counts = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "LOKY_MAX_CPU_COUNT",
    )
    dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    if not program.rival:
        kept["PYTHONPATH"] = str(ROOT)
    path = f"{environment.python.parent}{os.pathsep}{kept.get('PATH', '')}"
    return (
        kept | dict.fromkeys(counts, str(threads)) | {"PATH": path, "TMPDIR": str(out), "HF_HUB_OFFLINE": "1"}
    )


def _phase(out: Path, known: str) -> str:
    try:
        return (out / "phase").read_text() or known
    except OSError:
        return known


def _last_words(said: Path) -> str:
    """The last line that names an error, else the last line; servers say goodbye after it."""
    lines = [line.strip() for line in said.read_text(errors="replace").splitlines() if line.strip()]
    named = [line for line in lines if _ERROR.match(line)]
    return (named or lines or ["no message"])[-1][:300]


def _end_all(before: set[int]) -> None:
    """Whatever the run started and left, servers and orphans included."""
    for _ in range(_END_ROUNDS):  # a process that ends may leave its children to us
        left = set(descendants(os.getpid())) - before
        if not left:
            return
        _end(left)
        time.sleep(_LOOK_EVERY_SECONDS)


def _end(pids: set[int]) -> None:
    """Ends processes of the run, and waits for those that became ours."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
