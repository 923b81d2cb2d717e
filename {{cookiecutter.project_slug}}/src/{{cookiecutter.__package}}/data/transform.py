"""Yours: from the sources to the contract's row — joins, filters and the target's definition.

Set-level and offline. What is joined here, a caller of the server must send. Keep ``_source_row``
of the driving source: each of its rows may stay or go, never repeat.
"""

import ibis


def transform(sources: dict[str, ibis.Table]) -> ibis.Table:
    """Flights with the weather that was known an hour before departure."""
    flights, weather = sources["flights"], sources["weather"]
    flights = flights.mutate(
        flight_id=flights.carrier
        + flights.flight.cast("string")
        + flights.time_hour.strftime("-%Y%m%dT%H"),
        scheduled_at=flights.time_hour + flights.minute.as_interval("m"),
        late=flights.arr_delay > 15,
    )
    before = weather.select(
        weather_origin=weather.origin,
        weather_hour=weather.time_hour + ibis.interval(hours=1),
        temperature=weather.temp,
        dew_point=weather.dewp,
        humidity=weather.humid,
        wind_direction=weather.wind_dir,
        wind_speed=weather.wind_speed,
        wind_gust=weather.wind_gust,
        precipitation=weather.precip,
        pressure=weather.pressure,
        visibility=weather.visib,
    )
    return flights.left_join(
        before,
        (flights.origin == before.weather_origin) & (flights.time_hour == before.weather_hour),
    )
