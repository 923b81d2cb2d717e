"""What holds of every model, whatever its contract: `make test-model`, after `make train`.

After Ribeiro et al., Beyond Accuracy: Behavioral Testing of NLP Models with CheckList (2020):
invariance, direction and minimum functionality are asked of a model as of any other code.
"""

from datetime import UTC
from typing import Any

import numpy as np
import pytest

from .behaviour import Answers, Model

pytestmark = pytest.mark.model


# Invariance: what must not matter.


def test_the_order_of_rows_does_not_matter(model: Model) -> None:
    assert same(model.score(model.rows[::-1])[::-1], model.score())


def test_the_rows_beside_a_row_do_not_matter(model: Model) -> None:
    some = model.rows[::100]
    alone = np.concatenate([model.score([row]) for row in some])
    assert same(alone, model.score()[::100])


def test_the_zone_in_which_a_moment_is_written_does_not_matter(model: Model) -> None:
    def in_utc(moment: Any) -> Any:
        return moment and moment.astimezone(UTC)

    assert np.array_equal(model.score(**dict.fromkeys(model.contract.times, in_utc)), model.score())


def test_one_value_that_nobody_has_seen_is_answered_like_another(model: Model) -> None:
    for name in model.contract.category:
        first, second = model.score(**{name: "never seen"}), model.score(**{name: "nor this"})
        assert np.array_equal(first, second), name


# Minimum functionality: what every model must manage.


def test_it_knows_more_than_chance_and_tells_rows_apart(model: Model) -> None:
    assert model.quality() > model.bundle.task.chance
    assert len(np.unique(model.score(), axis=0)) > 1


def test_whatever_may_be_missing_may_all_be_missing(model: Model) -> None:
    for name in model.contract.features:
        answered(model, **{name: None})
    answered(model, **dict.fromkeys(model.contract.features))


def test_the_ends_of_every_range_are_answered(model: Model) -> None:
    for name in model.contract.numeric:
        column = model.contract.columns[name]
        for end in (column.minimum, column.maximum):
            answered(model, **{name: 0.0 if end is None else end})


def same(one: Answers, other: Answers) -> bool:
    """But for rounding."""
    return np.allclose(one, other, rtol=1e-5, atol=1e-6)


def answered(model: Model, **changes: Any) -> None:
    """Every row has a finite answer; a probability is one."""
    found = model.score(model.rows[:200], **changes)
    assert model.bundle.task.valid(found), changes
