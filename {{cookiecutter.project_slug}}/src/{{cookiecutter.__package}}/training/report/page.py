"""The report of a version, for a person who did not train it: one HTML file, and its plots.

Everything comes from the bundle and the version's record, so it can be drawn at any time.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ...contract import Contract
from ...errors import BundleError
from ...models.bundle import verify
from ...models.metrics import METRICS
from ...models.tasks import task_of
from ...models.versions import Version, Versions
from ...pages import render as render_page
from ...storage import write_file
from ...terminal import say
from .. import card
from . import figures, plots

PAGE = "report.html"
RECORD = "evaluation.json"
ANSWERS = {
    "binary": "How rows are ranked, what is decided from which probability on, and whether"
    " probabilities come true.",
    "multiclass": "Which labels are taken for which, and whether probabilities come true.",
    "regression": "How far off predictions are, and where.",
}

measure = figures.measure
"""What the bundle's evaluation keeps for the plots."""


def write(versions: Versions, version: Version, reports: Path) -> Path:
    """Draw a version's report into ``reports/<name>/version-<n>``, say where; return that folder.

    Raises:
        BundleError: the bundle is absent, damaged or older than reports are.
    """
    files = verify(versions.folder / version.bundle)
    if RECORD not in files:
        raise BundleError(
            f"version {version.number} has no {RECORD}: it was trained before reports were made;"
            " train again to have one"
        )
    contract = Contract.model_validate_json(files["contract.json"])
    metadata, record = (json.loads(files[n]) for n in ("metadata.json", RECORD))
    folder = reports / versions.name / f"version-{version.number}"
    drawn = {}
    for name, title, svg in plots.draw(
        plots.Record(contract=contract, content=record, threshold=metadata["threshold"])
    ):
        write_file(folder / f"{name}.svg", svg.encode())
        head = Markup('<svg role="img" aria-label="{}" ').format(title)
        body = svg[svg.index("<svg") + 5 :]
        drawn[name] = head + Markup(body)  # noqa: S704 - matplotlib escapes text
    page = _render(contract, metadata, record, version, drawn)
    write_file(folder / PAGE, page.encode())
    say(f"report    {folder / PAGE}")
    return folder


def _render(
    contract: Contract,
    metadata: Mapping[str, Any],
    record: Mapping[str, Any],
    version: Version,
    drawn: Mapping[str, Markup],
) -> str:
    """The page; whatever the contract and the data hold is text in it, never markup."""
    task = task_of(contract)
    metrics = [
        {
            "key": key,
            "title": METRICS[key].title,
            "sign": METRICS[key].sign,
            "found": {name: found[key] for name, found in record["metrics"].items()},
        }
        for key in task.metrics
    ]
    return render_page(
        Path(__file__).parent / PAGE,
        title=f"{contract.name}, version {version.number}",
        name=contract.name,
        version=version,
        record=record,
        purpose=card.purpose(contract, metadata).replace("`", ""),
        use=card.intended_use(metadata),
        answers=ANSWERS[contract.task],
        headline=metrics[: len(task.headline)],
        metrics=metrics,
        plots=drawn,
        features=contract.features,
        excluded=card.excluded(contract),
        limits=card.limits(metadata),
        origin=card.origin(contract, metadata, record) | {"Trained": version.created},
        again=f"make report ARGS={version.number}",
    )
