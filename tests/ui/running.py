"""A running app: server and worker as `workbench app` starts them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from workbench.config import Home
from workbench.ui.launch import healthy

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class App:
    """The app's process, where it keeps its things, and what it printed."""

    home: Home
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_app(folder: Path) -> App:
    port = free_port()
    log = folder / "app.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "workbench", "app", "--home", str(folder), "--port", str(port)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=stream,
            stderr=stream,
        )
    until = time.monotonic() + 60
    while not healthy(port):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)
    return App(Home(folder), f"http://127.0.0.1:{port}", process, log)


def processes_of(home: str) -> list[int]:
    """Processes that were started for this home."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            mine = f"WORKBENCH_HOME={home}".encode() in (entry / "environ").read_bytes().split(b"\0")
            mine = mine or f"--home\0{home}".encode() in (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if mine:
            found.append(int(entry.name))
    return found
