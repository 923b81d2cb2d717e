"""What holds of every model, whatever its contract: `make test-model`, after `make train`.

After Ribeiro et al., Beyond Accuracy: Behavioral Testing of NLP Models with CheckList (2020):
invariance and minimum functionality are asked of a model as of any other code.
"""

from datetime import UTC
from typing import Any

import numpy as np
import pytest

from .behaviour import Model

pytestmark = pytest.mark.model


def test_the_order_of_rows_and_the_rows_beside_a_row_do_not_matter(model: Model) -> None:
    scores = model.score()
    assert np.allclose(model.score(model.rows[::-1])[::-1], scores, rtol=1e-5, atol=1e-6)
    alone = np.concatenate([model.score([row]) for row in model.rows[::100]])
    assert np.allclose(alone, scores[::100], rtol=1e-5, atol=1e-6)


def test_the_zone_in_which_a_moment_is_written_does_not_matter(model: Model) -> None:
    def in_utc(moment: Any) -> Any:
        return moment and moment.astimezone(UTC)

    assert np.array_equal(model.score(**dict.fromkeys(model.contract.times, in_utc)), model.score())


def test_one_value_that_nobody_has_seen_is_answered_like_another(model: Model) -> None:
    for name in model.contract.category:
        first, second = model.score(**{name: "never seen"}), model.score(**{name: "nor this"})
        assert np.array_equal(first, second), name


def test_it_knows_more_than_chance_and_tells_rows_apart(model: Model) -> None:
    assert model.quality() > model.bundle.task.chance
    assert len(np.unique(model.score(), axis=0)) > 1


def test_missing_values_and_the_ends_of_every_range_are_answered(model: Model) -> None:
    changes: list[dict[str, Any]] = [{name: None} for name in model.contract.features]
    changes.append(dict.fromkeys(model.contract.features))
    for name in model.contract.numeric:
        column = model.contract.columns[name]
        changes += [{name: end or 0.0} for end in (column.minimum, column.maximum)]
    for change in changes:
        assert model.bundle.task.valid(model.score(model.rows[:200], **change)), change
