"""Evidently's report of the newest window: a second opinion on the same rows. It decides nothing."""

import html
import logging
import os
import warnings
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq

from ..config import Config
from ..models.profile import SCORE
from ..storage import new_file
from ..terminal import say
from .finding import DRIFT
from .read_log import Served
from .windows import Window

SAMPLE_ROWS = 100_000
NOTE = """<p style="font: 16px/1.5 sans-serif; max-width: 60em; margin: 1em auto; padding: 0 1em">
Evidently compares {rows} of the window {window} with a sample of the training rows, by its own
rule: a test or a distance of its choice for each column, with one threshold for all.
Alerts follow another rule: a change must be larger than those between windows of the training span,
must not be by chance, and must last. So the two may name different columns. In this window
monitoring found outside the reference range: {columns}.</p>"""


def write(config: Config, name: str, newest: Window | None) -> Path | None:
    """Write ``drift-<window>.html``; nothing where Evidently is not installed."""
    if newest is None:
        return None
    if find_spec("evidently") is None:
        say("report    not drawn; pip install '.[evidently]' draws a second opinion on drift")
        return None
    drift = (f for f in newest.record.findings if f.kind in DRIFT and f.breach)
    columns = ", ".join(dict.fromkeys(html.escape(f.about) for f in drift)) or "no column"
    sample, n = newest.rows.sample(SAMPLE_ROWS), len(newest.rows)
    part = f"{len(sample):,} of {n:,} rows, spread evenly," if len(sample) < n else "all rows"
    target = config.monitor.reports / name / f"drift-{newest.record.name}.html"
    with new_file(target) as staging:
        _draw(newest, sample, staging)
        head, body, rest = staging.read_text().partition("<body>")
        note = NOTE.format(rows=part, window=newest.record.name, columns=columns)
        staging.write_text(head + body + note + rest)
    return target


def _draw(window: Window, rows: Served, target: Path) -> None:
    """Compare rows of the window with the bundle's sample of the training rows."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings(action="ignore"):  # it warns of its own deprecations
        import pandas as pd
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset

        logging.getLogger("evidently").setLevel(logging.ERROR)
        contract, scores = window.contract, window.bundle.task.drift_values(rows.outputs)
        numbers, texts = list(contract.numeric), list(contract.category)
        read = rows.read([*numbers, *texts])
        current = pd.DataFrame({column.name: column.to_numpy() for column in read})
        current[SCORE] = scores
        (texts if scores.dtype == object else numbers).append(SCORE)
        reference = pq.read_table(BytesIO(window.bundle.files["sample.parquet"])).to_pandas()
        definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
        numeric = dict.fromkeys(numbers, "float64")
        samples = [frame[[*numbers, *texts]].astype(numeric) for frame in (current, reference)]
        datasets = [Dataset.from_pandas(sample, definition) for sample in samples]
        Report([DataDriftPreset()]).run(*datasets).save_html(str(target))
