"""`workbench app`: two processes that come and go together."""

from __future__ import annotations

import os
import signal
import socket
import tomllib
import urllib.request
from pathlib import Path

import pytest

from tests.jobs.processes import until
from tests.ui.running import ROOT, processes_of, start_app
from workbench.config import Home
from workbench.errors import Locked
from workbench.jobs import queue
from workbench.ui.launch import run_app
from workbench.ui.serve import ENTRY


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_app_serves_works_and_stops_without_leaving_a_process(
    tmp_path: Path, how: signal.Signals
) -> None:
    running = start_app(tmp_path)
    with urllib.request.urlopen(running.url, timeout=10) as answer:
        assert answer.status == 200
    assert len(processes_of(str(tmp_path))) >= 3
    assert running.stop(how) == 0
    assert processes_of(str(tmp_path)) == []
    assert not queue.alive(Home(tmp_path))
    assert "Traceback" not in running.log.read_text()


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    running = start_app(tmp_path)
    until(lambda: queue.alive(running.home), "the first worker")
    first = worker_pid(tmp_path)
    os.kill(first, signal.SIGKILL)
    until(lambda: queue.alive(running.home) and worker_pid(tmp_path) != first, "another worker")
    assert running.stop() == 0
    assert processes_of(str(tmp_path)) == []


def worker_pid(folder: Path) -> int:
    (seat,) = (folder / "var" / "jobs" / "workers").glob("*-0.lock")
    return int(seat.read_text() or 0)


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Locked, match=f"WB-U20: Port {port} is taken."):
            run_app(Home(tmp_path), port=port)
    assert not (tmp_path / "var").exists()


def test_both_entries_have_the_same_settings() -> None:
    """Streamlit reads them beside the script that it runs."""
    ours, packaged = ROOT / ".streamlit" / "config.toml", ENTRY.parent / ".streamlit" / "config.toml"
    assert ours.read_text() == packaged.read_text()
    settings = tomllib.loads(ours.read_text())
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["client"]["showErrorDetails"] == "none"
