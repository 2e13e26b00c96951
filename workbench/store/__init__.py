"""What is ours to remember: people, model versions, the ledger, approvals, audiences, exports, activity."""

from workbench.store.database import Store, open_store
from workbench.store.people import User, require, seed_practice_users

__all__ = ["Store", "User", "open_store", "require", "seed_practice_users"]
