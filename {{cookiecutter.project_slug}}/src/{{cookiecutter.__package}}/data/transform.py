"""Yours: from the sources to the contract's row — joins, filters and the target's definition.

Set-level and offline. What is joined here, a caller of the server must send. Keep ``_source_row``
of the driving source: each of its rows may stay or go, never repeat.
"""

import polars as pl


def transform(sources: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Flights with the weather that was known an hour before departure."""
    hour = pl.col("time_hour")
    local = hour.dt.convert_time_zone("America/New_York").dt.strftime("%Y%m%dT%H")
    flights = sources["flights"].with_columns(
        flight_id=pl.format("{}{}-{}", "carrier", "flight", local),
        scheduled_at=hour + pl.duration(minutes="minute"),
        late=pl.col("arr_delay") > 15,
    )
    before = sources["weather"].select(
        "origin",
        time_hour=hour + pl.duration(hours=1),
        temperature="temp",
        dew_point="dewp",
        humidity="humid",
        wind_direction="wind_dir",
        wind_speed="wind_speed",
        wind_gust="wind_gust",
        precipitation="precip",
        pressure="pressure",
        visibility="visib",
    )
    return flights.join(before, on=["origin", "time_hour"], how="left", maintain_order="left")
