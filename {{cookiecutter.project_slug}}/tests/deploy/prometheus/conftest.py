"""Fixtures: the files that Prometheus and Grafana read, and a server whose metrics they are about."""

from collections.abc import Iterator

import httpx
import pytest

from {{ cookiecutter.__package }}.contract import Contract

from ...conftest import ROOT
from ...serving.conftest import ROW, serve_config
from ...serving.live import add_version, live

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = PROMETHEUS / "grafana" / "dashboard.json"
FOUND = """\
# TYPE monitoring_alert_active gauge
monitoring_alert_active{model="shop",kind="quality",subject="auc",part="",severity="critical"} 1
# TYPE monitoring_value gauge
monitoring_value{model="shop",version="1",kind="quality",subject="auc",part="",measure="auc"} 0.61
# TYPE monitoring_limit gauge
monitoring_limit{model="shop",version="1",kind="quality",subject="auc",part="",measure="auc"} 0.65
# TYPE monitoring_last_run_timestamp_seconds gauge
monitoring_last_run_timestamp_seconds{model="shop"} 1.7e+09
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, shop: Contract) -> Iterator[httpx.Client]:
    """A server that has answered, refused and been asked for what is not there."""
    folder = tmp_path_factory.mktemp("watched")
    config = serve_config(folder)
    add_version(config.bundles, shop)
    (folder / "reports" / "shop").mkdir(parents=True)
    (folder / "reports" / "shop" / "metrics.prom").write_text(FOUND)
    with live(config) as client:
        for path, rows in (("/predict", [ROW]), ("/predict", []), ("/no/such/path", [])):
            client.post(path, json={"rows": rows})
        yield client
