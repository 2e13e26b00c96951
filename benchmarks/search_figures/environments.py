"""Each rival in a Python environment of its own, made from a requirement file in which every version is pinned."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "rivals"
_INSTALL_SECONDS = 3600
_INTERPRETERS = ("python3.11",)  # the files were pinned with it


class NoEnvironmentError(Exception):
    """Why a rival cannot run here, in one sentence."""


@dataclass(frozen=True)
class Environment:
    """A rival's interpreter and the versions in it."""

    python: Path
    versions: dict[str, str]


def environment(
    name: str, folder: Path, *, imports: str, needs: tuple[str, ...] = (), requirements: Path = REQUIREMENTS
) -> Environment:
    """The environment `name` below `folder`, made on first use and again when its requirement file changed.

    Raises NoEnvironmentError with the reason if a program it needs, an installation or an import fails.
    """
    for program in needs:
        if shutil.which(program) is None:
            raise NoEnvironmentError(f"it needs {program}, which is not on the path")
    pins = requirements / f"{name}.txt"
    mark = hashlib.sha256(pins.read_bytes()).hexdigest()[:16]
    home = folder / name
    python, complete = home / "bin" / "python", home / "complete.json"
    if complete.exists():
        found = json.loads(complete.read_text())
        if found["mark"] == mark:
            return Environment(python, found["versions"])
        shutil.rmtree(home)
    try:
        if not python.exists():
            base = next((p for p in _INTERPRETERS if shutil.which(p)), None)
            if base is None:
                raise NoEnvironmentError(f"{' or '.join(_INTERPRETERS)} is not on the path")
            folder.mkdir(parents=True, exist_ok=True)
            _run([base, "-m", "venv", str(home)], "making its environment failed")
        pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
        _run([*pip, "install", "--quiet", "-r", str(pins)], "installing it failed")
        _run([str(python), "-c", f"import {imports}"], "importing it failed")
        listed = json.loads(_run([*pip, "list", "--format", "json"], "listing its packages failed"))
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoEnvironmentError(f"making its environment failed: {error}") from error
    versions = {p["name"]: p["version"] for p in listed}
    complete.write_text(json.dumps({"mark": mark, "versions": versions}))
    return Environment(python, versions)


def _run(command: list[str], failing: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        raise NoEnvironmentError(f"{failing}: {(said or ['no message'])[-1].strip()[:200]}")
    return done.stdout
