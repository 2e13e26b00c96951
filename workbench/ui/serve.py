"""The web server's process: Streamlit, with what every page needs loaded before the first visitor asks.

`python -m workbench.ui.serve PORT`
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from pathlib import Path

from workbench.errors import WorkbenchError

ENTRY = Path(__file__).parent / "entry" / "app.py"
_PATIENCE_SECONDS = 60.0
_log = logging.getLogger("workbench.ui")


def serve(port: int) -> None:
    """Serve the app on 127.0.0.1 until a signal; Streamlit's settings lie beside the entry script."""
    threading.Thread(target=warm, args=(port,), name="warm", daemon=True).start()
    from streamlit.web.cli import main

    main(["run", str(ENTRY), "--server.port", str(port)])


def warm(port: int) -> None:
    """Load the libraries and open the databases that the first page needs, once the server answers.

    Cold, that is four seconds of work, which the first visitor would wait for.
    """
    from workbench.ui.launch import healthy

    until = time.monotonic() + _PATIENCE_SECONDS
    while not healthy(port):
        if time.monotonic() > until:
            return
        time.sleep(0.1)
    from workbench import charts
    from workbench.service import Workbench

    try:
        wb = Workbench.open()
        wb.people.practice()
        wb.runs.list()
        wb.approvals.list()
        wb.models.list()
        wb.data.list()
    except WorkbenchError as error:
        # the page that meets it will say so
        _log.info("while warming up: %s", error)
    _log.debug("warm: %s", charts.__name__)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
