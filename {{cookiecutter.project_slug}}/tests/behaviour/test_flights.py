"""The example's: what anybody who flies would expect of a model of delays.

Replace it by what people who know your rows would expect. `make adopt` takes it out.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from .behaviour import Model

pytestmark = pytest.mark.model
LATE = 0.25  # of the training rows
CALM = {"visibility": 10.0, "precipitation": 0.0, "wind_speed": 5.0, "wind_gust": None}
STORM = {"visibility": 0.5, "precipitation": 0.3, "wind_speed": 30.0, "wind_gust": 45.0}


# Direction: more of this is more of that.


def test_later_on_a_day_more_flights_are_late(model: Model) -> None:
    morning = model.score(scheduled_at=lambda at: at.replace(hour=7))
    evening = model.score(scheduled_at=lambda at: at.replace(hour=19))
    assert (evening > morning).mean() > 0.95


@pytest.mark.parametrize("worse", [{"visibility": 0.25}, {"precipitation": 0.3}])
def test_in_fog_and_rain_more_flights_are_late(model: Model, worse: dict[str, float]) -> None:
    usual, bad = model.score(**CALM), model.score(**CALM | worse)
    assert (bad > usual).mean() > 0.9


# Invariance: what must not matter.


def test_the_week_does_not_matter_while_weekday_and_hour_are_the_same(model: Model) -> None:
    # Training rows span less than a year: a model cannot know what a season is.
    next_week = model.score(scheduled_at=lambda at: at + timedelta(days=7))
    assert np.allclose(next_week, model.score(), rtol=1e-4)


# Minimum functionality: what is easy must be right.


def test_calm_mornings_and_stormy_evenings_are_told_apart(model: Model) -> None:
    zone = ZoneInfo("America/New_York")
    flight = {"carrier": "EV", "origin": "EWR", "dest": "ORD", "distance": 719.0}
    calm = flight | CALM | {"scheduled_at": datetime(2013, 11, 5, 6, tzinfo=zone)}
    storm = flight | STORM | {"scheduled_at": datetime(2013, 11, 7, 20, tzinfo=zone)}
    low, high = model.score([calm, storm])
    assert low < LATE < 0.4 < high


def test_early_and_late_flights_are_ranked_well(model: Model) -> None:
    hours = [(row, row["scheduled_at"].hour) for row in model.rows]
    assert model.quality([row for row, hour in hours if hour < 8 or hour > 17]) > 0.7
