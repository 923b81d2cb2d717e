"""What ``/metrics`` counts."""

import re
from pathlib import Path
from typing import Any

import httpx

from {{ cookiecutter.__package }}.contract import Contract

from .conftest import serve_config
from .live import add_version, live


def scraped(client: httpx.Client) -> dict[str, float]:
    """Every series with its value."""
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    lines = re.findall(r"^([^#\s][^ ]*(?:\{.*\})?) (\S+)$", response.text, re.MULTILINE)
    return {name: float(value) for name, value in lines}


def test_requests_and_rows_are_counted_beside_what_monitoring_found(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop)
    path = tmp_path / "reports" / "shop" / "metrics.prom"
    path.parent.mkdir(parents=True)
    path.write_text('monitoring_a{column="x"} 1.5\n')
    with live(config) as client:
        for n_rows in (1, 4, 0):
            client.post("/predict", json={"rows": [row] * n_rows})
        client.post("/predict", json={"rows": [{**row, "a.secret": 1}]})
        for unknown in ("/a", "/b"):
            client.get(unknown)
        series = scraped(client)
    assert series['requests_total{route="/predict",status="200"}'] == 2
    assert series['requests_total{route="/predict",status="422"}'] == 2
    assert series['requests_total{route="unknown",status="404"}'] == 2
    assert series['request_duration_seconds_count{route="/predict"}'] == 4
    assert series["predicted_rows_total"] == 5
    assert series["model_version"] == 1
    assert series["prediction_log_failures_total"] == 0
    assert series['monitoring_a{column="x"}'] == 1.5
    assert not [name for name in series if "secret" in name or "/a" in name]
