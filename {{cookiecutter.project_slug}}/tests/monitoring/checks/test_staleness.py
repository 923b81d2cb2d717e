from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.monitoring.checks import staleness

from .windows import bundle_of, one, seen_of, served_of


@pytest.mark.parametrize(
    ("learned", "days", "breach"),
    [("2023-12-31", 7, False), ("2023-07-11", 180, False), ("2023-07-10", 181, True)],
)
def test_a_window_long_after_the_last_training_row_is_stale(
    tmp_path: Path, shop: Contract, learned: str, days: int, breach: bool
) -> None:
    bundle = bundle_of(tmp_path, shop, {})
    span = {"first": "2023-01-01", "last": learned}
    bundle = replace(bundle, metadata={**bundle.metadata, "span": span})
    served = served_of(shop, np.full(10, 0.5), np.full(10, np.nan))
    found = staleness.judge(seen_of(bundle, served))
    data, model = one(found, "training data"), one(found, "model")
    assert (data.value, data.breach, data.limit) == (days, breach, 180)
    assert (model.value, model.breach) == (0, False)  # trained after the window


def test_a_model_of_before_spans_were_kept_has_an_age_alone(tmp_path: Path, shop: Contract) -> None:
    served = served_of(shop, np.full(10, 0.5), np.full(10, np.nan))
    found = staleness.judge(seen_of(bundle_of(tmp_path, shop, {}), served))
    assert [f.subject for f in found] == ["model"]
