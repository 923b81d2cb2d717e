"""Evidently's report of the newest window: a second opinion on the same rows. It decides nothing."""

import html
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from ..models.profile import SCORE
from ..storage import new_file
from ..terminal import say
from .finding import Finding
from .window import Served, Window

NOTE = """<p style="font: 16px/1.5 sans-serif; max-width: 60em; margin: 1em auto; padding: 0 1em">
Evidently compares {rows} of the window {window} with a sample of the training rows, by its own
rule: a test or a distance of its choice for each column, with one threshold for all.
Alerts follow another rule: a change must be larger than those between windows of the training span,
must not be by chance, and must last. So the two may name different columns. In this window
monitoring found outside the reference range: {columns}.</p>"""


def draw(window: Window, folder: Path, findings: Sequence[Finding]) -> None:
    """Write ``drift-<window>.html``; nothing where Evidently is not installed."""
    if find_spec("evidently") is None:
        say("report    not drawn; pip install '.[evidently]' draws a second opinion on drift")
        return
    drift = (f for f in findings if f.kind in ("data_drift", "prediction_drift") and f.breach)
    columns = ", ".join(dict.fromkeys(html.escape(f.about) for f in drift)) or "no column"
    target = folder / f"drift-{window.name}.html"
    n = min(len(window.rows), window.config.sample_rows)
    sample = window.rows[np.arange(n) * len(window.rows) // max(n, 1)]
    with new_file(target) as staging:
        write_report(window, sample, staging)
        page = staging.read_text()
        head, body, rest = page.partition("<body>")
        all_ = len(sample) == len(window.rows)
        rows = (
            "all rows" if all_ else f"{len(sample):,} of {len(window.rows):,} rows, spread evenly,"
        )
        note = NOTE.format(rows=rows, window=window.name, columns=columns)
        staging.write_text(head + body + note + rest)
    say(f"report    {target}  Evidently's view, open it in a browser")


def write_report(window: Window, rows: Served, target: Path) -> None:
    """Compare rows of the window with the bundle's sample of the training rows."""
    with _quiet():
        import pandas as pd
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset

        contract = window.contract
        scores = window.bundle.task.watched(rows.outputs)
        numbers, texts = list(contract.numeric), list(contract.category)
        current = pd.DataFrame({name: rows.column(name) for name in [*numbers, *texts]})
        current[SCORE] = scores
        (texts if scores.dtype == object else numbers).append(SCORE)
        reference = pq.read_table(BytesIO(window.bundle.files["sample.parquet"])).to_pandas()
        definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
        numeric = dict.fromkeys(numbers, "float64")
        samples = [frame[[*numbers, *texts]].astype(numeric) for frame in (current, reference)]
        report = Report([DataDriftPreset()])
        snapshot = report.run(*(Dataset.from_pandas(sample, definition) for sample in samples))
        snapshot.save_html(str(target))


@contextmanager
def _quiet() -> Iterator[None]:
    """In which Evidently sends nothing home and does not warn of its own deprecations."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("evidently").setLevel(logging.ERROR)
        yield
