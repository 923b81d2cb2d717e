"""The HTML report of one window, drawn by Evidently where it is installed. It shows; it does not decide.

The same report goes into a workspace of Evidently, whose server shows one window beside the others:
``evidently ui --workspace reports/evidently``.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pyarrow.parquet as pq

from ..config import MonitorConfig
from ..errors import MissingExtraError
from ..models.bundle import Bundle
from ..models.profile import SCORE
from ..models.tasks import task_of
from ..storage import new_file
from ..terminal import say
from .finding import Finding
from .windows import Window

if TYPE_CHECKING:
    from evidently.core.report import Snapshot

WORKSPACE = "evidently"


def draw(
    bundle: Bundle,
    window: Window,
    folder: Path,
    version: int,
    settings: MonitorConfig,
    found: list[Finding],
) -> None:
    """Write the HTML report of a window, and keep it in evidently's workspace; none without evidently."""
    if find_spec("evidently") is None:
        say("report    not drawn: evidently is not installed; pip install '.[evidently]' draws it")
        return
    target = folder / f"drift-{window.name}.html"
    limits = {
        finding.subject: finding.limit
        for finding in found
        if finding.measure in {"wasserstein", "total_variation"} and finding.limit is not None
    }
    with new_file(target) as staging:
        write_report(
            bundle,
            window,
            staging,
            n_rows=settings.sample_rows,
            limits=limits,
            version=version,
            workspace=folder.parent / WORKSPACE,
        )
    say(f"report    {target}  open it in a browser")


def write_report(
    bundle: Bundle,
    window: Window,
    target: Path,
    *,
    n_rows: int,
    limits: dict[str, float],
    version: int,
    workspace: Path,
) -> None:
    """Compare a sample of the window with the bundle's sample of the training rows.

    ``limits`` holds each column's effect up to which it is ordinary, in standard deviations or shares.
    In ``workspace`` it takes the place of what was drawn of the same window before.

    Raises:
        MissingExtraError: evidently is not installed.
    """
    with _evidently():
        import pandas as pd
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset

        contract = bundle.contract
        scores = task_of(contract).watched(window.rows.outputs)
        numbers, texts = list(contract.numeric), list(contract.category)
        names = [*numbers, *texts, SCORE]
        reference = pq.read_table(BytesIO(bundle.read("sample.parquet"))).to_pandas()[names]
        inputs, rows = window.rows.inputs, len(window.rows)
        current = pd.DataFrame(
            {
                **{n: inputs.numeric[:, contract.numeric.index(n)] for n in numbers},
                **{n: inputs.category[:, contract.category.index(n)] for n in texts},
                SCORE: scores,
            }
        )
        (texts if scores.dtype == object else numbers).append(SCORE)
        chosen = np.random.default_rng(0).choice(rows, min(n_rows, rows), replace=False)
        definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
        numeric = dict.fromkeys(numbers, "float64")
        preset = DataDriftPreset(
            num_method="wasserstein", cat_method=_total_variation(), per_column_threshold=limits
        )
        snapshot = Report([preset]).run(
            Dataset.from_pandas(current.iloc[np.sort(chosen)].astype(numeric), definition),
            Dataset.from_pandas(reference.astype(numeric), definition),
            timestamp=datetime(*window.first.timetuple()[:3], tzinfo=UTC),
            metadata={"version": str(version), "window": window.name},
            tags=[f"version {version}"],
            name=f"version {version}, {window.title}",
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        snapshot.save_html(str(target))
        _keep(snapshot, workspace, contract.name, f"{version} {window.name}")


def _total_variation() -> str:
    """The name of our distance between categories; evidently's own fails where one has more values."""
    from evidently.legacy.calculations.stattests import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    def distance(reference: Any, current: Any, _: Any, threshold: float) -> tuple[float, bool]:
        shares = [values.value_counts(normalize=True) for values in (reference, current)]
        found = float(shares[0].subtract(shares[1], fill_value=0).abs().sum() / 2)
        return found, found > threshold

    name = "total_variation"
    test = StatTest(
        name=name,
        display_name="Total variation",
        allowed_feature_types=[ColumnType.Categorical],
    )
    register_stattest(test, default_impl=distance)
    return name


def _keep(snapshot: "Snapshot", workspace: Path, model: str, name: str) -> None:
    """Put a report into the model's project, under an id that follows from its name."""
    from evidently.sdk.models import ProjectModel
    from evidently.ui.workspace import Workspace

    workspace.mkdir(parents=True, exist_ok=True)
    place, project = Workspace.create(str(workspace)), uuid5(NAMESPACE_URL, model)
    if place.get_project(project) is None:
        place.add_project(ProjectModel(id=project, name=model))
    # Workspace.add_run would give an id of its own, and so a second copy of a window judged again.
    place.state.write_snapshot(project, uuid5(project, name), snapshot.to_snapshot_model())


@contextmanager
def _evidently() -> Iterator[None]:
    """In which evidently is there, sends nothing home and does not warn of its own deprecations.

    Raises:
        MissingExtraError: it is not installed.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import evidently.ui.workspace  # noqa: F401 - what it warns of, it warns of once
        except ImportError:
            raise MissingExtraError("evidently", "evidently") from None
        logging.getLogger("evidently").setLevel(logging.ERROR)
        yield
