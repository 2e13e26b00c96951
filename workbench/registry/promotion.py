"""Going back to what was live before. Going forward takes an approval, which writes the same ledger."""

from __future__ import annotations

from datetime import datetime

from workbench.config import Home
from workbench.registry.mirror import sync_aliases
from workbench.registry.models import resolve
from workbench.store import ledger, open_store
from workbench.store.ledger import Deed, LedgerLine
from workbench.store.people import find_user, require


def rollback(home: Home, name: str, *, who: str, why: str, at: datetime) -> LedgerLine:
    """The version that was live before is live again (`name` may be `dataset/label`).

    One approver is enough: going back must be quick. Raises UsageError WB-A01/WB-A02 for somebody who is no
    approver, WB-R01 for an unknown model, WB-R04 where there is nothing to go back to.
    """
    store = open_store(home)
    require(find_user(store, who), "approver")
    found = resolve(home, name)
    line = ledger.roll_back(store, found.name, Deed(who, why, {"kind": "rollback"}, at))
    sync_aliases(home, found.name)
    return line
