"""Who does the fits of a search: threads of this process, or processes of this machine."""

from workbench.search.crew.contract import Crew, Failure, Finished
from workbench.search.crew.processes import ProcessCrew
from workbench.search.crew.threads import ThreadCrew

__all__ = ["Crew", "Failure", "Finished", "ProcessCrew", "ThreadCrew"]
