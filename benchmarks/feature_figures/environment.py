"""Featuretools' own environment: its import fails with today's pandas, so it gets an older set in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PINS = ("featuretools==1.31.0", "woodwork==0.31.0", "pandas==2.1.4", "numpy==1.26.4", "setuptools<75")


class NoEnvironmentError(Exception):
    """Why Featuretools cannot run here, in one sentence."""


def featuretools_python(cache: Path) -> Path:
    """The interpreter of an environment that imports Featuretools; made on first use."""
    folder = cache / "featuretools-environment"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        base = next((p for p in ("python3.11", "python3.10") if shutil.which(p)), None)
        if base is None:
            raise NoEnvironmentError("neither python3.11 nor python3.10 is on the path")
        shutil.rmtree(folder, ignore_errors=True)
        _run([base, "-m", "venv", str(folder)], "making its environment failed")
        _run(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS],
            "installing it failed",
        )
        _run([str(python), "-c", "import featuretools"], "importing it failed")
        (folder / "complete").touch()
    return python


def _run(command: list[str], failing: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise NoEnvironmentError(f"{failing}: {last[:200]}")
