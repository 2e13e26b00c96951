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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from workbench.config import Home
from workbench.errors import Locked, WorkbenchError

ADDRESS = "127.0.0.1"
READY_SECONDS = 60.0
_GRACE_SECONDS = 12.0
_DEATHS_ALLOWED, _DEATHS_WITHIN_SECONDS = 5, 120.0


@dataclass(frozen=True)
class Part:
    """One of the two processes."""

    name: str
    process: subprocess.Popen[bytes]

    def ask(self) -> None:
        """Ask it to stop."""
        if self.process.poll() is None:
            self.process.terminate()

    def end(self, until: float) -> None:
        """Wait for its end; make it when the time is over."""
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_app(home: Home, *, port: int = 8501, open_browser: bool = False) -> int:
    """Serve the app of `home` on 127.0.0.1 until SIGTERM or SIGINT, and give the exit code.

    A worker that dies is started again, and its run goes on. 0 after a signal; 1 if the server ended by
    itself, or the worker again and again.

    Raises:
        Locked: WB-U20, the port is taken.
        WorkbenchError: WB-U21, the server did not come up.
    """
    stop = _stop_event()
    _free(port)
    environment = {**os.environ, "WORKBENCH_HOME": str(home.path)}

    def start_worker() -> Part:
        command = [sys.executable, "-m", "workbench", "worker", "--home", str(home.path)]
        return _start("worker", command, environment)

    pair = Pair(start_worker(), _start("server", server_command(port), environment))
    try:
        _wait_until_healthy(pair.server.process, port, stop)
        if not stop.is_set():
            url = f"http://{ADDRESS}:{port}"
            print(f"The workbench of {home.path} is at {url} (Ctrl-C stops it)", flush=True)
            if open_browser:
                webbrowser.open(url)
        return pair.watch(stop, start_worker)
    finally:
        pair.end()


@dataclass
class Pair:
    """The two processes while they run."""

    worker: Part
    server: Part

    def watch(self, stop: threading.Event, start_worker: Callable[[], Part]) -> int:
        """Wait for `stop`; a worker that ended is replaced, a few times."""
        deaths: list[float] = []
        while not stop.wait(0.5):
            if self.server.process.poll() is not None:
                print("The web server ended by itself; stopping.", file=sys.stderr, flush=True)
                return 1
            if self.worker.process.poll() is None:
                continue
            now = time.monotonic()
            deaths = [then for then in deaths if now - then < _DEATHS_WITHIN_SECONDS] + [now]
            if len(deaths) > _DEATHS_ALLOWED:
                print("The worker ends again and again; stopping.", file=sys.stderr, flush=True)
                return 1
            print("The worker ended by itself; starting another one.", file=sys.stderr, flush=True)
            self.worker = start_worker()
        return 0

    def end(self) -> None:
        """Stop both at once; whoever does not listen is killed after a while."""
        parts = (self.server, self.worker)
        for part in parts:
            part.ask()
        until = time.monotonic() + _GRACE_SECONDS
        for part in parts:
            part.end(until)


def server_command(port: int) -> list[str]:
    """How the web server is started."""
    return [sys.executable, "-m", "workbench.ui.serve", str(port)]


def _start(name: str, command: Sequence[str], environment: dict[str, str]) -> Part:
    # a session of its own: Ctrl-C in the terminal reaches only us, and we stop both in order
    return Part(
        name,
        subprocess.Popen(list(command), env=environment, start_new_session=True, stdin=subprocess.DEVNULL),
    )


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
