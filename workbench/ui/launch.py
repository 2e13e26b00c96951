"""`workbench app`: the web server and a worker on this machine, started and stopped together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from workbench.config import Home
from workbench.errors import Locked, WorkbenchError

ADDRESS = "127.0.0.1"
ENTRY = Path(__file__).parent / "entry" / "app.py"
READY_SECONDS = 60.0
_GRACE_SECONDS = 12.0


@dataclass(frozen=True)
class Part:
    """One of the two processes."""

    name: str
    process: subprocess.Popen[bytes]

    def end(self, until: float) -> None:
        """Ask it to stop; make it when the time is over."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_app(home: Home, *, port: int = 8501, open_browser: bool = False) -> int:
    """Serve the app of `home` on 127.0.0.1 until SIGTERM or SIGINT, and give the exit code.

    0 after a signal; 1 if one of the two processes ended by itself (the other is stopped then).

    Raises:
        Locked: WB-U20, the port is taken.
        WorkbenchError: WB-U21, the server did not come up.
    """
    stop = _stop_event()
    _free(port)
    environment = {**os.environ, "WORKBENCH_HOME": str(home.path)}
    parts: list[Part] = []
    try:
        parts.append(
            _start(
                "worker", [sys.executable, "-m", "workbench", "worker", "--home", str(home.path)], environment
            )
        )
        parts.append(_start("server", server_command(port), environment))
        _wait_until_healthy(parts[-1].process, port, stop)
        if not stop.is_set():
            url = f"http://{ADDRESS}:{port}"
            print(f"The workbench of {home.path} is at {url} (Ctrl-C stops it)", flush=True)
            if open_browser:
                webbrowser.open(url)
        return _watch(parts, stop)
    finally:
        until = time.monotonic() + _GRACE_SECONDS
        for part in reversed(parts):
            part.end(until)


def server_command(port: int) -> list[str]:
    """How Streamlit is started; its settings lie beside the entry script."""
    return [sys.executable, "-m", "streamlit", "run", str(ENTRY), "--server.port", str(port)]


def _start(name: str, command: Sequence[str], environment: dict[str, str]) -> Part:
    # a session of its own: Ctrl-C in the terminal reaches only us, and we stop both in order
    return Part(
        name,
        subprocess.Popen(list(command), env=environment, start_new_session=True, stdin=subprocess.DEVNULL),
    )


def _watch(parts: Sequence[Part], stop: threading.Event) -> int:
    while not stop.wait(0.5):
        for part in parts:
            code = part.process.poll()
            if code is not None:
                print(
                    f"The {part.name} ended by itself (exit code {code}); stopping.",
                    file=sys.stderr,
                    flush=True,
                )
                return 1
    return 0


def _wait_until_healthy(server: subprocess.Popen[bytes], port: int, stop: threading.Event) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and server.poll() is None and not stop.is_set():
        if healthy(port):
            return
        stop.wait(0.2)
    if not stop.is_set():
        raise WorkbenchError(
            "WB-U21", f"The web server did not come up at port {port}.", "Its own messages above say why."
        )


def healthy(port: int) -> bool:
    """Whether the server answers."""
    try:
        with urllib.request.urlopen(f"http://{ADDRESS}:{port}/_stcore/health", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            raise Locked(
                "WB-U20",
                f"Port {port} is taken.",
                f"Stop what uses it, or choose another: --port {port + 1}.",
            ) from error


def _stop_event() -> threading.Event:
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stop
