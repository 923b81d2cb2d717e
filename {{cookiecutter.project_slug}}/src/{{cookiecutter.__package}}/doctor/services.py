"""What lies outside: tracker, files and databases of the sources, sinks of alerts, the GPU."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from ..contract import CsvSource, ParquetSource, SqlSource
from ..errors import ConfigError, DataError, MissingExtraError
from .finding import COMMAND, Finding, fault, fine, warning
from .project import Project

WAIT_S = 3.0
APART_S = 60.0
SQLITE = "sqlite:///"
LOCAL = f"export MLFLOW_TRACKING_URI={SQLITE}mlflow.db"


def tracker(project: Project) -> Iterator[Finding]:
    """Whether what is told to the tracker arrives; what does not is told again later."""
    kind, uri = project.config.train.tracker, project.config.train.tracking_uri
    if kind == "wandb" and not known_to_wandb():  # part: wandb
        yield warning("tracker", "Weights & Biases knows nobody here", "wandb login")
        return
    if kind == "mlflow" and uri.startswith(("http://", "https://")):
        yield from mlflow_server(uri)
    elif kind == "mlflow" and uri.startswith(SQLITE):
        yield from mlflow_file(Path(uri.removeprefix(SQLITE)))
    else:
        yield fine("tracker", f"{kind}, which was not asked")


def known_to_wandb() -> bool:  # part: wandb
    """Whether a key was given, or none is needed."""
    told = {"WANDB_API_KEY", "WANDB_MODE"} & os.environ.keys()
    return bool(told) or Path("~/.netrc").expanduser().exists()


def mlflow_server(uri: str) -> Iterator[Finding]:
    """Whether it answers, and whether its clock is ours."""
    try:
        with urlopen(f"{uri.rstrip('/')}/health", timeout=WAIT_S) as answer:  # noqa: S310 - http
            date = answer.headers["Date"]
    except HTTPError as error:  # it is there, and lets in those whom it knows
        date = error.headers["Date"]
    except OSError as error:
        what = f"MLflow at {uri} does not answer: {getattr(error, 'reason', error)}"
        yield warning("tracker", what, f"{LOCAL}  # or start it; then: {COMMAND} registry repair")
        return
    yield fine("tracker", f"MLflow answers at {uri}")
    apart = time.time() - parsedate_to_datetime(date).timestamp() if date else 0.0
    if abs(apart) > APART_S:
        what = f"this clock and that of {uri} are {abs(apart):.0f} s apart"
        yield warning("clock", what, "sudo timedatectl set-ntp true")


def mlflow_file(path: Path) -> Iterator[Finding]:
    """Whether it is a database, if it is there."""
    if not path.exists():
        yield fine("tracker", f"MLflow's '{path}' will be made")
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.Error as error:
        fix = f"mv '{path}' '{path}.damaged' && {COMMAND} registry repair"
        yield fault("tracker", f"MLflow's '{path}' cannot be read: {error}", fix)
    else:
        yield fine("tracker", f"MLflow's '{path}' can be read")


def sources(project: Project) -> Iterator[Finding]:
    """Whether the files are there that `make data` reads, or something that brings them."""
    fetch = project.config.data.fetch
    for name, source in project.contract.sources.items():
        if isinstance(source, CsvSource | ParquetSource):
            pattern = source.csv if isinstance(source, CsvSource) else source.parquet
            if (
                any(Path().glob(pattern))
                if not Path(pattern).is_absolute()
                else Path(pattern).exists()
            ):
                yield fine("sources", f"{name}: '{pattern}' is there")
            elif fetch:
                yield fine("sources", f"{name}: '{pattern}' will be brought by data.{fetch}")
            else:
                fix = f"cp YOUR_FILE '{pattern}'  # or name another under sources.{name}"
                yield fault("sources", f"{name}: no file is called '{pattern}'", fix)


def databases(project: Project) -> Iterator[Finding]:
    """Whether each database can be reached that a source names."""
    named = {n: s for n, s in project.contract.sources.items() if isinstance(s, SqlSource)}
    if not named:
        return
    try:
        from ..data.database import address, connected
    except ModuleNotFoundError as error:
        what = f"{', '.join(named)}: {error.name} is not installed"
        yield fault("databases", what, "uv pip install -c constraints.txt -e '.[sql]'")
        return
    for name, source in named.items():
        try:
            with connected(name, address(name, source.sql)):
                yield fine("databases", f"{name}: it answers")
        except (ConfigError, DataError, MissingExtraError) as error:
            variable = source.sql if source.sql.isupper() else ""
            fix = f"export {variable}='postgresql://USER:PASSWORD@HOST/DATABASE'"
            there = f"{COMMAND} data  # again, once it runs; it is sources.{name} of the contract"
            unset = variable and variable not in os.environ
            yield fault("databases", str(error), fix if unset else there)


def sinks(project: Project) -> Iterator[Finding]:
    """Whether the variables are set that hold addresses and passwords of alerts' sinks."""
    for name, sink in project.config.monitor.sinks.items():
        wanted = None
        if sink.kind == "webhook":
            wanted = sink.url_from
        elif sink.kind == "email" and sink.user is not None:
            wanted = sink.password_from
        if wanted and not os.environ.get(wanted):
            what = f"{name}: the variable {wanted} is not set: it cannot be told of alerts"
            yield fault("alerts", what, f"export {wanted}=…")


def gpu(project: Project) -> Iterator[Finding]:
    """Whether the device is there that was asked for by name."""
    wanted = project.config.train.device
    if wanted in {"auto", "cpu"}:
        return
    try:
        from ..training.networks.device import choose_device

        choose_device(wanted)
    except ModuleNotFoundError as error:
        yield fault("device", f"{wanted}: {error.name} is not installed", "make setup")
    except ConfigError as error:
        anew = "rm -rf .venv && UV_TORCH_BACKEND=auto make setup  # or train.device: auto"
        yield fault("device", str(error), anew)
    else:
        yield fine("device", f"{wanted} is there")
