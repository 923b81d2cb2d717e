"""All checks in order; one that needs valid settings is passed over where they are not."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..config import load
from ..contract import load_contract
from ..errors import ConfigError
from .environment import environment
from .finding import Finding, fault, fine, warning
from .machine import clock, disk, git, memory
from .project import Project
from .server import port, secrets, signatures, strangers
from .services import databases, gpu, sinks, sources, tracker
from .stores import challenge, dataset, leftovers, locks, served, writable

Check = Callable[[Project], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    writable,
    disk,
    memory,
    clock,
    dataset,
    served,
    challenge,
    leftovers,
    locks,
    port,
    strangers,
    secrets,
    signatures,
    tracker,
    sources,
    databases,
    sinks,
    gpu,
)


def examine(root: Path, configs: Path, overrides: Sequence[str] = ()) -> list[Finding]:
    """Everything that can be looked at; changes nothing."""
    found = [*environment(root), *git(root)]
    try:
        contract = load_contract(configs / "contract.yaml")
        config = load(configs, overrides)
    except ConfigError as error:
        there = (configs / "contract.yaml").exists()
        fix = (
            f"git diff {configs}  # then mend what it names" if there else f"git restore {configs}"
        )
        found.append(fault("settings", str(error), fix))
        rest = "stores, server and services were not looked at"
        return [*found, warning("settings", rest, "make doctor  # again, once the settings are")]
    found.append(fine("settings", f"{configs} and its contract are valid"))
    project = Project(root=root, configs=configs, config=config, contract=contract)
    for check in CHECKS:
        found.extend(careful(check, project))
    return found


def careful(check: Check, project: Project) -> Iterator[Finding]:
    """What a check finds; where the system refuses what it asks, that is the finding."""
    try:
        yield from check(project)
    except OSError as error:
        fix = f"ls -ld '{error.filename or project.root}'  # who may read it"
        yield fault(check.__name__, str(error), fix)
