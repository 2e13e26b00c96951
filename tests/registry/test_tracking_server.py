"""With a real MLflow server: its own artifact store, and silence on our terminal."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.registry.small_model import customers, record_of
from workbench.config import Home
from workbench.registry import Artefact, log_training


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    storage = [
        "--backend-store-uri",
        "sqlite:///server.db",
        "--serve-artifacts",
        "--artifacts-destination",
        "./art",
    ]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *storage], cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert process.poll() is None, "the MLflow server ended at once"
        try:
            urllib.request.urlopen(f"{address}/health", timeout=2).close()
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.5)
        else:
            return
    raise AssertionError("the MLflow server did not answer within two minutes")


@pytest.mark.slow
def test_a_tracking_server_takes_the_run_and_serves_the_model(
    server: str,
    artefact: Artefact,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    logged = log_training(home, record_of(artefact, home.path / "files", trials=3))
    assert logged.problem is None
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
    import mlflow

    mlflow.set_tracking_uri(server)
    try:
        X, _ = customers(20, seed=2)
        model = mlflow.pyfunc.load_model("models:/shop.response@challenger")
        pd.testing.assert_frame_equal(model.predict(X), artefact.score(X), check_exact=True)
    finally:
        mlflow.set_tracking_uri(None)
