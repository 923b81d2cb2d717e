"""The HTML report of one window, drawn by Evidently. It shows; it does not decide."""

import logging
import os
import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from ..contract import Contract
from ..errors import MissingExtraError
from ..models.profile import SCORE
from ..models.tasks import task_of
from .windows import Window


def write_report(
    contract: Contract,
    bundle: Path,
    window: Window,
    target: Path,
    *,
    n_rows: int,
    limits: dict[str, float],
) -> None:
    """Compare a sample of the window with the bundle's sample of the training rows.

    ``limits`` holds each column's stability index up to which it is ordinary.

    Raises:
        MissingExtraError: evidently is not installed.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # evidently's imports warn of their own deprecations
        try:
            import pandas as pd
            from evidently import DataDefinition, Dataset, Report
            from evidently.presets import DataDriftPreset
        except ImportError:
            raise MissingExtraError("evidently", "monitor") from None
        logging.getLogger("evidently").setLevel(logging.ERROR)
        scores = task_of(contract).watched(window.rows.outputs)
        numbers, texts = list(contract.numeric), list(contract.category)
        names = [*numbers, *texts, SCORE]
        reference = pq.read_table(bundle / "sample.parquet").to_pandas()[names]
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
        preset = DataDriftPreset(method="psi", per_column_threshold=limits)
        snapshot = Report([preset]).run(
            Dataset.from_pandas(current.iloc[np.sort(chosen)].astype(numeric), definition),
            Dataset.from_pandas(reference.astype(numeric), definition),
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        snapshot.save_html(str(target))
