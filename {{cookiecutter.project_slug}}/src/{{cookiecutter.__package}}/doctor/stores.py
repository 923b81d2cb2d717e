"""Stores: whether they can be written, where their pointers lead, what was left behind in them."""

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ..atomic import pointed
from ..contract import Contract
from ..errors import BundleError, ConfigError, RegistryError
from ..models.bundle import open_bundle
from ..models.challenges import Challenges
from ..models.signature import demanded
from ..models.versions import Version
from .finding import COMMAND, Finding, fault, fine, warning
from .project import Project, existing
from .running import holder

STALE_S = 86_400.0
SPLITS = ("train", "validation", "test")  # of data.split, which needs an extra
RANDOM = "?" * 8
"""What ``tempfile`` puts behind a name."""


def writable(project: Project) -> Iterator[Finding]:
    """Whether every folder can be written, or made."""
    refused = 0
    for setting, folder in project.folders():
        place = existing(folder)
        try:
            if not place.is_dir():
                raise NotADirectoryError("it is a file")
            with tempfile.TemporaryFile(dir=place):
                pass
        except OSError as error:
            refused += 1
            what = f"{setting}: '{place}' cannot be written: {error.strerror or error}"
            file = f"mv '{place}' '{place}.before'"
            yield fault("stores", what, f"chmod u+w '{place}'" if place.is_dir() else file)
    if not refused:
        yield fine("stores", "data, bundles, log and reports can be written")


def dataset(project: Project) -> Iterator[Finding]:
    """Whether the current dataset is there and whole, and by the present contract."""
    folder = project.config.data.directory / "datasets"
    name = pointed(folder / "current")
    if name is None:
        yield warning("dataset", f"none yet in '{folder}'", "make data")
        return
    wanted = ("manifest.json", "contract.json", *(f"{split}.parquet" for split in SPLITS))
    absent = [file for file in wanted if not (folder / name / file).is_file()]
    if absent:
        what = f"'{folder / 'current'}' names {name}, which has no {', '.join(absent)}"
        yield fault("dataset", what, f"rm -rf '{folder / name}' && make data")
        return
    try:
        made_by = Contract.model_validate_json((folder / name / "contract.json").read_text())
        json.loads((folder / name / "manifest.json").read_text())
    except ValueError as error:
        what = f"{name} is damaged: {str(error).splitlines()[0]}"
        yield fault("dataset", what, f"rm -rf '{folder / name}' && make data")
        return
    if made_by.hash != project.contract.hash:
        yield warning("dataset", f"{name} is older than the contract", "make data train")
    else:
        yield fine("dataset", f"{name} is current")


def served(project: Project) -> Iterator[Finding]:
    """Whether the served pointer leads to a bundle whose files are what their SHA-256 says."""
    versions = project.versions
    try:
        version = versions.served()
    except RegistryError as error:
        yield fault("served", str(error), back(project))
        return
    if version is None:
        passed = [each for each in versions.all() if each.passed]
        fix = f"make promote ARGS={passed[-1].number}" if passed else "make train"
        yield warning("served", f"no version of {versions.name} serves yet", fix)
        return
    try:
        keys = demanded(project.config.serve)
    except ConfigError:
        keys = None  # which the check of signatures tells
    try:
        bundle = open_bundle(versions.folder / version.bundle, keys)
    except BundleError as error:
        unsigned = "sign" in str(error)
        fix = f"{COMMAND} bundle sign {version.number}" if unsigned else back(project)
        yield fault("served", str(error), fix)
        return
    files = len(bundle.checksums)
    yield fine("served", f"version {version.number}: {files} files are what their SHA-256 says")
    if bundle.contract.hash != project.contract.hash:
        what = f"version {version.number} was trained by another contract than that of configs"
        yield warning("served", what, "make data train")


def back(project: Project) -> str:
    """The command that makes another version serve."""
    try:
        return f"make promote ARGS={before(project).number}"
    except RegistryError:
        return "make train"


def before(project: Project) -> Version:
    """The newest version that passed and whose bundle is whole.

    Raises:
        RegistryError: there is none.
    """
    versions = project.versions
    for version in reversed(versions.all()):
        try:
            open_bundle(versions.folder / version.bundle)
        except BundleError:
            continue
        if version.passed:
            return version
    raise RegistryError("no version is whole")


def challenge(project: Project) -> Iterator[Finding]:
    """Whether the pointer of a challenger can be read, and leads somewhere."""
    versions = project.versions
    try:
        running = Challenges(versions).running()
        if running is not None:
            open_bundle(versions.folder / running.bundle)
    except RegistryError as error:
        yield fault("challenger", str(error), f"rm '{versions.folder / 'challenge'}'")
        return
    except BundleError as error:
        yield fault("challenger", str(error), "make challenge ARGS=--stop")
        return
    yield fine("challenger", f"version {running.version}" if running else "none")


def leftovers(project: Project) -> Iterator[Finding]:
    """What runs that were killed have left in the bundles, where no later run clears up."""
    folder = project.versions.folder
    oldest = time.time() - STALE_S
    for path in sorted(folder.glob(f".*.{RANDOM}")) if folder.is_dir() else ():
        if path.stat().st_mtime < oldest:
            days = (time.time() - path.stat().st_mtime) / 86_400
            what = f"'{path}' was left by a run that was killed {days:.0f} days ago"
            yield warning("leftovers", what, f"rm -r '{path}'")


def locks(project: Project) -> Iterator[Finding]:
    """Who holds what others wait for. A lock goes with its process, its empty file stays."""
    config = project.config
    files = [config.data.directory / ".lock", config.serve.log / ".maintenance.lock"]
    files += [project.versions.folder / ".lock"]
    if config.serve.keys is not None:
        files.append(config.serve.keys.with_name(f".{config.serve.keys.name}.lock"))
    held = 0
    for file in filter(Path.exists, files):
        try:
            with FileLock(file, timeout=0):
                pass
        except Timeout:
            held += 1
            who, command = holder(file)
            yield warning("locks", f"'{file}' is held by {who}; others wait for it", command)
    if not held:
        yield fine("locks", "none is held")
