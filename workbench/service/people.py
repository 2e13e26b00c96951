"""Who is acting, and what they may do. Every verb that changes something asks here first."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from workbench.config import Home
from workbench.store import people as store_people
from workbench.store.database import open_store

SCHEDULER = "scheduler"
"""The service account under which scheduled jobs run; it asks, it never approves."""


@dataclass(frozen=True)
class People:
    """Users and roles of this home. Local mode knows three practice personas and the scheduler."""

    home: Home

    def practice(self) -> tuple[store_people.User, ...]:
        """The practice personas: requester, validator, approver."""
        return store_people.seed_practice_users(self.home, at=datetime.now(UTC))

    def get(self, name: str) -> store_people.User:
        self.practice()
        return store_people.find_user(open_store(self.home), name)

    def acting(self, name: str | None = None, *, service: bool = False) -> store_people.User:
        """The person named, else `WORKBENCH_USER`, else the practice requester (the scheduler for unattended jobs)."""
        chosen = name or os.environ.get("WORKBENCH_USER")
        if chosen is None and service:
            return self._scheduler()
        return self.get(chosen or store_people.PRACTICE_REQUESTER)

    def require(self, name: str, *roles: str) -> store_people.User:
        """The user, if they have one of these roles."""
        user = self.get(name)
        store_people.require(user, *roles)
        return user

    def _scheduler(self) -> store_people.User:
        return store_people.put_user(
            open_store(self.home), SCHEDULER, ("service",), who="workbench", at=datetime.now(UTC)
        )
