import re
from pathlib import Path
from typing import Any

import httpx

from {{ cookiecutter.__package }}.contract import Contract
from {{ cookiecutter.__package }}.serving.metrics import (
    Metrics,
    monitoring_text,
)

from .conftest import serve_config
from .live import add_version, live


def scraped(client: httpx.Client) -> dict[str, float]:
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    lines = re.findall(r"^([^#\s][^ ]*(?:\{.*\})?) (\S+)$", response.text, re.MULTILINE)
    return {name: float(value) for name, value in lines}


def test_requests_rows_and_decisions_are_counted(
    tmp_path: Path, shop: Contract, row: dict[str, Any]
) -> None:
    config = serve_config(tmp_path)
    add_version(config.bundles, shop, bias=-9)
    with live(config) as client:
        for n_rows in (1, 4):
            client.post("/predict", json={"rows": [row] * n_rows})
        client.post("/predict", json={"rows": []})
        client.get("/predict")
        client.get("/no/such/path")
        client.get("/no/such/other/path")
        found = scraped(client)
    assert found['requests_total{route="/predict",status="200"}'] == 2
    assert found['requests_total{route="/predict",status="422"}'] == 1
    assert found["predicted_rows_total"] == 5
    assert found['predicted_decisions_total{decision="false"}'] == 5
    assert found['request_duration_seconds_count{route="/predict"}'] >= 3
    assert found["model_version"] == 1
    assert found["prediction_log_failures_total"] == 0


def test_paths_that_do_not_exist_are_one_series(tmp_path: Path) -> None:
    with live(serve_config(tmp_path)) as client:
        for path in ("/a", "/b", "/c"):
            client.get(path)
        found = scraped(client)
    assert found['requests_total{route="unknown",status="404"}'] == 3
    assert not [name for name in found if "/a" in name]
    assert found["model_version"] == 0


def test_two_servers_in_one_process_do_not_share_counters() -> None:
    first, second = Metrics(), Metrics()
    first.predicted(1, [True])
    assert first.registry.get_sample_value("predicted_rows_total") == 1
    assert second.registry.get_sample_value("predicted_rows_total") == 0


def test_what_monitoring_wrote_is_shown_if_all_of_it_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "shop" / "metrics.prom"
    path.parent.mkdir()
    assert monitoring_text(tmp_path, "shop") == b""
    good = '# HELP monitoring_a b\n# TYPE monitoring_a gauge\nmonitoring_a{column="x"} 1.5\n'
    path.write_text(good)
    assert monitoring_text(tmp_path, "shop").decode() == good
    for bad in (good[:-5], good + "requests_total 1\n", good + "monitoring_b x\n", "\0\n"):
        path.write_text(bad)
        assert monitoring_text(tmp_path, "shop") == b""
