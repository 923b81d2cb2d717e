"""The report of a version, for a person who did not train it: one HTML file, and its plots.

Everything comes from the bundle and the version's record, so it can be drawn at any time.
"""

import json
from pathlib import Path

from markupsafe import Markup

from ...contract import Contract
from ...models.bundle import verify
from ...models.metrics import METRICS
from ...models.tasks import task_of
from ...models.versions import Version, Versions
from ...pages import render
from ...storage import write_file
from ...terminal import say
from ..card import describe
from . import figures, plots

PAGE = "report.html"
ANSWERS = {
    "binary": "How the model ranks rows, what it decides, and whether its probabilities are right.",
    "multiclass": "Which labels the model confuses, and whether its probabilities are right.",
    "regression": "How large the errors are, and where.",
}

measure = figures.measure
"""What the bundle's evaluation keeps for the plots."""


def write(versions: Versions, version: Version, reports: Path) -> Path:
    """Draw a version's report into ``reports/<name>/version-<n>``, say where; return that folder.

    Whatever the contract and the data hold is text in it, never markup.

    Raises:
        BundleError: the bundle is absent or damaged.
    """
    files = verify(versions.folder / version.bundle)
    contract = Contract.model_validate_json(files["contract.json"])
    metadata, record = (json.loads(files[n]) for n in ("metadata.json", "evaluation.json"))
    folder = reports / versions.name / f"version-{version.number}"
    drawn = {}
    for name, title, svg in plots.draw(contract, record):
        write_file(folder / f"{name}.svg", svg.encode())
        head = Markup('<svg role="img" aria-label="{}" ').format(title)
        body = svg[svg.index("<svg") + 5 :]
        drawn[name] = head + Markup(body)  # noqa: S704 - matplotlib escapes text
    task = task_of(contract)
    page = render(
        Path(__file__).parent / PAGE,
        title=f"{contract.name}, version {version.number}",
        version=version,
        record=record,
        contract=contract,
        answers=ANSWERS[contract.task],
        headline=task.headline,
        metrics={name: METRICS[name] for name in task.metrics},
        plots=drawn,
        again=f"make report ARGS={version.number}",
        **describe(contract, metadata, record),
    )
    write_file(folder / PAGE, page.encode())
    say(f"report    {folder / PAGE}")
    return folder
