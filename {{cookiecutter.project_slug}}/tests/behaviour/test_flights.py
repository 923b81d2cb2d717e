"""The example's: what anybody who flies would expect of a model of delays.

Replace it by what people who know your rows would expect. `make adopt` takes it out.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from .behaviour import Model

pytestmark = pytest.mark.model
CALM = {"visibility": 10.0, "precipitation": 0.0, "wind_speed": 5.0, "wind_gust": None}
STORM = {"visibility": 0.5, "precipitation": 0.3, "wind_speed": 30.0, "wind_gust": 45.0}


def test_later_on_a_day_and_in_fog_and_rain_more_flights_are_late(model: Model) -> None:
    morning = model.score(scheduled_at=lambda at: at.replace(hour=7))
    evening = model.score(scheduled_at=lambda at: at.replace(hour=19))
    assert (evening > morning).mean() > 0.95
    for worse in ({"visibility": 0.25}, {"precipitation": 0.3}):
        assert (model.score(**CALM | worse) > model.score(**CALM)).mean() > 0.9


def test_the_week_does_not_matter_while_weekday_and_hour_are_the_same(model: Model) -> None:
    # Training rows span less than a year: a model cannot know what a season is.
    next_week = model.score(scheduled_at=lambda at: at + timedelta(days=7))
    assert np.allclose(next_week, model.score(), rtol=1e-4)


def test_calm_mornings_and_stormy_evenings_are_reported_apart(model: Model) -> None:
    zone = ZoneInfo("America/New_York")
    flight = {"carrier": "EV", "origin": "EWR", "dest": "ORD", "distance": 719.0}
    calm = flight | CALM | {"scheduled_at": datetime(2013, 11, 5, 6, tzinfo=zone)}
    storm = flight | STORM | {"scheduled_at": datetime(2013, 11, 7, 20, tzinfo=zone)}
    low, high = model.score([calm, storm])
    assert low < 0.25 < 0.4 < high  # a quarter of the training rows are late
