"""Other processes: who listens on a port, who holds a file. psutil knows, where it is installed."""

from importlib import import_module
from pathlib import Path
from typing import Any

UNKNOWN = "another process"


def psutil() -> Any:
    """The library, or ``None``: it is no part of what serving needs."""
    try:
        return import_module("psutil")
    except ModuleNotFoundError:
        return None


def listener(port: int) -> tuple[str, str]:
    """Who listens on a port: the name with its process, and the command line."""
    library = psutil()
    if library is None:
        return UNKNOWN, ""
    try:
        found = [c for c in library.net_connections("tcp") if c.status == library.CONN_LISTEN]
        pids = [c.pid for c in found if c.laddr and c.laddr.port == port and c.pid]
        process = library.Process(pids[0])
        return told(process), " ".join(process.cmdline())
    except (IndexError, library.Error):  # somebody else's
        return UNKNOWN, ""


def holder(file: Path) -> tuple[str, str]:
    """Who has a file open, and the command that ends it."""
    library = psutil()
    for process in library.process_iter() if library else ():
        try:
            opened = {each.path for each in process.open_files()}
        except library.Error:  # somebody else's, or gone
            continue
        if str(file.resolve()) in opened:
            return told(process), f"kill {process.pid}  # or wait until it has ended"
    return UNKNOWN, f"fuser -v '{file}'"


def told(process: Any) -> str:
    """A process as people look for it."""
    return f"{process.name()} (process {process.pid})"
