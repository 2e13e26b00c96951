"""Who does the fits of a search: threads of this process, processes of this machine, or helpers on others."""

from workbench.search.crew.contract import Crew, Failure, Finished, LocalCrew
from workbench.search.crew.processes import ProcessCrew
from workbench.search.crew.threads import ThreadCrew

__all__ = ["Crew", "Failure", "Finished", "LocalCrew", "ProcessCrew", "ThreadCrew"]
